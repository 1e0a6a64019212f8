import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PersonAccount } from '../api/client';
import { sentence } from '../api/sentences';
import { FullText } from '../consent/Card';
import { receiptFile, receiptName } from '../consent/keeping';
import { MEDIA, parseNotice, PURPOSES, type Notice } from '../consent/notice';
import { TakenBack } from '../withdraw/TakenBack';
import { day } from '../../words/words';
import { useStore } from '../../shell/store';
import { Icon, Link, Page, save, Scroll } from '../../shell/ui';
import {
  latest,
  MeModel,
  spells,
  USED,
  widerAnswers,
  type MeetingOfMine,
  type MeState,
  type SaidThen,
  type Verdict,
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
  const choices = latest(meeting.said.values());
  const standing = (handle?: string) => (handle === undefined ? undefined : state.standings.get(handle));
  const taken = (handle?: string) =>
    handle !== undefined && (state.standings.has(handle) || state.slips.get(handle)?.takenAt !== undefined);
  const live = choices.filter((c) => c.state === 'given' && c.handle !== undefined && !taken(c.handle));
  const mine = live.flatMap((c) => (c.handle !== undefined && state.slips.has(c.handle) ? [c.handle] : []));
  // What reaches further is told once, above the meetings.
  const further = new Set(
    widerAnswers([meeting], new Date()).flatMap((wider) => wider.choices.map((c) => c.handle)),
  );
  const stories = new Set([
    ...(account?.withdrawals.map((w) => w.handle).filter((handle) => !further.has(handle)) ?? []),
    ...choices.flatMap((c) => (standing(c.handle) && c.handle !== undefined ? [c.handle] : [])),
  ]);
  return (
    <section className="panel meeting">
      <header>
        <h2>{device.record.title === '' ? t('preview.untitled') : device.record.title}</h2>
        <p className="hint">{day(new Date(device.record.since))}</p>
      </header>
      {meeting.failure !== undefined && <p>{t('me.unreachable', { why: sentence(meeting.failure) })}</p>}
      {meeting.failure !== undefined && !account && (
        <KeptHere meeting={meeting} state={state} model={model} />
      )}
      {account && (
        <>
          {choices.length > 0 && (
            <>
              <h3>{t('me.said')}</h3>
              <ul className="choices">
                {choices.map((c) => (
                  <li key={`${c.purpose} ${c.medium}`}>
                    <span>
                      <strong>{labels.purpose(c.purpose)}</strong> · {labels.medium(c.medium)}
                    </span>
                    <span className="said">
                      {taken(c.handle) && c.state === 'given'
                        ? labels.state('withdrawn')
                        : labels.state(c.state)}
                    </span>
                    {c.state === 'given' && !taken(c.handle) && (
                      <button
                        type="button"
                        className="button"
                        disabled={c.handle === undefined || !state.slips.has(c.handle)}
                        title={
                          c.handle !== undefined && state.slips.has(c.handle) ? undefined : t('me.noSlip')
                        }
                        aria-label={`${t('me.withdrawOne')}: ${labels.purpose(c.purpose)}, ${labels.medium(c.medium)}`}
                        onClick={() => void model.withdraw(meeting, c.handle === undefined ? [] : [c.handle])}
                      >
                        {t('me.withdrawOne')}
                      </button>
                    )}
                  </li>
                ))}
              </ul>
              {mine.length < live.length && <p className="hint">{t('me.noSlip')}</p>}
              {mine.length > 1 && (
                <div>
                  <button type="button" className="button" onClick={() => void model.withdraw(meeting, mine)}>
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
                  const withdrawal = account.withdrawals.find((w) => w.handle === handle);
                  const here = state.standings.get(handle);
                  const choice = choices.find((c) => c.handle === handle) ?? withdrawal;
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
          <Receipts answers={account.answers} verdicts={meeting.verdicts} said={meeting.said} />
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

/** What this device keeps of a meeting that the server does not show: its receipts and slips. */
function KeptHere({
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
  const here = (of: { readonly meeting: string }) => of.meeting === meeting.device.record.meeting;
  const receipts = state.receipts.filter(here);
  const slips = [...state.slips.values()].filter(here);
  const taken = ({ handle, takenAt }: (typeof slips)[number]) =>
    takenAt !== undefined || state.standings.has(handle);
  return (
    <>
      {slips.length > 0 && (
        <ul className="choices">
          {slips.map((slip) => (
            <li key={slip.handle}>
              <span>
                <strong>{labels.purpose(slip.purpose)}</strong> · {labels.medium(slip.medium)}
              </span>
              {taken(slip) ? (
                <span className="said">{labels.state('withdrawn')}</span>
              ) : (
                <button
                  type="button"
                  className="button"
                  aria-label={`${t('me.withdrawOne')}: ${labels.purpose(slip.purpose)}, ${labels.medium(slip.medium)}`}
                  onClick={() => void model.withdraw(meeting, [slip.handle])}
                >
                  {t('me.withdrawOne')}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {receipts.map((kept) => (
        <div key={kept.id} className="stack">
          <p>{t('paper.of', { time: day(new Date(kept.at)) })}</p>
          <SaveReceipt kept={kept} id={kept.id} />
        </div>
      ))}
    </>
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

type Answer = PersonAccount['answers'][number];

/** The receipts of a meeting: one in full, several folded under what the checks came to. */
function Receipts({
  answers,
  verdicts,
  said,
}: {
  readonly answers: readonly Answer[];
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly said: ReadonlyMap<string, SaidThen>;
}) {
  const { t } = useTranslation();
  const of = (answer: Answer): Verdict => verdicts.get(answer.receipt) ?? { is: 'checking' };
  const idOf = (answer: Answer) => said.get(answer.receipt)?.id;
  const [only] = answers;
  if (only === undefined) return null;
  if (answers.length === 1)
    return (
      <div className="receipt stack">
        <h3>{t('me.receipt')}</h3>
        <Receipt answer={only} verdict={of(only)} id={idOf(only)} />
      </div>
    );
  const proved = answers.filter((answer) => of(answer).is === 'proved');
  const checking = answers.some((answer) => of(answer).is === 'checking');
  const wrong = answers.filter((answer) => !['proved', 'checking'].includes(of(answer).is));
  return (
    <div className="receipt stack">
      <h3>{t('me.receipts')}</h3>
      {wrong.map((answer) => (
        <Receipt key={answer.receipt} answer={answer} verdict={of(answer)} id={idOf(answer)} />
      ))}
      {(checking || proved.length > 0) && (
        <p className="verdict" role="status">
          <Icon name={checking ? 'lock' : 'check'} />
          <span>{checking ? t('me.checking') : t('me.checkedAll', { count: proved.length })}</span>
        </p>
      )}
      {proved.length > 0 && (
        <details>
          <summary>{t('me.eachReceipt')}</summary>
          <ul className="list">
            {proved.map((answer) => (
              <li key={answer.receipt} className="fold">
                <Receipt answer={answer} verdict={of(answer)} id={idOf(answer)} />
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
  id,
}: {
  readonly answer: Answer;
  readonly verdict: Verdict;
  readonly id: string | undefined;
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
      <SaveReceipt kept={answer} id={id} />
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
