import { useTranslation } from 'react-i18next';
import { FullText } from './Card';
import type { Notice } from './notice';

/** A notice to read, whole and without anything to press: the words of the card, drawn from the exact text. */
export function NoticeText({ notice }: { readonly notice: Notice }) {
  const { t } = useTranslation();
  return (
    <div className="notice-text" lang={notice.locale}>
      {notice.lead.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {notice.rows.map((row) => (
        <section key={row.purpose}>
          <h4>{row.label}</h4>
          <p>{row.sentence}</p>
          <dl className="facts wide">
            <dt>{t('card.part')}</dt>
            <dd>{row.media.map((m) => m.label).join(' · ')}</dd>
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
        <h4>{t('card.fullText')}</h4>
        <FullText lines={notice.full} />
      </section>
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
    </div>
  );
}
