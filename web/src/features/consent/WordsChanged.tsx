import { useTranslation } from 'react-i18next';
import { apart, type Reworded } from './anew';

/** Why a row is asked anew: what it said when it was answered and what it says now, and nothing else of it. */
export function WordsChanged({ reworded }: { readonly reworded: Reworded }) {
  const { t } = useTranslation();
  return (
    <div className="changed">
      <p>{t('card.reworded')}</p>
      {reworded.changed.map(({ field, before, after }) => {
        const [was, is] = apart(before ?? '', after ?? '');
        return (
          <div key={`${field} ${before} ${after}`}>
            <h4>{t(`card.fields.${field}`)}</h4>
            <p>
              <span className="quiet">{t('card.wordsBefore')}</span>{' '}
              {before === undefined ? t('card.wordsNone') : <Words parts={was} locale={reworded.locale} />}
            </p>
            <p>
              <span className="quiet">{t('card.wordsNow')}</span>{' '}
              {after === undefined ? t('card.wordsGone') : <Words parts={is} locale={reworded.locale} />}
            </p>
          </div>
        );
      })}
    </div>
  );
}

function Words({
  parts: [start, different, end],
  locale,
}: {
  readonly parts: readonly [string, string, string];
  readonly locale: string;
}) {
  return (
    <span lang={locale}>
      {start}
      <b>{different}</b>
      {end}
    </span>
  );
}
