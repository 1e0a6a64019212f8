import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { sentence } from '../api/sentences';
import { parseNotice, type NoticeRow } from '../consent/notice';
import { locale } from '../../words/words';
import { useStore } from '../../shell/store';
import { Trouble } from '../../shell/ui';
import type { RoomModel } from './roomModel';

const NOT_AMONG_MINORS = new Set(['training', 'recording', 'sharing']);

/** What a host may do. They propose purposes; who chose what is nowhere here. */
export function HostPanel({ room, hostKey }: { readonly room: RoomModel; readonly hostKey: string }) {
  const { t } = useTranslation();
  const { meeting, people, ai } = useStore(room.store);
  const [rows, setRows] = useState<readonly NoticeRow[]>([]);
  const offered = meeting.ai.purposes.join(' ');
  // Ticks that were not proposed yet count while what is asked has not changed meanwhile.
  const [ticks, setTicks] = useState({ of: offered, set: new Set(meeting.ai.purposes) });
  const chosen = ticks.of === offered ? ticks.set : new Set(meeting.ai.purposes);
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
  const asked = rows.filter((row) => !(meeting.minors === true && NOT_AMONG_MINORS.has(row.purpose)));
  const others = people.filter((p) => !p.self);
  return (
    <>
      <section className="stack">
        <h3>{t('hosting.propose')}</h3>
        <p className="hint">{t('hosting.proposeText')}</p>
        {asked.map((row) => (
          <label key={row.purpose} className="check">
            <input
              type="checkbox"
              checked={chosen.has(row.purpose)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.target.checked) next.add(row.purpose);
                else next.delete(row.purpose);
                setTicks({ of: offered, set: next });
              }}
            />
            <span>{row.label}</span>
          </label>
        ))}
        <button
          type="button"
          className="button"
          onClick={() =>
            void act(
              () =>
                api.propose(
                  meeting.id,
                  asked.map((row) => row.purpose).filter((purpose) => chosen.has(purpose)),
                  hostKey,
                ),
              t('hosting.saved'),
            )
          }
        >
          {t('hosting.save')}
        </button>
        {said && (said.ok ? <p role="status">{said.text}</p> : <Trouble>{said.text}</Trouble>)}
        {ai.partial && <p className="hint">{t('room.partial')}</p>}
      </section>
      <section className="stack">
        <MinorsCheck
          minors={meeting.minors === true}
          fixed={meeting.minorsFixed === true}
          say={(minors) => void act(() => api.minors(meeting.id, minors, hostKey))}
        />
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

/** Whether minors may be present, and what that does. */
export function MinorsCheck({
  minors,
  fixed = false,
  say,
}: {
  readonly minors: boolean;
  /** The operator says so, and nobody here takes it back. */
  readonly fixed?: boolean;
  readonly say: (minors: boolean) => void;
}) {
  const { t } = useTranslation();
  return (
    <div>
      <label className="check">
        <input
          type="checkbox"
          checked={minors}
          disabled={fixed}
          aria-describedby="minors-hint"
          onChange={(event) => say(event.target.checked)}
        />
        <span>{t('hosting.minors')}</span>
      </label>
      <p id="minors-hint" className="hint">
        {t('hosting.minorsText')} {fixed && t('hosting.minorsFixed')}
      </p>
    </div>
  );
}
