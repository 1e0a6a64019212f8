import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { clock } from '../../words/words';
import { useStore } from '../../shell/store';
import type { RoomModel } from './roomModel';

export function ChatPanel({ room }: { readonly room: RoomModel }) {
  const { t } = useTranslation();
  const { chat, choices, offered, paused } = useStore(room.store);
  const [words, setWords] = useState('');
  const [tooLong, setTooLong] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // In braces: newer browsers return a promise here, which React would take for a clean-up.
    end.current?.scrollIntoView({ block: 'end' });
  }, [chat.length]);
  const copied = offered.filter((row) =>
    [...choices.values()].some(
      (c) => c.purpose === row.purpose && c.medium === 'chat' && c.state === 'given',
    ),
  );
  return (
    <div className="chat">
      <ol className="chat-lines" aria-live="polite">
        {chat.length === 0 && <li className="hint">{t('room.chatEmpty')}</li>}
        {chat.map((line) => (
          <li key={line.id} className={line.mine ? 'mine' : ''}>
            <span className="hint">
              {line.mine ? t('room.you') : line.name} · {clock(line.at).slice(0, 5)}
            </span>
            <p>{line.text}</p>
          </li>
        ))}
        <div ref={end} />
      </ol>
      {copied.length > 0 && !paused && (
        <p className="hint">{t('room.chatCopied', { what: copied.map((r) => r.label).join(', ') })}</p>
      )}
      {tooLong && <p className="hint">{t('room.chatTooLong')}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (words.trim() === '') return;
          void room.say(words.trim()).then((sent) => {
            setTooLong(!sent);
            if (sent) setWords('');
          });
        }}
      >
        <input
          value={words}
          aria-label={t('room.chatPlaceholder')}
          placeholder={t('room.chatPlaceholder')}
          onChange={(e) => setWords(e.target.value)}
        />
        <button type="submit" className="button primary">
          {t('room.send')}
        </button>
      </form>
    </div>
  );
}
