import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clock, list } from '../../words/words';
import { Icon } from '../../shell/ui';
import { openNote, verifier } from '../log/note';
import { Line, Steps, WithdrawalStory } from './WithdrawalStory';
import { stageOf, together, type Seal, type TakenPart } from './taken';

/**
 * All that was taken back in one place of a page, as one calm story: what is going on together, what is done in one line, each
 * part on demand. Only what went wrong stands by itself.
 */
export function TakenBack({
  parts,
  vkey,
}: {
  readonly parts: readonly Omit<TakenPart, 'seal'>[];
  readonly vkey: string;
}) {
  const seals = useSeals(parts, vkey);
  const sealed = parts.map((part) => ({ ...part, seal: seals.get(part.handle) ?? ('none' as const) }));
  const of = (stage: ReturnType<typeof stageOf>) => sealed.filter((part) => stageOf(part) === stage);
  const going = of('going');
  const done = of('done');
  return (
    <>
      {of('troubled').map((part) => (
        <Story key={part.handle} part={part} vkey={vkey} />
      ))}
      {going.length === 1 && going.map((part) => <Story key={part.handle} part={part} vkey={vkey} />)}
      {going.length > 1 && <Going parts={going} vkey={vkey} />}
      {done.length > 0 && <Done parts={done} vkey={vkey} />}
    </>
  );
}

function Story({ part, vkey }: { readonly part: TakenPart; readonly vkey: string }) {
  return (
    <WithdrawalStory
      title={part.name}
      stopped={part.stopped}
      standing={part.standing}
      withdrawal={part.withdrawal}
      vkey={vkey}
    />
  );
}

function Going({ parts, vkey }: { readonly parts: readonly TakenPart[]; readonly vkey: string }) {
  const { t } = useTranslation();
  // Only what this page sent itself has it looked up in the log.
  const sent = parts.flatMap((p) => p.standing ?? []);
  const logged = sent.filter((s) => s.is === 'inLog').length;
  return (
    <section className="story" aria-live="polite">
      <Names parts={parts} />
      <ol>
        <Line state="done">{t('withdrawal.stopped', { time: clock(last(parts)) })}</Line>
        {sent.length > 0 && (
          <Line state={logged === sent.length ? 'done' : 'doing'}>
            {logged === sent.length
              ? t('withdrawal.allInLog')
              : t('withdrawal.someInLog', { done: logged, count: sent.length })}
          </Line>
        )}
        <Steps steps={together(parts.flatMap((p) => p.withdrawal ?? []))} />
      </ol>
      <Fold label={t('withdrawal.eachPart', { count: parts.length })}>
        {parts.map((part) => (
          <Story key={part.handle} part={part} vkey={vkey} />
        ))}
      </Fold>
    </section>
  );
}

function Done({ parts, vkey }: { readonly parts: readonly TakenPart[]; readonly vkey: string }) {
  const { t } = useTranslation();
  const one = parts.length === 1;
  return (
    <section className="story" aria-live="polite">
      <Names parts={parts} />
      <p className="step done">
        <Icon name="check" />
        <span>
          {one
            ? t('withdrawal.doneOne', { time: clock(last(parts)) })
            : t('withdrawal.doneAll', { time: clock(last(parts)), count: parts.length })}
        </span>
      </p>
      <Fold label={one ? t('withdrawal.each') : t('withdrawal.eachPart', { count: parts.length })}>
        {parts.map((part) => (
          <Story key={part.handle} part={one ? { ...part, name: undefined } : part} vkey={vkey} />
        ))}
      </Fold>
    </section>
  );
}

/** What the parts were about, each named once. */
function Names({ parts }: { readonly parts: readonly TakenPart[] }) {
  const names = [...new Set(parts.flatMap((p) => (parts.length > 1 ? p.about : undefined) ?? p.name ?? []))];
  return names.length === 0 ? null : <h4>{list(names)}</h4>;
}

function last(parts: readonly TakenPart[]): Date {
  return new Date(Math.max(...parts.map((p) => p.stopped.getTime())));
}

/** Details that are made only when somebody opens them. */
function Fold({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{label}</summary>
      {open && <div className="fold">{children}</div>}
    </details>
  );
}

/** The signatures of the accounts, each checked once here. */
function useSeals(parts: readonly Omit<TakenPart, 'seal'>[], vkey: string): ReadonlyMap<string, Seal> {
  const [checked, setChecked] = useState<ReadonlyMap<string, Seal>>(new Map());
  const signed = parts.flatMap((p) =>
    p.withdrawal?.account === undefined ? [] : [{ handle: p.handle, account: p.withdrawal.account }],
  );
  const key = JSON.stringify([vkey, signed]);
  useEffect(() => {
    let live = true;
    const [by, accounts] = JSON.parse(key) as [string, typeof signed];
    for (const { handle, account } of accounts)
      verifier(by)
        .then((v) => openNote(account, v))
        .then((): Seal => 'holds')
        .catch((failure: unknown): Seal => {
          console.warn('the account does not check out', failure);
          return 'wrong';
        })
        .then((seal) => live && setChecked((before) => new Map([...before, [handle, seal]])))
        .catch(console.error);
    return () => {
      live = false;
    };
  }, [key]);
  return new Map(signed.map(({ handle }) => [handle, checked.get(handle) ?? 'checking']));
}
