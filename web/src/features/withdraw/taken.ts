import type { Withdrawal } from '../api/client';
import type { Standing } from './withdrawal';

/** One grant that was taken back, with all that this browser knows of it. */
export interface TakenPart {
  readonly handle: string;
  /** What it was about, in words: none where that is plain from the place. */
  readonly name: string | undefined;
  /** The shorter word that stands for it among others; without it, the name does. */
  readonly about?: string | undefined;
  readonly stopped: Date;
  readonly standing: Standing | undefined;
  readonly withdrawal: Withdrawal | undefined;
  readonly seal: Seal;
}

/** Whether the signed account of a withdrawal holds, as checked in this browser. */
export type Seal = 'none' | 'checking' | 'holds' | 'wrong';

/** Where a part belongs: what went wrong is never folded away. */
export function stageOf({ standing, withdrawal, seal }: TakenPart): 'troubled' | 'going' | 'done' {
  const failed = withdrawal?.steps.some((s) => s.state === 'failed') ?? false;
  if (failed || seal === 'wrong' || standing?.is === 'late' || standing?.is === 'unchecked')
    return 'troubled';
  if (standing?.is === 'sending' && standing.why !== undefined) return 'troubled';
  const told = standing === undefined || standing.is === 'inLog';
  const finished = withdrawal?.steps.every((s) => s.state === 'done') ?? false;
  return told && finished && seal === 'holds' ? 'done' : 'going';
}

/** The steps of several withdrawals as one story: a step is done when it is for each. Their counts may overlap and are left out. */
export function together(all: readonly Withdrawal[]): Withdrawal['steps'] {
  const names = [...new Set(all.flatMap((w) => w.steps.map((s) => s.step)))];
  return names.map((step) => {
    const same = all.flatMap((w) => w.steps.filter((s) => s.step === step));
    const state = (['failed', 'doing', 'waiting', 'done'] as const).find((one) =>
      same.some((s) => s.state === one),
    );
    const empty = same.every((s) => s.count === 0);
    return {
      step,
      state: state === 'waiting' && same.some((s) => s.state === 'done') ? 'doing' : (state ?? 'waiting'),
      ...(empty ? { count: 0 } : {}),
    };
  });
}
