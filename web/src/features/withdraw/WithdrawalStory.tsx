import type { TFunction } from 'i18next';
import { accountLines, type AccountLine } from './accountLines';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Withdrawal } from '../api/client';
import { sentence } from '../api/sentences';
import { CannotVerify, openNote, verifier } from '../log/note';
import { clock } from '../../words/words';
import { Icon, save } from '../../shell/ui';
import type { Standing } from './withdrawal';

const STEPS = [
  'stop',
  'block',
  'subtract',
  'shred',
  'recut',
  'rebuild',
  'sign',
  'unblock',
  'account',
] as const;

/** What happens after a no, as it happens: stopped here, promised, in the log, then the server's steps. */
export function WithdrawalStory({
  stopped,
  standing,
  withdrawal,
  vkey,
  title,
}: {
  readonly stopped: Date;
  readonly standing?: Standing | undefined;
  readonly withdrawal?: Withdrawal | undefined;
  readonly vkey: string;
  readonly title?: string | undefined;
}) {
  const { t } = useTranslation();
  const finished = withdrawal?.account !== undefined && withdrawal.steps.every((s) => s.state === 'done');
  return (
    <section className="story" aria-live="polite">
      {title !== undefined && <h4>{title}</h4>}
      <ol>
        <Line state="done">{t('withdrawal.stopped', { time: clock(stopped) })}</Line>
        {standing && <StandingLines standing={standing} />}
        {withdrawal && !finished && <Steps steps={withdrawal.steps} />}
        {finished && <Line state="done">{t('withdrawal.allDone')}</Line>}
      </ol>
      {finished && (
        <details>
          <summary>{t('withdrawal.each')}</summary>
          <ol>
            <Steps steps={withdrawal.steps} />
          </ol>
        </details>
      )}
      {withdrawal?.account !== undefined && (
        <Account account={withdrawal.account} handle={withdrawal.handle} vkey={vkey} />
      )}
    </section>
  );
}

export function Steps({ steps }: { readonly steps: Withdrawal['steps'] }) {
  const { t } = useTranslation();
  return steps.map(({ step, state, count }) => {
    const known = STEPS.find((s) => s === step);
    return (
      <Line key={step} state={state}>
        {known ? t(`withdrawal.steps.${known}`) : step}
        {count !== undefined && count > 0 && ` (${count})`}
        {state === 'done' && count === 0 && <span className="quiet"> – {t('withdrawal.nothing')}</span>}
        {state !== 'done' && <span className="quiet"> – {t(`withdrawal.states.${state}`)}</span>}
      </Line>
    );
  });
}

function StandingLines({ standing }: { readonly standing: Standing }) {
  const { t } = useTranslation();
  switch (standing.is) {
    case 'sending':
      return (
        <Line state="doing">
          {standing.why === undefined ? (
            <Telling />
          ) : (
            t('withdrawal.notSent', { why: sentence(standing.why) })
          )}
        </Line>
      );
    case 'promised':
      return (
        <>
          <Line state="done">{t('withdrawal.promised', { time: clock(standing.by) })}</Line>
          <Line state="doing">{t('withdrawal.watching')}</Line>
        </>
      );
    case 'inLog':
      return (
        <>
          <Line state="done">{t('withdrawal.promised', { time: clock(standing.by) })}</Line>
          <Line state="done">{t('withdrawal.inLog', { index: standing.index })}</Line>
        </>
      );
    case 'late':
      return (
        <>
          <Line state="done">{t('withdrawal.promised', { time: clock(standing.by) })}</Line>
          <Line state="failed">
            {t('withdrawal.late')}{' '}
            <button
              type="button"
              className="more"
              onClick={() => save('aye-promise.txt', standing.promise, 'text/plain')}
            >
              aye-promise.txt
            </button>
          </Line>
        </>
      );
    case 'unchecked':
      return (
        <Line state="failed">
          {standing.why instanceof CannotVerify
            ? t('withdrawal.cannotCheck')
            : t('withdrawal.notChecked', { why: sentence(standing.why) })}
        </Line>
      );
  }
}

const SOON_MS = 2000;

/** The server is being told; what it may be waiting for is said once that takes longer than usual. */
function Telling() {
  const { t } = useTranslation();
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), SOON_MS);
    return () => clearTimeout(timer);
  }, []);
  return t(long ? 'withdrawal.slow' : 'mine.withdrawing');
}

export function Line({
  state,
  children,
}: {
  readonly state: 'done' | 'doing' | 'waiting' | 'failed';
  readonly children: ReactNode;
}) {
  return (
    <li className={`step ${state}`}>
      {state === 'done' ? (
        <Icon name="check" />
      ) : state === 'failed' ? (
        <Icon name="warn" />
      ) : (
        <span className="dot" />
      )}
      <span>{children}</span>
    </li>
  );
}

function told(line: AccountLine, t: TFunction): string {
  const done = (step: string, at: Date) => {
    const known = STEPS.find((s) => s === step);
    return `${known ? t(`withdrawal.steps.${known}`) : step}: ${clock(at)}`;
  };
  switch (line.is) {
    case 'step':
      return done(line.step, line.at);
    case 'destroyed':
      return `${done(line.step, line.at)} – ${t('withdrawal.lines.destroyed', { pieces: line.count })}`;
    case 'signed':
      return `${done(line.step, line.at)} – ${t('me.entry', { index: line.index })}`;
    case 'dataset':
    case 'model':
      return t(`withdrawal.lines.${line.is}`, { id: line.id });
    case 'recut':
    case 'rebuilt':
      return t(`withdrawal.lines.${line.is}`, { id: line.id, next: line.next });
    case 'exported':
      return t('withdrawal.lines.exported', { copies: line.count });
    case 'notDone':
    case 'snapshots':
      return t(`withdrawal.lines.${line.is}`);
  }
}

/** The signed account, shown only after its signature was checked here. */
function Account({
  account,
  handle,
  vkey,
}: {
  readonly account: string;
  readonly handle: string;
  readonly vkey: string;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState<string | undefined>();
  const [holds, setHolds] = useState<boolean | undefined>();
  useEffect(() => {
    verifier(vkey)
      .then((by) => openNote(account, by))
      .then((opened) => {
        setText(opened);
        setHolds(true);
      })
      .catch((failure: unknown) => {
        console.warn('the account does not check out', failure);
        setHolds(false);
      });
  }, [account, vkey]);
  return (
    <div className="stack">
      <p className="hint">
        {holds === undefined
          ? t('me.checking')
          : holds
            ? t('withdrawal.accountChecked')
            : t('withdrawal.accountWrong')}
      </p>
      {text !== undefined && (
        <details>
          <summary>{t('withdrawal.account')}</summary>
          <ul className="list bullets">
            {accountLines(text).map((line, i) => (
              <li key={`${i} ${line.is}`}>{told(line, t)}</li>
            ))}
          </ul>
          <p className="hint">{t('withdrawal.accountText')}</p>
          <pre className="code">{text}</pre>
        </details>
      )}
      <div>
        <button
          type="button"
          className="button"
          onClick={() => save(`aye-account-${handle.slice(0, 8)}.txt`, account, 'text/plain')}
        >
          <Icon name="down" />
          {t('withdrawal.saveAccount')}
        </button>
      </div>
    </div>
  );
}
