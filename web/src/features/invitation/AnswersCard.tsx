import { useTranslation } from 'react-i18next';
import type { Meeting } from '../api/client';
import { keyOf, rowAnswer, type CardState } from '../consent/answers';
import { Card } from '../consent/Card';
import { HowFar, SaidWider } from '../consent/HowFar';
import type { NoticeRow } from '../consent/notice';
import { useStore } from '../../shell/store';
import { Trouble } from '../../shell/ui';
import { outbox } from '../withdraw/outbox';
import { TakenBack } from '../withdraw/TakenBack';
import { isHereOnly, type Answers } from './useAnswers';

/** The card with what this device knows of it, before joining: in the invitation and in the preview. */
export function AnswersCard({
  answers,
  meeting,
  closed,
  tells = false,
}: {
  readonly answers: Answers;
  readonly meeting: Meeting;
  readonly closed: boolean;
  /** Says where choices stay also while there are none. */
  readonly tells?: boolean;
}) {
  const { t } = useTranslation();
  const { notice, rows, card, decide, chosen, taken } = answers;
  const { said } = useStore(outbox.store);
  if (!notice) return null;
  const parts = (row: NoticeRow) =>
    taken
      .filter((slip) => slip.purpose === row.purpose)
      .flatMap(({ handle, medium }) => {
        const standing = said.get(handle);
        const name = row.media.length > 1 ? row.media.find((m) => m.medium === medium)?.label : undefined;
        return standing ? [{ handle, name, stopped: standing.stopped, standing, withdrawal: undefined }] : [];
      });
  const standing = (row: NoticeRow) => {
    if (isHereOnly(card, row)) return <p className="hint">{t('reach.onlyHere')}</p>;
    const wider = rowAnswer(card, row) === 'yes' ? answers.wider(row) : undefined;
    if (!wider) return undefined;
    return (
      <SaidWider
        said={wider}
        controller={notice.controller.name}
        refuseHere={wider.elsewhere ? () => answers.refuseHere(row) : undefined}
      />
    );
  };
  const story = (row: NoticeRow) => <TakenBack parts={parts(row)} vkey={meeting.log.vkey} />;
  return (
    <>
      <Card
        notice={notice}
        recipient={meeting.ai.recipients[0]}
        rows={rows}
        answer={(row) => rowAnswer(card, row)}
        mediumAnswer={(row, medium) => {
          const answer = card.answered.get(keyOf(row.purpose, medium));
          return answer ? (answer.yes ? 'yes' : 'no') : 'open';
        }}
        decide={decide}
        fromBefore={(row) => isFromBefore(card, row)}
        reworded={answers.reworded}
        standing={standing}
        reach={
          answers.bound ? (
            <p className="hint reach">{t('reach.notFromHere')}</p>
          ) : (
            answers.keeps && (
              <HowFar
                notice={notice}
                scopes={answers.scopes}
                chosen={answers.scope}
                choose={answers.choose}
                beside={rows.some((row) => answers.wider(row) !== undefined)}
              />
            )
          )
        }
        minors={meeting.minors === true}
        below={story}
        reading={!answers.keeps}
        closed={closed}
      />
      {answers.trouble !== undefined && <Trouble>{answers.trouble}</Trouble>}
      {answers.keeps && (tells || chosen.length > 0 || answers.dropped) && (
        <div className="folded hint">
          <div aria-live="polite">
            {answers.dropped && <p>{t('card.dropped')}</p>}
            {(tells || chosen.length > 0) && <p>{t('card.afterJoin')}</p>}
          </div>
          {chosen.length > 0 && (
            <button type="button" className="plain" onClick={answers.clear}>
              {t('card.clear')}
            </button>
          )}
        </div>
      )}
    </>
  );
}

export function isFromBefore(card: CardState, row: NoticeRow): boolean {
  return row.media.some((m) => card.answered.get(keyOf(row.purpose, m.medium))?.from === 'before');
}
