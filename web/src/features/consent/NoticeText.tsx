import { useTranslation } from 'react-i18next';
import { FullText } from './Card';
import type { Medium, Notice, Purpose } from './notice';

/** What was answered to one medium of a row. */
export type Said = 'given' | 'refused' | 'open';

/**
 * A notice to read, whole and without anything to press: the words of the card, drawn from the exact text. With `said`
 * each medium of each row stands beside what was answered to it.
 */
export function NoticeText({
  notice,
  level,
  said,
}: {
  readonly notice: Notice;
  /** Of the headings above its rows: one below the heading that it stands under. */
  readonly level: 3 | 4;
  readonly said?: (purpose: Purpose, medium: Medium) => Said;
}) {
  const { t } = useTranslation();
  const Heading = `h${level}` as const;
  return (
    <div className="notice-text" lang={notice.locale}>
      {notice.lead.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {notice.rows.map((row) => (
        <section key={row.purpose}>
          <Heading>{row.label}</Heading>
          <p>{row.sentence}</p>
          {said && (
            <ul className="answered">
              {row.media.map(({ medium, label }) => (
                <li key={medium}>
                  <span>{label}</span>
                  <Answered said={said(row.purpose, medium)} />
                </li>
              ))}
            </ul>
          )}
          <dl className="facts wide">
            {!said && (
              <>
                <dt>{t('card.part')}</dt>
                <dd>{row.media.map((m) => m.label).join(' · ')}</dd>
              </>
            )}
            <dt>{t('card.who')}</dt>
            <dd>{row.recipient}</dd>
            <dt>{t('card.howLong')}</dt>
            <dd>{row.retention}</dd>
            <dt>{t('card.undo')}</dt>
            <dd>{row.undo}</dd>
            <dt>{t('card.basis')}</dt>
            <dd>{row.basis}</dd>
          </dl>
        </section>
      ))}
      {notice.foot.map((line) => (
        <p key={line}>{line}</p>
      ))}
      <section>
        <Heading>{t('card.fullText')}</Heading>
        <FullText lines={notice.full} />
      </section>
      {!said && (
        <dl className="facts wide">
          <dt>{t('card.controller')}</dt>
          <dd>{notice.controller.name}</dd>
          <dt>{t('card.contact')}</dt>
          <dd>{notice.controller.contact}</dd>
          <dt>{t('card.authority')}</dt>
          <dd>{notice.controller.authority}</dd>
          <dt>{t('card.text')}</dt>
          <dd className="code">
            v{notice.version} · {notice.hash}
          </dd>
        </dl>
      )}
    </div>
  );
}

function Answered({ said }: { readonly said: Said }) {
  const { t, i18n } = useTranslation();
  const words = t(`paper.said.${said}`);
  return said === 'open' ? (
    <span className="quiet" lang={i18n.language}>
      {words}
    </span>
  ) : (
    <strong lang={i18n.language}>{words}</strong>
  );
}
