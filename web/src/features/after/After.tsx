import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type Notes } from '../api/client';
import { sentence } from '../api/sentences';
import { slipFile, slipLink } from '../consent/receipt';
import type { RoomModel } from '../room/roomModel';
import { WithdrawalStory } from '../withdraw/WithdrawalStory';
import { clock } from '../../words/words';
import { useStore } from '../../shell/store';
import { CopyButton, Icon, Link, Page, save, Trouble } from '../../shell/ui';

/** After leaving: what was kept, the notes, the slip for keeping, and the way back. */
export function After({ room, back }: { readonly room: RoomModel; readonly back: () => void }) {
  const { t } = useTranslation();
  const { why, choices, slips, meeting, standings, trouble, offered } = useStore(room.store);
  const given = [...choices.values()].filter((c) => c.state === 'given');
  const kept = offered.filter((row) => given.some((c) => c.purpose === row.purpose));
  return (
    <Page title={t(`after.${why}`)}>
      {trouble !== undefined && <Trouble>{trouble}</Trouble>}
      <div className="actions start">
        {why !== 'ended' && (
          <button type="button" className="button primary" onClick={back}>
            {t('after.back')}
          </button>
        )}
        <Link to="/" className="button">
          {t('after.new')}
        </Link>
        <Link to="/me" className="button">
          {t('after.myChoices')}
        </Link>
      </div>
      <section className="panel">
        <h2>{t('after.keptTitle')}</h2>
        {kept.length === 0 ? (
          <p>{t('after.keptNothing')}</p>
        ) : (
          <ul className="list">
            {kept.map((row) => (
              <li key={row.purpose}>
                <strong>{row.label}</strong>{' '}
                <span>
                  {row.purpose === 'captions'
                    ? t('after.keptLive')
                    : row.media
                        .filter((m) => given.some((c) => c.purpose === row.purpose && c.medium === m.medium))
                        .map((m) => m.label)
                        .join(', ')}
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
          </div>
        )}
        {[...standings.entries()].map(([handle, standing]) => (
          <WithdrawalStory
            key={handle}
            stopped={standing.stopped}
            standing={standing}
            vkey={meeting.log.vkey}
          />
        ))}
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
    </Page>
  );
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
          <ol className="transcript">
            {notes.transcript.map((line) => (
              <li key={`${line.at} ${line.name} ${line.text}`}>
                <span className="hint">
                  {clock(new Date(line.at)).slice(0, 5)} {line.name}
                </span>
                <p>{line.text}</p>
              </li>
            ))}
          </ol>
          <p className="hint">{t('after.gap')}</p>
        </>
      )}
    </section>
  );
}
