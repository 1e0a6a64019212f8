import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PersonAccount } from '../api/client';
import { sentence } from '../api/sentences';
import { FullText } from '../consent/Card';
import { receiptFile, receiptName } from '../consent/keeping';
import { MEDIA, parseNotice, PURPOSES, type Notice } from '../consent/notice';
import { outbox } from '../withdraw/outbox';
import { TakenBack } from '../withdraw/TakenBack';
import { day } from '../../words/words';
import { useStore } from '../../shell/store';
import { Icon, Link, Page, save, Scroll } from '../../shell/ui';
import {
  MeModel,
  progressOf,
  rowsIn,
  spells,
  standing,
  standOf,
  takenHere,
  USED,
  widerAnswers,
  type Listed,
  type MeetingOfMine,
  type MeState,
  type SaidThen,
  type Stand,
  type Verdict,
  type YesIn,
} from './meModel';
import { ForMore } from './ForMore';

export function Me() {
  const { t } = useTranslation();
  const [model] = useState(() => new MeModel());
  const state = useStore(model.store);
  useEffect(() => {
    void model.load();
    return () => model.close();
  }, [model]);
  return (
    <Page title={t('me.title')}>
      <p>{t('me.text')}</p>
      {state.loading && state.meetings.length === 0 && <p className="quiet">{t('loading')}</p>}
      {state.refused && (
        <section className="panel">
          <p>{t('me.refused')}</p>
          <p>
            {t('me.refusedText')} <Link to="/withdraw">{t('nav.withdraw')}</Link>
          </p>
        </section>
      )}
      {!state.loading && !state.refused && state.meetings.length === 0 && (
        <section className="panel">
          <p>{t('me.none')}</p>
          <p className="hint">
            {t('me.noneText')} <Link to="/withdraw">{t('nav.withdraw')}</Link>
          </p>
        </section>
      )}
      {state.meetings.some((meeting) => meeting.failure !== undefined) && (
        <section className="panel">
          <p>{t('me.away')}</p>
          <div>
            <button
              type="button"
              className="button"
              disabled={state.loading}
              onClick={() => void model.again()}
            >
              {t('tryAgain')}
            </button>
          </div>
        </section>
      )}
      <Everything model={model} state={state} />
      <ForMore model={model} state={state} />
      {state.meetings.map((meeting) => (
        <MeetingCard key={meeting.device.record.meeting} meeting={meeting} state={state} model={model} />
      ))}
      <p>
        <Link to="/me/receipt">{t('paper.another')}</Link>
      </p>
    </Page>
  );
}

export function useLabels() {
  const { t } = useTranslation();
  return {
    purpose: (id: string) => {
      const known = PURPOSES.find((p) => p === id);
      return known ? t(`purposes.${known}`) : id;
    },
    medium: (id: string) => {
      const known = MEDIA.find((m) => m === id);
      return known ? t(`media.${known}`) : id;
    },
    state: (id: string) => {
      const known = STATES.find((s) => s === id);
      return known ? t(`me.states.${known}`) : id;
    },
    used: (id: string) => {
      const known = USED.find((s) => s === id);
      return known ? t(`me.usedStates.${known}`) : id;
    },
  };
}

const STATES = ['requested', 'given', 'refused', 'withdrawn', 'expired', 'revoked', 'invalidated'] as const;

/** One way to take back all that stands, wherever it was given, and what came of it. */
function Everything({ model, state }: { readonly model: MeModel; readonly state: MeState }) {
  const { t } = useTranslation();
  const all = standing(state, new Date());
  const { count, done, logged, away, unknown } = progressOf(state.together, state.standings);
  if (all.length === 0 && count === 0) return null;
  const over = done + unknown === count;
  return (
    <section className="panel everything">
      {all.length > 0 && (
        <>
          <p>{all.length === 1 ? t('me.everythingOne') : t('me.everythingText', { count: all.length })}</p>
          <div>
            <button type="button" className="button" onClick={() => void model.withdrawEverything()}>
              {t('me.everything')}
            </button>
          </div>
        </>
      )}
      {count > 0 && (
        <div role="status" className="stack">
          <p>
            {away > 0
              ? t('me.takenSome', { done, count, away })
              : !over
                ? t('me.taking', { done: done + unknown, count })
                : unknown === count
                  ? t('me.takenNone')
                  : t('me.taken', { done, count })}{' '}
            {over && unknown > 0 && unknown < count && t('me.takenUnknown', { unknown })}
            {over && unknown < count && logged === done && t('me.takenLogged')}
          </p>
          {away > 0 && (
            <div>
              <button type="button" className="button" onClick={() => outbox.hurry()}>
                {t('tryAgain')}
              </button>
            </div>
          )}
        </div>
      )}
    </section>
  );
}

/** How a row stands, in a word: also how far taking it back has come. */
export function useStandWords() {
  const { t } = useTranslation();
  const labels = useLabels();
  return (stand: Stand, handle: string | undefined, { standings }: MeState) => {
    const said = handle === undefined ? undefined : standings.get(handle);
    if (said?.is !== 'sending') return labels.state(stand.state);
    return said.why === undefined ? t('me.states.going') : t('me.states.untold');
  };
}

/** One row as it stands, with the way back where there is something to take back. */
export function RowOfMine({
  yes,
  state,
  model,
  said,
  back = true,
}: {
  readonly yes: YesIn;
  readonly state: MeState;
  readonly model: MeModel;
  /** Another word for how it stands. */
  readonly said?: string | undefined;
  readonly back?: boolean;
}) {
  const { t } = useTranslation();
  const labels = useLabels();
  const words = useStandWords();
  const { choice, meeting } = yes;
  const stand = standOf(choice, meeting, takenHere(state));
  return (
    <li>
      <span>
        <strong>{labels.purpose(choice.purpose)}</strong> · {labels.medium(choice.medium)}
        {stand.claimed && <span className="hint">{t('me.claimed')}</span>}
      </span>
      <span className="said">{said ?? words(stand, choice.handle, state)}</span>
      {stand.stands && back && (
        <button
          type="button"
          className="button"
          aria-label={`${t('me.withdrawOne')}: ${labels.purpose(choice.purpose)}, ${labels.medium(choice.medium)}`}
          onClick={() => void model.withdraw([yes])}
        >
          {t('me.withdrawOne')}
        </button>
      )}
    </li>
  );
}

function MeetingCard({
  meeting,
  state,
  model,
}: {
  readonly meeting: MeetingOfMine;
  readonly state: MeState;
  readonly model: MeModel;
}) {
  const { t } = useTranslation();
  const labels = useLabels();
  const { account, device } = meeting;
  const rows = rowsIn(meeting, state);
  const taken = takenHere(state);
  const live = rows
    .map((choice) => ({ choice, meeting }))
    .filter(({ choice }) => standOf(choice, meeting, taken).stands);
  // What reaches further is told once, above the meetings.
  const further = new Set(
    widerAnswers([meeting], new Date(), taken).flatMap((wider) => wider.choices.map((c) => c.handle)),
  );
  const own = new Set(rows.flatMap((c) => c.handle ?? []));
  const stories = new Set([
    ...(account?.withdrawals ?? [])
      .map((w) => w.handle)
      .filter((handle) => !further.has(handle) && (taken.has(handle) || meeting.ended.has(handle))),
    ...[...state.standings.keys()].filter((handle) => own.has(handle)),
  ]);
  return (
    <section className="panel meeting">
      <header>
        <h2>{device.record.title === '' ? t('preview.untitled') : device.record.title}</h2>
        <p className="hint">{day(new Date(device.record.since))}</p>
      </header>
      {meeting.failure !== undefined && <p>{t('me.unreachable', { why: sentence(meeting.failure) })}</p>}
      {rows.length > 0 && (
        <>
          <h3>{t('me.said')}</h3>
          <ul className="choices">
            {rows.map((choice) => (
              <RowOfMine
                key={`${choice.purpose} ${choice.medium} ${choice.handle ?? ''}`}
                yes={{ choice, meeting }}
                state={state}
                model={model}
              />
            ))}
          </ul>
          {live.some(({ choice }) => !state.slips.has(choice.handle ?? '')) && (
            <p className="hint">{t('me.noSlip')}</p>
          )}
          {live.length > 1 && (
            <div>
              <button type="button" className="button" onClick={() => void model.withdraw(live)}>
                {t('me.withdrawAll')}
              </button>
            </div>
          )}
        </>
      )}
      {stories.size > 0 && (
        <div className="stack">
          <h3>{t('me.withdrawals')}</h3>
          <TakenBack
            parts={[...stories].map((handle) => {
              const withdrawal = account?.withdrawals.find((w) => w.handle === handle);
              const here = state.standings.get(handle);
              const choice = rows.find((c) => c.handle === handle) ?? withdrawal;
              return {
                handle,
                about: choice && labels.purpose(choice.purpose),
                name: choice && `${labels.purpose(choice.purpose)} · ${labels.medium(choice.medium)}`,
                stopped: withdrawal
                  ? new Date(withdrawal.at)
                  : (here?.stopped ?? new Date(device.record.since)),
                standing: here,
                withdrawal,
              };
            })}
            vkey={meeting.vkey ?? ''}
          />
        </div>
      )}
      <Receipts meeting={meeting} />
      {account && (
        <>
          <div className="stack">
            <h3>{t('me.held')}</h3>
            {account.held.length === 0 ? (
              <p className="quiet">{t('me.heldNone')}</p>
            ) : (
              <>
                <Scroll label={t('me.held')}>
                  <ul className="held">
                    {spells(account.held).map(({ kind, at, pieces }) => (
                      <li key={`${kind} ${at}`}>
                        <span className="hint">
                          {day(new Date(at))} · {kind === 'notes' ? t('me.heldNotes') : t('me.heldTraining')}
                        </span>
                        {pieces.map((h) => (
                          <p key={`${h.block} ${h.at} ${h.text}`}>{h.text}</p>
                        ))}
                      </li>
                    ))}
                  </ul>
                </Scroll>
                <div>
                  <button
                    type="button"
                    className="button"
                    onClick={() =>
                      save(
                        'aye-held.txt',
                        account.held.map((h) => `${h.at}\t${h.kind}\t${h.text}`).join('\n'),
                        'text/plain',
                      )
                    }
                  >
                    <Icon name="down" />
                    {t('me.saveHeld')}
                  </button>
                </div>
              </>
            )}
          </div>
          {!device.record.lasting && <UsedBy used={account.used} />}
        </>
      )}
    </section>
  );
}

export function UsedBy({ used }: { readonly used: PersonAccount['used'] }) {
  const { t } = useTranslation();
  const labels = useLabels();
  return (
    <div className="stack">
      <h3>{t('me.used')}</h3>
      {used.length === 0 ? (
        <p className="quiet">{t('me.usedNone')}</p>
      ) : (
        <ul className="list">
          {used.map((u) => (
            <li key={`${u.kind} ${u.id}`}>
              {u.kind === 'dataset' ? t('me.dataset') : t('me.model')} <span className="code">{u.id}</span>{' '}
              <span className="quiet">
                · {labels.used(u.state)} · {t('me.entry', { index: u.index })}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The receipts of a meeting: one in full, several folded under what the checks came to. */
function Receipts({ meeting }: { readonly meeting: MeetingOfMine }) {
  const { t } = useTranslation();
  const { answers, verdicts, said, hidden } = meeting;
  const of = (answer: Listed): Verdict => verdicts.get(answer.receipt) ?? { is: 'checking' };
  const drawn = (answer: Listed) => (
    <Receipt
      answer={answer}
      verdict={of(answer)}
      said={said.get(answer.receipt)}
      hidden={hidden.has(answer.receipt)}
    />
  );
  const [only] = answers;
  if (only === undefined) return null;
  if (answers.length === 1)
    return (
      <div className="receipt stack">
        <h3>{t('me.receipt')}</h3>
        {drawn(only)}
      </div>
    );
  const proved = answers.filter((answer) => of(answer).is === 'proved');
  const checking = answers.some((answer) => of(answer).is === 'checking');
  const wrong = answers.filter(
    (answer) => !['proved', 'checking'].includes(of(answer).is) || hidden.has(answer.receipt),
  );
  const fine = proved.filter((answer) => !wrong.includes(answer));
  return (
    <div className="receipt stack">
      <h3>{t('me.receipts')}</h3>
      {wrong.map((answer) => (
        <div key={answer.receipt}>{drawn(answer)}</div>
      ))}
      {(checking || fine.length > 0) && (
        <p className="verdict" role="status">
          <Icon name={checking ? 'lock' : 'check'} />
          <span>{checking ? t('me.checking') : t('me.checkedAll', { count: fine.length })}</span>
        </p>
      )}
      {fine.length > 0 && (
        <details>
          <summary>{t('me.eachReceipt')}</summary>
          <ul className="list">
            {fine.map((answer) => (
              <li key={answer.receipt} className="fold">
                {drawn(answer)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Receipt({
  answer,
  verdict,
  said,
  hidden,
}: {
  readonly answer: Listed;
  readonly verdict: Verdict;
  readonly said: SaidThen | undefined;
  readonly hidden: boolean;
}) {
  const { t } = useTranslation();
  const [notice, setNotice] = useState<Notice | undefined>();
  useEffect(() => {
    parseNotice(answer.noticeText)
      .then(setNotice)
      .catch((failure: unknown) => console.warn('the text then cannot be shown', failure));
  }, [answer.noticeText]);
  return (
    <div className="stack">
      <p className="verdict" role="status">
        <Icon name={verdict.is === 'proved' ? 'check' : verdict.is === 'checking' ? 'lock' : 'warn'} />
        <span>
          {verdict.is === 'proved'
            ? t('me.checked', { index: verdict.index, size: verdict.size })
            : verdict.is === 'checking'
              ? t('me.checking')
              : verdict.is === 'differs'
                ? t(`me.differs.${verdict.what}`)
                : t('me.notChecked', { why: sentence(verdict.why) })}
        </span>
      </p>
      {hidden && (
        <p className="verdict">
          <Icon name="warn" />
          <span>{t('me.hidden')}</span>
        </p>
      )}
      <details>
        <summary>{t('me.asked')}</summary>
        <div className="full">
          {notice ? (
            <>
              {notice.lead.map((l) => (
                <p key={l}>{l}</p>
              ))}
              <ul className="list bullets">
                {notice.rows.map((r) => (
                  <li key={r.purpose}>
                    <strong>{r.label}</strong> {r.sentence} {r.retention}
                  </li>
                ))}
              </ul>
              {notice.foot.map((l) => (
                <p key={l}>{l}</p>
              ))}
              <FullText lines={notice.full} />
            </>
          ) : (
            <pre className="code">{answer.noticeText}</pre>
          )}
        </div>
      </details>
      <SaveReceipt kept={answer} id={answer.id ?? (verdict.is === 'proved' ? said?.id : undefined)} />
    </div>
  );
}

function SaveReceipt({
  kept,
  id,
}: {
  readonly kept: Parameters<typeof receiptFile>[0];
  readonly id: string | undefined;
}) {
  const { t } = useTranslation();
  return (
    <div className="actions start">
      <button
        type="button"
        className="button"
        onClick={() => save(receiptName(kept.index), receiptFile(kept))}
      >
        <Icon name="down" />
        {t('me.saveReceipt')}
      </button>
      {id !== undefined && (
        <Link to={`/me/receipt/${id}`} className="button">
          {t('paper.readable')}
        </Link>
      )}
    </div>
  );
}
