import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { sentence } from '../api/sentences';
import { parseNotice, type NoticeRow } from '../consent/notice';
import { locale } from '../../words/words';
import { useStore } from '../../shell/store';
import { Trouble } from '../../shell/ui';
import type { RoomModel } from './roomModel';

/** What a host may do. They propose purposes; who chose what is nowhere here. */
export function HostPanel({ room, hostKey }: { readonly room: RoomModel; readonly hostKey: string }) {
  const { t } = useTranslation();
  const { meeting, people, ai } = useStore(room.store);
  const [rows, setRows] = useState<readonly NoticeRow[]>([]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(meeting.ai.purposes));
  const [said, setSaid] = useState<{ ok: boolean; text: string } | undefined>();
  const language = locale();

  useEffect(() => {
    parseNotice(meeting.notice[language])
      .then((n) => setRows(n.rows))
      .catch((failure: unknown) => console.warn('the notice cannot be shown', failure));
  }, [meeting.notice, language]);

  const act = async (step: () => Promise<unknown>, done?: string) => {
    try {
      await step();
      setSaid(done === undefined ? undefined : { ok: true, text: done });
    } catch (failure) {
      setSaid({ ok: false, text: sentence(failure) });
    }
  };
  const others = people.filter((p) => !p.self);
  return (
    <>
      <section className="stack">
        <h3>{t('hosting.propose')}</h3>
        <p className="hint">{t('hosting.proposeText')}</p>
        {rows.map((row) => (
          <label key={row.purpose} className="check">
            <input
              type="checkbox"
              checked={chosen.has(row.purpose)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.target.checked) next.add(row.purpose);
                else next.delete(row.purpose);
                setChosen(next);
              }}
            />
            <span>{row.label}</span>
          </label>
        ))}
        <button
          type="button"
          className="button"
          onClick={() => void act(() => api.propose(meeting.id, [...chosen], hostKey), t('hosting.saved'))}
        >
          {t('hosting.save')}
        </button>
        {said && (said.ok ? <p role="status">{said.text}</p> : <Trouble>{said.text}</Trouble>)}
        {ai.partial && <p className="hint">{t('room.partial')}</p>}
      </section>
      <section className="stack">
        <h3>{t('hosting.people')}</h3>
        {others.length === 0 && <p className="hint">{t('hosting.nobody')}</p>}
        {others.map((p) => {
          const name = p.member ? p.name : t('room.stranger');
          return (
            <div key={p.id} className="person-row">
              <span>{name}</span>
              <div className="actions">
                <button
                  type="button"
                  className="button"
                  disabled={p.muted}
                  aria-label={t('hosting.muteOne', { name })}
                  onClick={() => void act(() => api.mute(meeting.id, p.id, hostKey))}
                >
                  {t('hosting.mute')}
                </button>
                <button
                  type="button"
                  className="button"
                  aria-label={t('hosting.removeOne', { name })}
                  onClick={() => void act(() => api.remove(meeting.id, p.id, hostKey))}
                >
                  {t('hosting.remove')}
                </button>
              </div>
            </div>
          );
        })}
      </section>
      <section className="stack">
        <p className="hint">{t('hosting.endText')}</p>
        <button type="button" className="button" onClick={() => void act(() => api.end(meeting.id, hostKey))}>
          {t('hosting.end')}
        </button>
      </section>
    </>
  );
}
