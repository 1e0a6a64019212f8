import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { LOCALES, locale, speak } from '../words/words';
import { go } from './route';

const PATHS = {
  mic: 'M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3Zm6-3a6 6 0 0 1-12 0m6 6v3',
  micOff:
    'M4 4l16 16M15 10V6a3 3 0 0 0-5.7-1.3M9 9v3a3 3 0 0 0 4.2 2.7M18 12a6 6 0 0 1-.6 2.6M6 12a6 6 0 0 0 9 5.2M12 18v3',
  camera: 'M4 7h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1Zm11 4 6-3v8l-6-3',
  cameraOff:
    'M4 4l16 16M15 11V9a2 2 0 0 0-2-2h-2.5M6 7H4a1 1 0 0 0-1 1v8a1 1 0 0 0 1 1h9a2 2 0 0 0 1.7-1M15.5 11.5 21 8v8l-2-1',
  chat: 'M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-7l-4.5 4v-4H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z',
  captions:
    'M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1Zm3 8h5m2.5 0H17M7 10.5h2.5m2.5 0h5',
  leave: 'M14 5h4a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1h-4M10 8l-4 4 4 4m-4-4h10',
  host: 'M12 4l2.3 4.9 5.2.7-3.8 3.7.9 5.3L12 16l-4.6 2.6.9-5.3L4.5 9.6l5.2-.700L12 4Z',
  link: 'M10 14a4 4 0 0 0 6 .4l2.6-2.6a4 4 0 0 0-5.7-5.7L11.5 7.5M14 10a4 4 0 0 0-6-.4l-2.6 2.6a4 4 0 0 0 5.7 5.7l1.4-1.4',
  gear: 'M5 7h9m4 0h1M5 12h2m4 0h8M5 17h8m4 0h2M16 5v4M9 10v4M15 15v4',
  close: 'M6 6l12 12M18 6 6 18',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1Z',
  ear: 'M8 18a3 3 0 0 0 5-1c.6-2 1-2.5 2.5-4A6 6 0 1 0 6 9m3.5 0a2.5 2.5 0 1 1 3.8 2.1c-1 .7-1.3 1.2-1.3 2.4',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8c.5-4 3.5-6 7-6s6.5 2 7 6',
  warn: 'M12 4 2.8 19.5h18.4L12 4Zm0 6v4.5m0 2.5v.1',
  down: 'M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Link({
  to,
  children,
  className,
}: {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  return (
    <a
      href={to}
      className={className}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}

/** A page outside of meetings: name, languages, content, ways on. Its heading takes the focus on arrival. */
export function Page({
  children,
  title,
  wide = false,
}: {
  readonly children: ReactNode;
  readonly title?: string;
  readonly wide?: boolean;
}) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title ? `${title} · Aye` : 'Aye';
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div className="page">
      <header className="bar">
        <Link to="/" className="brand">
          <Mark />
          <span>{t('name')}</span>
        </Link>
        <Languages />
      </header>
      <main className={wide ? 'content wide' : 'content'}>
        {title !== undefined && (
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
        )}
        {children}
      </main>
      <footer className="foot">
        <nav>
          <Link to="/">{t('nav.start')}</Link>
          <Link to="/me">{t('nav.me')}</Link>
          <Link to="/withdraw">{t('nav.withdraw')}</Link>
          <Link to="/transparency">{t('nav.transparency')}</Link>
        </nav>
      </footer>
    </div>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M9 22.5 16 8.5l7 14M11.6 17.6h8.8" />
    </svg>
  );
}

export function Languages() {
  const { t } = useTranslation();
  const now = locale();
  return (
    <div className="languages" role="group" aria-label={t('language')}>
      {LOCALES.map((l) => (
        <button
          key={l}
          type="button"
          lang={l}
          aria-pressed={now === l}
          aria-label={l === 'en' ? 'EN – English' : 'NL – Nederlands'}
          onClick={() => speak(l)}
        >
          {l.toUpperCase()}
        </button>
      ))}
    </div>
  );
}

export function CopyButton({
  text,
  label,
  primary = false,
}: {
  readonly text: string;
  readonly label: string;
  readonly primary?: boolean;
}) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className={primary ? 'button primary' : 'button'}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 2000);
        });
      }}
    >
      <Icon name={copied ? 'check' : 'link'} />
      <span aria-live="polite">{copied ? t('copied') : label}</span>
    </button>
  );
}

export function Trouble({ children }: { readonly children: ReactNode }) {
  return (
    <div className="trouble" role="alert">
      <Icon name="warn" />
      <div>{children}</div>
    </div>
  );
}

/** Something long in little room. It takes the focus, because a keyboard scrolls only what has it. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="scroll" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** A level from 0 to 1, asked of its source 12 times a second; still when there is nothing. */
export function Level({ of, label }: { readonly of: () => number; readonly label: string }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      const level = of();
      bar.current?.style.setProperty('--level', level.toFixed(3));
      bar.current?.setAttribute('aria-valuenow', String(Math.round(level * 10) * 10));
    }, 80);
    return () => clearInterval(timer);
  }, [of]);
  return (
    <div
      ref={bar}
      className="level"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
    >
      <span />
    </div>
  );
}

/** Gives a text to the person as a file, made here in the browser. */
export function save(name: string, content: string, type = 'application/json'): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
