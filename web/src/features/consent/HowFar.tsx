import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { date } from '../../words/words';
import type { Notice } from './notice';
import type { Scope, WiderScope } from './scope';

/** How far a reach goes, in words; the same wherever it is told. */
export function useReachWords(): (scope: Scope, controller: string) => string {
  const { t } = useTranslation();
  return (scope, controller) => {
    if (scope.kind === 'meeting') return t('reach.meeting');
    const until = date(new Date(scope.until));
    return scope.kind === 'room'
      ? t('reach.room', { until })
      : t('reach.organisation', { until, controller });
  };
}

/**
 * How far the answers given now are to reach: equal choices, of which the narrowest holds until somebody chooses another.
 * Where there is nothing to choose from, that is said.
 */
export function HowFar({
  notice,
  scopes,
  chosen,
  choose,
  beside = false,
}: {
  readonly notice: Notice;
  readonly scopes: readonly Scope[];
  readonly chosen: Scope;
  readonly choose: (scope: Scope) => void;
  /** Beside answers from elsewhere, which reach as far as they were made to. */
  readonly beside?: boolean;
}) {
  const { t } = useTranslation();
  const words = useReachWords();
  const id = useId();
  if (scopes.length < 2) return <p className="hint reach">{t('reach.only')}</p>;
  return (
    <fieldset className="reach" aria-describedby={`${id}-text`}>
      <legend>{beside ? t('reach.titleNew') : t('reach.title')}</legend>
      {scopes.map((scope) => (
        <label key={scope.kind}>
          <input type="radio" name={id} checked={scope.kind === chosen.kind} onChange={() => choose(scope)} />
          <span>{words(scope.kind === chosen.kind ? chosen : scope, notice.controller.name)}</span>
        </label>
      ))}
      <p id={`${id}-text`} className="hint">
        {t('reach.key')}
      </p>
    </fieldset>
  );
}

/** What was said for more than one meeting, and how it is taken back; in a row of the card. */
export function SaidWider({
  said,
  controller,
  refuseHere,
}: {
  readonly said: { readonly scope: WiderScope; readonly since: Date };
  readonly controller: string;
  /** Absent where the yes was said in this very meeting. */
  readonly refuseHere: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const until = date(new Date(said.scope.until));
  const since = date(said.since);
  return (
    <p className="hint">
      {said.scope.kind === 'room'
        ? t('reach.saidRoom', { since, until })
        : t('reach.saidOrganisation', { since, until, controller })}{' '}
      {t('reach.takeBack')}{' '}
      {refuseHere && (
        <button type="button" className="more" onClick={refuseHere}>
          {t('reach.notHere')}
        </button>
      )}
    </p>
  );
}
