import { useTranslation } from 'react-i18next';
import { useReachWords } from '../consent/HowFar';
import { TakenBack } from '../withdraw/TakenBack';
import { date } from '../../words/words';
import { useLabels, UsedBy } from './Me';
import { widerAnswers, type MeModel, type MeState, type Wider } from './meModel';

/** What was answered for more than one meeting: once, with how far it reaches, until when, and the way back. */
export function ForMore({ model, state }: { readonly model: MeModel; readonly state: MeState }) {
  const { t } = useTranslation();
  const all = widerAnswers(state.meetings, new Date());
  const lasting = state.meetings.filter((m) => m.device.record.lasting);
  const used = new Map(lasting.flatMap((m) => m.used).map((u) => [`${u.kind} ${u.id}`, u]));
  if (all.length === 0 && used.size === 0) return null;
  return (
    <section className="panel meeting">
      <header>
        <h2>{t('me.further')}</h2>
      </header>
      <p>{t('me.furtherText')}</p>
      {all.map((wider) => (
        <OneReach key={wider.since.toISOString()} wider={wider} model={model} state={state} />
      ))}
      <UsedBy used={[...used.values()]} />
    </section>
  );
}

function OneReach({
  wider,
  model,
  state,
}: {
  readonly wider: Wider;
  readonly model: MeModel;
  readonly state: MeState;
}) {
  const { t } = useTranslation();
  const labels = useLabels();
  const words = useReachWords();
  const name = (c: { purpose: string; medium: string }) =>
    `${labels.purpose(c.purpose)} · ${labels.medium(c.medium)}`;
  const taken = (handle: string) =>
    state.standings.has(handle) || state.slips.get(handle)?.takenAt !== undefined;
  const given = wider.choices.flatMap((choice) => {
    const { handle } = choice;
    const stands = choice.state === 'given' && handle !== undefined && !taken(handle);
    return stands ? [{ choice, handle }] : [];
  });
  const mine = given.filter(({ handle }) => state.slips.has(handle));
  const takeBack = async (handles: readonly string[]) => {
    const [first] = given.filter(({ handle }) => handles.includes(handle));
    if (first) await model.withdraw(first.choice.in, handles);
  };
  const stories = wider.choices.flatMap(({ handle, in: meeting, ...choice }) => {
    const standing = handle === undefined ? undefined : state.standings.get(handle);
    const withdrawal = meeting.account?.withdrawals.find((w) => w.handle === handle);
    if (handle === undefined || (!standing && !withdrawal)) return [];
    const stopped = withdrawal ? new Date(withdrawal.at) : (standing?.stopped ?? wider.since);
    return [
      { handle, about: labels.purpose(choice.purpose), name: name(choice), stopped, standing, withdrawal },
    ];
  });
  return (
    <div className="stack">
      <h3>{words(wider.scope, wider.controller)}</h3>
      <p className="hint">
        {t('me.saidOn', { since: date(wider.since) })} {wider.over && t('me.furtherOver')}
      </p>
      <ul className="choices">
        {wider.choices.map((choice) => {
          const stands = given.some((g) => g.choice === choice);
          const over = wider.over && (stands || choice.state === 'expired');
          const back = stands && !(over && choice.purpose === 'captions');
          const slip = choice.handle !== undefined && state.slips.has(choice.handle);
          const said = over ? 'expired' : choice.state === 'given' && !stands ? 'withdrawn' : choice.state;
          return (
            <li key={`${choice.purpose} ${choice.medium}`}>
              <span>
                <strong>{labels.purpose(choice.purpose)}</strong> · {labels.medium(choice.medium)}
              </span>
              <span className="said">{labels.state(said)}</span>
              {back && (
                <button
                  type="button"
                  className="button"
                  disabled={!slip}
                  title={slip ? undefined : t('me.noSlip')}
                  aria-label={`${t('me.withdrawOne')}: ${labels.purpose(choice.purpose)}, ${labels.medium(choice.medium)}`}
                  onClick={() => void takeBack(choice.handle === undefined ? [] : [choice.handle])}
                >
                  {t('me.withdrawOne')}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {mine.length < given.length && <p className="hint">{t('me.noSlip')}</p>}
      {mine.length > 1 && (
        <div>
          <button type="button" className="button" onClick={() => void takeBack(mine.map((m) => m.handle))}>
            {t('me.withdrawAll')}
          </button>
        </div>
      )}
      <TakenBack parts={stories} vkey={wider.choices[0]?.in.vkey ?? ''} />
    </div>
  );
}
