import { useTranslation } from 'react-i18next';
import { useReachWords } from '../consent/HowFar';
import { TakenBack } from '../withdraw/TakenBack';
import { date } from '../../words/words';
import { RowOfMine, useLabels, UsedBy } from './Me';
import {
  mayBeKept,
  standOf,
  takenHere,
  widerAnswers,
  type MeModel,
  type MeState,
  type Wider,
} from './meModel';

/** What was answered for more than one meeting: once, with how far it reaches, until when, and the way back. */
export function ForMore({ model, state }: { readonly model: MeModel; readonly state: MeState }) {
  const { t } = useTranslation();
  const all = widerAnswers(state.meetings, new Date(), takenHere(state));
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
  const taken = takenHere(state);
  const all = wider.choices.map(({ in: meeting, ...choice }) => ({ choice, meeting }));
  const given = all.filter(({ choice, meeting }) => standOf(choice, meeting, taken).stands);
  const back = given.filter(({ choice }) => !wider.over || mayBeKept(choice));
  const stories = wider.choices.flatMap(({ handle, in: meeting, ...choice }) => {
    const standing = handle === undefined ? undefined : state.standings.get(handle);
    const withdrawal = meeting.account?.withdrawals.find((w) => w.handle === handle);
    const ended = handle !== undefined && (taken.has(handle) || meeting.ended.has(handle));
    if (handle === undefined || (!standing && !(withdrawal && ended))) return [];
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
        {all.map((yes) => (
          <RowOfMine
            key={`${yes.choice.purpose} ${yes.choice.medium}`}
            yes={yes}
            state={state}
            model={model}
            said={wider.over && given.includes(yes) ? labels.state('expired') : undefined}
            back={back.includes(yes)}
          />
        ))}
      </ul>
      {back.some(({ choice }) => !state.slips.has(choice.handle ?? '')) && (
        <p className="hint">{t('me.noSlip')}</p>
      )}
      {back.length > 1 && (
        <div>
          <button type="button" className="button" onClick={() => void model.withdraw(back)}>
            {t('me.withdrawAll')}
          </button>
        </div>
      )}
      <TakenBack parts={stories} vkey={wider.choices[0]?.in.vkey ?? ''} />
    </div>
  );
}
