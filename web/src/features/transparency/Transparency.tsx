import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sentence } from '../api/sentences';
import { b64, b64u } from '../bytes/bytes';
import { receiptName, receipts } from '../consent/keeping';
import { LEAF_NAMES } from '../log/leaf';
import { LogAlarm } from '../log/LogAlarm';
import { findings, KnownLog } from '../log/memory';
import type { Checkpoint } from '../log/note';
import { currentVkey } from '../log/vkey';
import { LOCALES, type Locale } from '../../words/words';
import { useStore } from '../../shell/store';
import { Icon, Page, Trouble } from '../../shell/ui';

interface Seen {
  readonly vkey: string;
  readonly checkpoint: Checkpoint;
  readonly entries: readonly { index: number; kind: string; body: string }[];
  readonly notices: readonly SeenNotice[];
  readonly paths: readonly { what: 'receipt' | 'export' | 'log'; path: string }[];
}

interface SeenNotice {
  readonly hash: string;
  readonly text: string | undefined;
  readonly version?: number;
  readonly language?: Locale;
}

/** For a sceptic: the log as this browser checks it, the notices, how to check by oneself, and the limits. */
export function Transparency() {
  const { t } = useTranslation();
  const [seen, setSeen] = useState<Seen | undefined>();
  const [trouble, setTrouble] = useState<string | undefined>();
  const { found } = useStore(findings);
  useEffect(() => {
    look()
      .then(setSeen)
      .catch((failure: unknown) => setTrouble(sentence(failure)));
  }, []);
  return (
    <Page title={t('transparency.title')}>
      <p>{t('transparency.text')}</p>
      {[...found].map(([vkey, finding]) => (
        <LogAlarm key={vkey} finding={finding} />
      ))}
      {trouble !== undefined && <Trouble>{trouble}</Trouble>}
      <section className="panel">
        <h2>{t('transparency.log')}</h2>
        {seen && (
          <>
            <p className="verdict" role="status">
              <Icon name="check" />
              <span>{t('transparency.checkedNow')}</span>
            </p>
            <dl className="facts wide">
              <dt>{t('transparency.origin')}</dt>
              <dd className="code">{seen.checkpoint.origin}</dd>
              <dt>{t('transparency.key')}</dt>
              <dd className="code">{seen.vkey}</dd>
              <dt>{t('transparency.size')}</dt>
              <dd className="code">{seen.checkpoint.size}</dd>
              <dt>{t('transparency.root')}</dt>
              <dd className="code">{b64(seen.checkpoint.root)}</dd>
            </dl>
          </>
        )}
        <p className="hint">{t('transparency.empty')}</p>
        {seen && seen.entries.length > 0 && (
          <details>
            <summary>{t('transparency.latest')}</summary>
            <ol className="entries code">
              {seen.entries.map((e) => (
                <li key={e.index}>
                  <span>{e.index}</span> <b>{e.kind}</b> {e.body}
                </li>
              ))}
            </ol>
          </details>
        )}
      </section>
      <section className="panel">
        <h2>{t('transparency.notices')}</h2>
        <p className="hint">{t('transparency.noticesText')}</p>
        {seen?.notices.map(({ hash, text, version, language }) => (
          <details key={hash}>
            <summary>
              {version !== undefined && language !== undefined && (
                <>
                  {t('transparency.noticeName', {
                    version,
                    language: t(`transparency.languages.${language}`),
                  })}{' '}
                </>
              )}
              <span className="code quiet">{hash}</span>
            </summary>
            <pre className="code">{text ?? '–'}</pre>
          </details>
        ))}
        {seen?.notices.length === 0 && <p>{t('transparency.noticesNone')}</p>}
      </section>
      <section className="panel">
        <h2>{t('transparency.collected')}</h2>
        <p>{t('transparency.collectedText')}</p>
      </section>
      <section className="panel">
        <h2>{t('transparency.verify')}</h2>
        <p>{t('transparency.verifyText', { url: `${location.origin}/log/` })}</p>
        {seen && (
          <dl className="commands">
            {seen.paths.map(({ what, path }) => (
              <div key={what}>
                <dt>{t(`transparency.paths.${what}`)}</dt>
                <dd>
                  <pre className="code">{`./aye verify ${path} --vkey '${seen.vkey}'`}</pre>
                </dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      <section className="panel">
        <h2>{t('transparency.limits')}</h2>
        <ul className="list bullets">
          <li>{t('transparency.limit.proof')}</li>
          <li>{t('transparency.limit.page')}</li>
          <li>{t('transparency.limit.film')}</li>
          <li>{t('transparency.limit.names')}</li>
          <li>{t('transparency.limit.link')}</li>
          <li>{t('transparency.limit.export')}</li>
        </ul>
      </section>
    </Page>
  );
}

const LATEST = 20;
const NOTICES_WITHIN = 2048;

async function look(): Promise<Seen> {
  const vkey = await currentVkey();
  const log = await KnownLog.of(vkey);
  const checkpoint = await log.latest(new Date());
  const { size } = checkpoint;
  const read = async (from: number, to: number) =>
    (await log.tiles.entries(from, to, size)).map(({ index, data }) => ({
      index,
      kind: LEAF_NAMES[data[0] ?? 0] ?? '?',
      body: b64u(data.slice(1)),
    }));
  const latest = (await read(Math.max(0, size - LATEST), size)).reverse();
  const first = await read(0, Math.min(size, NOTICES_WITHIN));
  const hashes = [...new Set([...first, ...latest].filter((e) => e.kind === 'NOTICE').map((e) => e.body))];
  const notices = await Promise.all(
    hashes.map(async (hash) => {
      const response = await fetch(`/api/notices/${hash}`);
      const text = response.ok ? await response.text() : undefined;
      return { hash, text, ...named(text) };
    }),
  );
  return { vkey, checkpoint, entries: latest, notices, paths: await whatOneMayHave(vkey) };
}

/** Which notice a text is; a text that this page cannot read stands under its hash alone. */
function named(text: string | undefined): Pick<SeenNotice, 'version' | 'language'> {
  try {
    const { version, locale } = JSON.parse(text ?? '') as Record<string, unknown>;
    const language = LOCALES.find((l) => l === locale);
    return typeof version === 'number' && language ? { version, language } : {};
  } catch {
    return {};
  }
}

/** What `aye verify` takes; the receipt is named as the file of the newest one that this browser has of this log. */
async function whatOneMayHave(vkey: string): Promise<Seen['paths']> {
  const mine = (await receipts.all().catch(() => [])).filter((kept) => kept.vkey === vkey);
  const newest = mine.reduce((most, { index }) => Math.max(most, index), -1);
  return [
    { what: 'receipt', path: newest < 0 ? 'aye-receipt.json' : receiptName(newest) },
    { what: 'export', path: 'export' },
    { what: 'log', path: 'data/log' },
  ];
}
