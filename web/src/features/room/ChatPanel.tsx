import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { clock } from '../../words/words';
import { useStore } from '../../shell/store';
import type { RoomModel } from './roomModel';

export function ChatPanel({ room }: { readonly room: RoomModel }) {
  const { t } = useTranslation();
  const { chat, choices, offered, paused, draft } = useStore(room.store);
  const lines = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (lines.current) lines.current.scrollTop = lines.current.scrollHeight;
  }, [chat.length]);
  const copied = offered.filter((row) =>
    [...choices.values()].some(
      (c) => c.purpose === row.purpose && c.medium === 'chat' && c.state === 'given',
    ),
  );
  return (
    <div className="chat">
      {/* A keyboard scrolls only what can have the focus. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ol ref={lines} className="chat-lines" aria-label={t('room.chat')} aria-live="polite" tabIndex={0}>
        {chat.length === 0 && <li className="hint">{t('room.chatEmpty')}</li>}
        {chat.map((line) => (
          <li key={line.id} className={line.mine ? 'mine' : ''}>
            <span className="hint">
              {line.mine ? t('room.you') : line.name} · {clock(line.at).slice(0, 5)}
            </span>
            <p>{line.text}</p>
          </li>
        ))}
      </ol>
      {copied.length > 0 && !paused && (
        <p className="hint">{t('room.chatCopied', { what: copied.map((r) => r.label).join(', ') })}</p>
      )}
      <p className={draft.refused ? 'hint' : 'hidden'} role="status">
        {draft.refused && t(`room.${draft.refused}`)}
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void room.say();
        }}
      >
        <input
          value={draft.words}
          aria-label={t('room.chatPlaceholder')}
          placeholder={t('room.chatPlaceholder')}
          onChange={(e) => room.write(e.target.value)}
        />
        <button type="submit" className="button primary">
          {t('room.send')}
        </button>
      </form>
    </div>
  );
}
