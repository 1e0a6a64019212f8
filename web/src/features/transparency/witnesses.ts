import { cosignedAt, openCheckpoint, witnessKey, type Checkpoint } from '../log/note';
import type { KnownLog } from '../log/memory';

/** Who is asked to watch the log, as the server tells it (`GET /log/witnesses`). */
export interface Told {
  readonly quorum: number;
  readonly witnesses: readonly {
    readonly name: string;
    readonly vkey: string;
    readonly size: number;
    readonly at?: string;
  }[];
}

/** One witness, by what its signature shows here; what the server says of it is told apart. */
export interface Watching {
  readonly name: string;
  readonly vkey: string;
  readonly is:
    | { readonly seen: 'newest'; readonly at: Date }
    | { readonly seen: 'earlier'; readonly at: Date; readonly size: number }
    /** No signature is shown here: so the server says. */
    | { readonly seen: 'told'; readonly at: Date; readonly size: number }
    | { readonly seen: 'never' }
    | { readonly seen: 'wrongKey' };
}

export interface Watched {
  readonly quorum: number;
  readonly witnesses: readonly Watching[];
  /** The size of the newest checkpoint that as many as the quorum are shown to have confirmed. */
  readonly enough: number | undefined;
}

/**
 * Checks here, with the keys of the witnesses, who of them cosigned the newest checkpoint, and who the newest one that a
 * quorum cosigned (`witnessed`, which the log must continue).
 */
export async function watched(
  told: Told,
  newest: Checkpoint,
  witnessed: string | undefined,
  log: KnownLog,
  now: Date,
): Promise<Watched> {
  let earlier: Checkpoint | undefined;
  if (witnessed !== undefined) {
    earlier = await openCheckpoint(witnessed, log.by);
    await log.remember(earlier, now);
  }
  const confirmed = new Map<number, Set<string>>();
  const confirm = (size: number, vkey: string) =>
    confirmed.set(size, (confirmed.get(size) ?? new Set()).add(vkey.slice(vkey.lastIndexOf('+'))));
  const witnesses: Watching[] = [];
  for (const { name, vkey, size, at } of told.witnesses.slice(0, 16)) {
    try {
      const by = await witnessKey(vkey);
      const now = await cosignedAt(newest.note, by);
      const before = earlier && (await cosignedAt(earlier.note, by));
      if (now) confirm(newest.size, vkey);
      if (before && earlier) confirm(earlier.size, vkey);
      const is: Watching['is'] = now
        ? { seen: 'newest', at: now }
        : before && earlier
          ? { seen: 'earlier', at: before, size: earlier.size }
          : at !== undefined
            ? { seen: 'told', at: new Date(at), size }
            : { seen: 'never' };
      witnesses.push({ name, vkey, is });
    } catch (failure) {
      console.warn('transparency: the key of a witness cannot be used', failure);
      witnesses.push({ name, vkey, is: { seen: 'wrongKey' } });
    }
  }
  const enough = [...confirmed].filter(([, by]) => told.quorum > 0 && by.size >= told.quorum);
  return {
    quorum: told.quorum,
    witnesses,
    enough: enough.length > 0 ? Math.max(...enough.map(([size]) => size)) : undefined,
  };
}
