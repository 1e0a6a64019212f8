import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { sentence } from '../api/sentences';
import { Card } from '../consent/Card';
import { receiptFile, receiptName } from '../consent/keeping';
import { slipFile } from '../consent/receipt';
import { TakenBack } from '../withdraw/TakenBack';
import type { NoticeRow } from '../consent/notice';
import { LogCompared } from '../log/LogAlarm';
import { clock } from '../../words/words';
import { useStore } from '../../shell/store';
import { Icon, Level, save } from '../../shell/ui';
import { nameOf } from '../listening/recipient';
import type { RoomModel } from './roomModel';
import { isBusy, mediumState, reachOf, rowState } from './RoomView';

/** One's own state: each purpose with one click to change, receipts and slips. */
export function MinePanel({ room }: { readonly room: RoomModel }) {
  const { t } = useTranslation();
  const state = useStore(room.store);
  useEffect(() => room.seeAll(), [room]);
  const { meeting } = state;
  const [recipient] = meeting.ai.recipients;
  const choiceOf = (handle: string) =>
    [...state.choices.values()].find((c) => c.handle === handle) ?? state.withdrawals.get(handle);
  const said = [...state.standings.entries()].reverse().map(([handle, standing]) => {
    const choice = choiceOf(handle);
    const row = state.offered.find((r) => r.purpose === choice?.purpose);
    const part = row && row.media.length > 1 && row.media.find((m) => m.medium === choice?.medium)?.label;
    return {
      row,
      handle,
      name: part || undefined,
      stopped: standing.stopped,
      standing,
      withdrawal: state.withdrawals.get(handle),
    };
  });
  const ownSlips = state.slips.filter((slip) => slip.meeting === meeting.id);
  const stories = (row: NoticeRow | undefined) => (
    <TakenBack parts={said.filter((s) => s.row === row)} vkey={meeting.log.vkey} />
  );
  // A yes that stands can be taken back here also while the meeting no longer asks for it.
  const rows = state.notice?.rows.filter(
    (row) =>
      state.offered.includes(row) || row.media.some((m) => room.choice(row.purpose, m.medium) === 'given'),
  );
  return (
    <>
      {state.disagrees !== undefined && <p>{t(`room.${state.disagrees}`)}</p>}
      {state.notice && rows && state.keeps && rows.length > 0 ? (
        <Card
          notice={state.notice}
          recipient={recipient}
          rows={rows}
          answer={(row) => rowState(state, row)}
          mediumAnswer={(row, medium) => mediumState(state, row, medium)}
          decide={(row, yes, medium) =>
            void room.decide(row, yes, medium === undefined ? undefined : [medium])
          }
          busy={(row) => isBusy(state, row)}
          reworded={state.reworded}
          minors={meeting.minors === true}
          below={stories}
          {...reachOf(room, state, state.notice)}
          closed={state.finding !== undefined}
          bare
        />
      ) : (
        <p className="hint">
          {!state.keeps
            ? t('errors.storage')
            : !state.notice && meeting.ai.purposes.length > 0
              ? t('mine.unreadable')
              : t('card.foldedNothing')}
        </p>
      )}
      {state.busy.size > 0 && (
        <p className="hint" role="status">
          {t('mine.signing')}
        </p>
      )}
      {stories(undefined)}
      <section className="stack">
        <h3>{t('mine.receipts')}</h3>
        {state.receipts.length === 0 ? (
          <p className="hint">{t('mine.noReceipts')}</p>
        ) : (
          <>
            <p className="hint">{t('mine.receiptsText')}</p>
            <ul className="list">
              {state.receipts.map((kept) => (
                <li key={kept.id}>
                  {/* A tab of its own: the meeting goes on in this one. */}
                  <a href={`/me/receipt/${kept.id}`} target="_blank" rel="noopener">
                    {t('paper.of', { time: clock(new Date(kept.at)) })}
                  </a>
                </li>
              ))}
            </ul>
            <div className="actions">
              <button
                type="button"
                className="button"
                onClick={() => {
                  for (const kept of state.receipts) save(receiptName(kept.index), receiptFile(kept));
                }}
              >
                <Icon name="down" />
                {t('mine.downloadReceipts')}
              </button>
              <button
                type="button"
                className="button"
                disabled={ownSlips.length === 0}
                onClick={() => save(`aye-slips-${meeting.id}.json`, slipFile(ownSlips))}
              >
                <Icon name="down" />
                {t('mine.downloadSlips')}
              </button>
            </div>
          </>
        )}
      </section>
      {state.listening.is === 'on' && <p className="hint">{t('mine.pauseText')}</p>}
      <p className="hint">{t('mine.private')}</p>
      {!state.finding && state.compared && <LogCompared compared={state.compared} />}
    </>
  );
}

/** What of one's own is sent to AI now, with its meter and a pause. */
export function Sending({ room }: { readonly room: RoomModel }) {
  const { t } = useTranslation();
  const state = useStore(room.store);
  const { listening, paused } = state;
  const [recipient] = state.meeting.ai.recipients;
  const name = recipient ? nameOf(recipient) : '';
  return (
    <section className="sending-box" aria-live="polite">
      {listening.is === 'on' ? (
        <>
          {paused ? (
            <p>{t('mine.paused')}</p>
          ) : (
            listening.voice && <p>{state.micOn ? t('mine.sendingVoice', { name }) : t('mine.muted')}</p>
          )}
          {listening.chat && !paused && <p>{t('mine.sendingChat', { name })}</p>}
          <div className="sending-now">
            {listening.voice && <Level of={room.sendingLevel} label={t('mine.meter')} />}
            <button
              type="button"
              className="button"
              aria-pressed={paused}
              title={t('mine.pauseText')}
              onClick={() => room.setPaused(!paused)}
            >
              {paused ? t('mine.resume') : t('mine.pause')}
            </button>
          </div>
        </>
      ) : listening.is === 'opening' ? (
        <p>{t('mine.opening')}</p>
      ) : listening.is === 'failed' ? (
        <p>{t('mine.failed', { why: sentence(listening.why) })}</p>
      ) : (
        <p>{t('mine.sendingNothing')}</p>
      )}
    </section>
  );
}
