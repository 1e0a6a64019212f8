import { useTranslation } from 'react-i18next';
import { besides, whyUnchecked } from '../api/sentences';
import { apart } from '../consent/anew';
import { MEDIA, PURPOSES } from '../consent/notice';
import { NoticeText } from '../consent/NoticeText';
import { day, LOCALES, locale } from '../../words/words';
import { Icon } from '../../shell/ui';
import type { Change, Text, Version } from './notices';

/** Every version of the text, the newest first: whether it fits the log, what it says differently, and all of it. */
export function Versions({ versions }: { readonly versions: readonly Version[] }) {
  const { t } = useTranslation();
  if (versions.length === 0) return <p>{t('transparency.noticesNone')}</p>;
  return (
    <ol className="versions">
      {versions.map((version, i) => (
        <li key={version.version}>
          <h3>
            {t('transparency.noticeName', { version: version.version })}{' '}
            <span className="hint">
              {t('transparency.since', { when: day(version.published) })}
              {i === 0 && ` · ${t('transparency.nowShown')}`}
            </span>
          </h3>
          <OneVersion version={version} />
        </li>
      ))}
    </ol>
  );
}

function OneVersion({ version }: { readonly version: Version }) {
  const { t } = useTranslation();
  const texts = LOCALES.flatMap((l) => version.texts.get(l) ?? []);
  const changes = version.changes.get(locale());
  return (
    <>
      {version.changes.size === 0 ? (
        <p>{t('transparency.first')}</p>
      ) : changes === undefined || changes.length === 0 ? (
        <p>{t('transparency.sameHere')}</p>
      ) : (
        <Changes changes={changes} language={locale()} />
      )}
      {version.contradicted && <p className="verdict">{t('transparency.contradicted')}</p>}
      {texts.map((text) => (
        <Checked key={text.listed.locale} text={text} />
      ))}
    </>
  );
}

function Checked({ text }: { readonly text: Text }) {
  const { t } = useTranslation();
  const language = t(`transparency.languages.${text.listed.locale === 'nl' ? 'nl' : 'en'}`);
  return (
    <div>
      <p className="verdict" role="status">
        <Icon name={text.is === 'proved' ? 'check' : 'warn'} />
        <span>
          {t(`transparency.${text.is}`, {
            language,
            index: text.listed.index,
            why: text.is === 'unchecked' ? whyUnchecked(text.why) : besides(text.why),
          })}
        </span>
      </p>
      {text.notice && (
        <details>
          <summary>{t('transparency.read', { language })}</summary>
          <div className="full">
            <NoticeText notice={text.notice} level={4} />
          </div>
        </details>
      )}
    </div>
  );
}

/** What a version says differently, row by row; the words that differ stand out. */
function Changes({ changes, language }: { readonly changes: readonly Change[]; readonly language: string }) {
  const { t } = useTranslation();
  const label = (purpose: string, side: 'before' | 'after') =>
    changes.find((c) => c.purpose === purpose && c.field === 'label')?.[side] ?? purpose;
  const added = (c: Change) =>
    c.part === 'rows' && changes.filter((d) => d.purpose === c.purpose).every((d) => d.before === undefined);
  const gone = (c: Change) =>
    c.part === 'rows' && changes.filter((d) => d.purpose === c.purpose).every((d) => d.after === undefined);
  return (
    <div className="changed">
      {changes.map((change) => {
        const { part, purpose, field, before, after } = change;
        const key = `${part} ${purpose ?? ''} ${field} ${before ?? ''} ${after ?? ''}`;
        if (purpose !== undefined && added(change) && field === 'label')
          return <p key={key}>{t('transparency.addedRow', { label: label(purpose, 'after') })}</p>;
        if (purpose !== undefined && gone(change))
          return field === 'label' ? (
            <p key={key}>{t('transparency.goneRow', { label: label(purpose, 'before') })}</p>
          ) : null;
        const [was, is] = apart(before ?? '', after ?? '');
        return (
          <div key={key}>
            <h4>
              <Where change={change} />
            </h4>
            {!added(change) && (
              <p>
                <span className="quiet">{t('card.wordsBefore')}</span>{' '}
                {before === undefined ? t('card.wordsNone') : <Said parts={was} language={language} />}
              </p>
            )}
            <p>
              <span className="quiet">{t('card.wordsNow')}</span>{' '}
              {after === undefined ? t('card.wordsGone') : <Said parts={is} language={language} />}
            </p>
          </div>
        );
      })}
    </div>
  );
}

function Said({
  parts: [start, different, end],
  language,
}: {
  readonly parts: readonly [string, string, string];
  readonly language: string;
}) {
  return (
    <span lang={language}>
      {start}
      <b>{different}</b>
      {end}
    </span>
  );
}

const ROW_FIELDS = ['label', 'sentence', 'recipient', 'retention', 'basis', 'undo'] as const;
const CONTROLLER_FIELDS = ['name', 'contact', 'authority'] as const;
const PARTS = ['lead', 'foot', 'full'] as const;

/** Where a difference is, as the card calls it: "Notes · How long". */
function Where({ change: { part, purpose, field } }: { readonly change: Change }) {
  const { t } = useTranslation();
  const row = PURPOSES.find((p) => p === purpose);
  const medium = MEDIA.find((m) => field === `media.${m}`);
  const known = ROW_FIELDS.find((f) => f === field);
  const controller = CONTROLLER_FIELDS.find((f) => part === 'controller' && f === field);
  const place = PARTS.find((p) => p === part);
  if (controller) return t(`transparency.parts.${controller}`);
  if (place) return t(`transparency.parts.${place}`);
  const of = row ? t(`purposes.${row}`) : (purpose ?? part);
  if (medium) return `${of} · ${t('card.fields.media')}: ${t(`media.${medium}`)}`;
  return `${of} · ${known ? t(`card.fields.${known}`) : field}`;
}
