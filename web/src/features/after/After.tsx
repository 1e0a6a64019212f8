import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type Notes } from '../api/client';
import { sentence } from '../api/sentences';
import { slipFile, slipLink } from '../consent/receipt';
import { keptBy, type Kept } from './kept';
import { LogAlarm } from '../log/LogAlarm';
import type { RoomModel } from '../room/roomModel';
import { TakenBack } from '../withdraw/TakenBack';
import { clock } from '../../words/words';
import { useStore } from '../../shell/store';
import { CopyButton, Icon, Link, Page, save, Scroll, Trouble } from '../../shell/ui';

/** After leaving: what was kept, the notes, the slip for keeping, and the way back. */
export function After({ room, back }: { readonly room: RoomModel; readonly back: () => void }) {
  const { t } = useTranslation();
  const { why, trouble, finding, meeting } = useStore(room.store);
  return (
    <Page title={t(`after.${why}`)}>
      {finding && <LogAlarm finding={finding} />}
      {why === 'lost' && <p>{t('after.lostText')}</p>}
      {why === 'never' && <p>{t('after.neverText')}</p>}
      {why === 'removed' && <p>{t('after.removedText')}</p>}
      {trouble !== undefined && <Trouble>{trouble}</Trouble>}
      <div className="actions start">
        {why !== 'ended' && why !== 'removed' && (
          <button type="button" className="button primary" onClick={back}>
            {why === 'never' ? t('tryAgain') : t('after.back')}
          </button>
        )}
        {room.hostKey === undefined ? (
          <Link to="/" className="button">
            {t('after.new')}
          </Link>
        ) : (
          <Link to={`/?after=${meeting.id}`} className="button">
            {t('after.next')}
          </Link>
        )}
        <Link to="/me" className="button">
          {t('after.myChoices')}
        </Link>
      </div>
      {why !== 'never' && <Kept room={room} />}
    </Page>
  );
}

/** What was kept, and how to take it back: known only to somebody who was in. */
function Kept({ room }: { readonly room: RoomModel }) {
  const { t } = useTranslation();
  const { choices, wider, slips: held, meeting, standings, withdrawals, offered } = useStore(room.store);
  // A slip file is for one meeting; those of a yes from elsewhere were offered there.
  const slips = held.filter((slip) => slip.meeting === meeting.id);
  const given = [...choices.values()].filter((c) => c.state === 'given');
  const of = (handle: string) => [...choices.values()].find((c) => c.handle === handle);
  const keptHere = useKept(room, given.length > 0);
  const kept = offered.filter((row) => given.some((c) => c.purpose === row.purpose));
  return (
    <>
      <section className="panel">
        <h2>{t('after.keptTitle')}</h2>
        <p aria-live="polite">{t(`after.keptSays.${keptHere}`)}</p>
        {kept.length > 0 && <h3>{t('after.yes')}</h3>}
        {kept.length > 0 && (
          <ul className="list">
            {kept.map((row) => (
              <li key={row.purpose}>
                <strong>{row.label}</strong>
                {' · '}
                <span>
                  {row.purpose === 'captions'
                    ? t('after.keptLive')
                    : row.media
                        .filter((m) => given.some((c) => c.purpose === row.purpose && c.medium === m.medium))
                        .map((m) => m.label)
                        .join(' · ')}
                </span>
                <p className="hint">{row.retention}</p>
              </li>
            ))}
          </ul>
        )}
        {given.length > 0 && (
          <div>
            <button
              type="button"
              className="button"
              onClick={() => void room.withdraw(given.flatMap((c) => c.handle ?? []))}
            >
              {t('after.withdrawAll')}
            </button>
            {wider.size > 0 && <p className="hint">{t('reach.takeAll')}</p>}
          </div>
        )}
        <TakenBack
          parts={[...standings.entries()].map(([handle, standing]) => ({
            handle,
            name: offered.find((row) => row.purpose === of(handle)?.purpose)?.label,
            stopped: standing.stopped,
            standing,
            withdrawal: withdrawals.get(handle),
          }))}
          vkey={meeting.log.vkey}
        />
      </section>
      {slips.length > 0 && (
        <section className="panel">
          <h2>{t('after.slip')}</h2>
          <p>{t('after.slipText')}</p>
          <div className="actions start">
            <CopyButton text={slipLink(location.origin, slips)} label={t('after.slipLink')} />
            <button
              type="button"
              className="button"
              onClick={() => save(`aye-slips-${meeting.id}.json`, slipFile(slips))}
            >
              <Icon name="down" />
              {t('after.slipSave')}
            </button>
          </div>
        </section>
      )}
      {meeting.ai.purposes.includes('notes') && <NotesPanel room={room} />}
    </>
  );
}

/** Asks the server what it holds of this person, again while that can change: something is being deleted, or a yes stands. */
function useKept(room: RoomModel, stands: boolean): Kept {
  const [kept, setKept] = useState<Kept>('asking');
  useEffect(() => {
    let live = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      let now: Kept = 'unasked';
      try {
        now = keptBy(await room.account(), room.store.get().standings.values());
      } catch (failure) {
        console.warn('after: the server did not say what it holds', failure);
      }
      if (!live) return;
      setKept(now);
      const moving = now === 'deleting' || now === 'unasked';
      if (moving || stands) timer = setTimeout(() => void ask(), moving ? 3000 : 10_000);
    };
    void ask();
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [room, stands]);
  return kept;
}

/** What one person said without another in between, under the time of its first words. */
function turns(transcript: Notes['transcript']): { name: string; at: string; lines: string[] }[] {
  const all: { name: string; at: string; lines: string[] }[] = [];
  for (const { name, at, text } of transcript) {
    const last = all.at(-1);
    if (last?.name === name) last.lines.push(text);
    else all.push({ name, at, lines: [text] });
  }
  return all;
}

function NotesPanel({ room }: { readonly room: RoomModel }) {
  const { t } = useTranslation();
  const [notes, setNotes] = useState<Notes | undefined>();
  const [trouble, setTrouble] = useState<string | undefined>();
  useEffect(() => {
    let live = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const found = await api.notes(room.store.get().meeting.id, room.hostKey ?? room.joined.seat);
        if (!live) return;
        setNotes(found);
        setTrouble(undefined);
        if (!found.ready) timer = setTimeout(() => void ask(), 3000);
      } catch (failure) {
        if (live) setTrouble(sentence(failure));
      }
    };
    void ask();
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [room]);
  const empty = notes?.ready === true && notes.summary.length === 0 && notes.transcript.length === 0;
  return (
    <section className="panel" aria-live="polite">
      <h2>{t('after.notes')}</h2>
      {trouble !== undefined && <p className="hint">{trouble}</p>}
      {notes && !notes.ready && <p>{t('after.notesWaiting')}</p>}
      {empty && <p>{t('after.notesNone')}</p>}
      {notes && notes.summary.length > 0 && (
        <>
          <h3>{t('after.summary')}</h3>
          <ul className="list bullets">
            {notes.summary.map((s) => (
              <li key={`${s.name} ${s.text}`}>
                {s.text} <span className="quiet">– {s.name}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {notes && notes.transcript.length > 0 && (
        <>
          <h3>{t('after.transcript')}</h3>
          <Scroll label={t('after.transcript')}>
            <ol className="transcript">
              {turns(notes.transcript).map(({ name, at, lines }) => (
                <li key={`${at} ${name} ${lines[0]}`}>
                  <span className="hint">
                    {clock(new Date(at)).slice(0, 5)} {name}
                  </span>
                  {lines.map((line, i) => (
                    <p key={`${i} ${line}`}>{line}</p>
                  ))}
                </li>
              ))}
            </ol>
          </Scroll>
          <p className="hint">{room.store.get().meeting.demo ? t('after.gapDemo') : t('after.gap')}</p>
        </>
      )}
    </section>
  );
}
