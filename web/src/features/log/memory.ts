import { b64, equal, unb64 } from '../bytes/bytes';
import { Shelf } from '../device/shelf';
import { Store } from '../../shell/store';
import { bareNote, checkFork, forkOf, LogBroken, type Finding, type Fork } from './fork';
import { LogMismatch, openCheckpoint, verifier, type Checkpoint, type Verifier } from './note';
import { emptyRoot, prefixPath, prefixRoots } from './tree';
import { Tiles } from './tiles';

/** The last checkpoint of a log that this browser saw, the key it was signed with, and what was found wrong. */
export interface Remembered {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  readonly root: string;
  readonly note: string;
  readonly at: string;
  readonly finding?: Finding;
}

/** Where checkpoints are remembered: IndexedDB in the page, a map in tests. */
export interface Memory {
  get(origin: string): Promise<Remembered | undefined>;
  /** Puts `value` if `instead` is still what is remembered, in one step; whether it did. */
  put(value: Remembered, instead: Remembered | undefined): Promise<boolean>;
}

export function sameMemory(a: Remembered | undefined, b: Remembered | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function onThisDevice(): Memory {
  const shelf = new Shelf<Remembered>('aye', 'checkpoints');
  return {
    get: (origin) => shelf.get(origin),
    put: (value, instead) => shelf.putIf(value.origin, value, (now) => sameMemory(now, instead)),
  };
}

/** What was found wrong with logs, by their vkey. */
export type Findings = Store<{ readonly found: ReadonlyMap<string, Finding> }>;

/** What this page knows of; whoever relies on a log listens here. */
export const findings: Findings = new Store({ found: new Map() });

/** How a checkpoint that somebody else was shown stands to what this browser was shown. */
export type Comparison =
  | { readonly is: 'same' }
  | { readonly is: 'fork' }
  /** The server did not show what lies between the two. It may yet. */
  | { readonly is: 'unshown'; readonly why: unknown }
  /** It is signed with another key: one of the two was shown another log. */
  | { readonly is: 'otherKey' }
  | { readonly is: 'garbage' };

const ATTEMPTS = 16;

/**
 * A log as this browser knows it. The first key seen for an origin is kept. A smaller log, or one whose past differs
 * from the one remembered, is a finding: it is kept with the two signed checkpoints, told to `findings`, and thrown as
 * `LogBroken`. A fork is for good; a log that went back may come back. Several pages may use one memory at a time.
 */
export class KnownLog {
  readonly by: Verifier;
  readonly tiles: Tiles;
  readonly #memory: Memory;
  readonly #findings: Findings;

  private constructor(by: Verifier, tiles: Tiles, memory: Memory, told: Findings) {
    this.by = by;
    this.tiles = tiles;
    this.#memory = memory;
    this.#findings = told;
  }

  static async of(
    vkey: string,
    tiles: Tiles = new Tiles(),
    memory: Memory = onThisDevice(),
    told: Findings = findings,
  ): Promise<KnownLog> {
    const by = await verifier(vkey);
    const known = await memory.get(by.name);
    if (known && known.vkey !== vkey) throw new LogMismatch('the log has another key than before');
    return new KnownLog(by, tiles, memory, told);
  }

  /** What was found wrong with this log, now or on an earlier visit. */
  async finding(): Promise<Finding | undefined> {
    const finding = (await this.#known())?.finding;
    if (finding) this.#tell(finding);
    return finding ?? this.#findings.get().found.get(this.by.vkey);
  }

  /** Throws if anything was found wrong with this log: no yes may rest on it. */
  async sound(): Promise<void> {
    const finding = await this.finding();
    if (finding) throw new LogBroken(finding);
  }

  /** The newest checkpoint, once it is shown to continue the one remembered. */
  async latest(now: Date): Promise<Checkpoint> {
    const before = await this.#known();
    if (before?.finding?.is === 'fork') throw this.#broken(before.finding);
    const fresh = await this.tiles.checkpoint(this.by);
    // Remembered before it was asked: an honest log cannot be smaller than that.
    if (before && fresh.size < before.size) throw await this.#wentBack(before, fresh, now);
    await this.remember(fresh, now);
    if (before?.finding) await this.#cameBack();
    return fresh;
  }

  /** Checks `fresh` against the remembered checkpoint (either may be the newer one) and keeps the newer. */
  async remember(fresh: Checkpoint, now: Date): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = await this.#known();
      if (known) {
        if (known.finding?.is === 'fork') throw this.#broken(known.finding);
        const fork = await this.#contradiction(checkpointOf(known), fresh);
        if (fork) throw await this.#forked(fork, 'times', now);
        if (known.size >= fresh.size) return;
      }
      const next = this.#memoryOf(fresh, now);
      if (await this.#memory.put(known?.finding ? { ...next, finding: known.finding } : next, known)) return;
    }
    throw new Error('the memory of the log keeps changing');
  }

  /**
   * Compares a checkpoint that somebody else was shown with what this browser was shown, asking the server for its
   * newest one if theirs is ahead. A contradiction is a finding.
   */
  async compare(note: string, now: Date): Promise<Comparison> {
    let theirs: Checkpoint;
    try {
      theirs = await openCheckpoint(note, this.by);
    } catch {
      return { is: withOtherKey(note, this.by) ? 'otherKey' : 'garbage' };
    }
    try {
      const known = await this.#known();
      if (known?.finding?.is === 'fork') throw this.#broken(known.finding);
      let mine = known && checkpointOf(known);
      if (!mine || mine.size < theirs.size) mine = await this.latest(now);
      if (mine.size < theirs.size) throw new LogMismatch('the server shows others more of the log');
      const fork = await this.#contradiction(theirs, mine);
      if (!fork) return { is: 'same' };
      await this.#forked(fork, 'people', now);
      return { is: 'fork' };
    } catch (why) {
      return why instanceof LogBroken && why.finding.is === 'fork' ? { is: 'fork' } : { is: 'unshown', why };
    }
  }

  /** Takes up a fork that somebody else found, if it is proved; throws `LogMismatch` if it is not. */
  async takeUp(fork: Fork, now: Date): Promise<void> {
    await checkFork(fork, this.by);
    await this.#forked(fork, 'people', now);
  }

  /** The proof that the two contradict each other; undefined once the older is shown to be the beginning of the newer. */
  async #contradiction(a: Checkpoint, b: Checkpoint): Promise<Fork | undefined> {
    const [older, newer] = a.size <= b.size ? [a, b] : [b, a];
    if (older.size === newer.size || older.size === 0) {
      const root = older.size === newer.size ? newer.root : await emptyRoot();
      return equal(older.root, root) ? undefined : forkOf(older, newer, [], this.by);
    }
    for (const again of [false, true]) {
      if (again) this.tiles.forget();
      const path = await prefixPath(older.size, newer.size, this.tiles.hashes(newer.size));
      const roots = await prefixRoots(older.size, newer.size, path);
      if (!roots || !equal(roots.newer, newer.root)) continue;
      return equal(roots.older, older.root) ? undefined : forkOf(older, newer, path, this.by);
    }
    throw new LogMismatch('the tiles of the log do not belong to its root');
  }

  async #wentBack(before: Remembered, fresh: Checkpoint, now: Date): Promise<LogBroken> {
    // Its shorter past may be another one, too: that is the graver finding, where the server still shows it.
    const fork = await this.#contradiction(checkpointOf(before), fresh).catch(() => undefined);
    if (fork) return this.#forked(fork, 'times', now);
    return this.#keep(
      {
        is: 'back',
        vkey: this.by.vkey,
        before: bareNote(before.note, this.by),
        after: bareNote(fresh.note, this.by),
        at: now.toISOString(),
      },
      fresh,
      now,
    );
  }

  #forked(fork: Fork, between: 'times' | 'people', now: Date): Promise<LogBroken> {
    return this.#keep({ is: 'fork', between, fork, at: now.toISOString() }, undefined, now);
  }

  /** Tells the page first, then writes it down; what is known already stays as it was first found. */
  async #keep(finding: Finding, seen: Checkpoint | undefined, now: Date): Promise<LogBroken> {
    this.#tell(finding);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = await this.#known();
      if (known?.finding?.is === 'fork' || known?.finding?.is === finding.is)
        return this.#broken(known.finding);
      const newest =
        seen ?? (finding.is === 'fork' ? await openCheckpoint(finding.fork.newer, this.by) : undefined);
      const base = known ?? (newest && this.#memoryOf(newest, now));
      if (!base || (await this.#memory.put({ ...base, finding }, known))) return new LogBroken(finding);
    }
    throw new Error('the memory of the log keeps changing');
  }

  /** A log that had gone back shows all that it showed before: nothing is held against it any more. */
  async #cameBack(): Promise<void> {
    const known = await this.#known();
    if (known?.finding?.is !== 'back') return;
    const { finding: _gone, ...rest } = known;
    if (!(await this.#memory.put(rest, known))) return;
    const found = new Map(this.#findings.get().found);
    found.delete(this.by.vkey);
    this.#findings.set({ found });
  }

  async #known(): Promise<Remembered | undefined> {
    const known = await this.#memory.get(this.by.name);
    if (known && known.vkey !== this.by.vkey) throw new LogMismatch('the log has another key than before');
    return known;
  }

  #broken(finding: Finding): LogBroken {
    this.#tell(finding);
    return new LogBroken(finding);
  }

  #tell(finding: Finding): void {
    const { found } = this.#findings.get();
    const told = found.get(this.by.vkey);
    if (told?.is === 'fork' || told?.is === finding.is) return;
    this.#findings.set({ found: new Map(found).set(this.by.vkey, finding) });
  }

  #memoryOf(checkpoint: Checkpoint, now: Date): Remembered {
    return {
      origin: this.by.name,
      vkey: this.by.vkey,
      size: checkpoint.size,
      root: b64(checkpoint.root),
      note: checkpoint.note,
      at: now.toISOString(),
    };
  }
}

function checkpointOf({ origin, size, root, note }: Remembered): Checkpoint {
  return { origin, size, root: unb64(root), note };
}

/** Whether a note is well-formed and signed, but by a key of another name or id. */
function withOtherKey(note: string, by: Verifier): boolean {
  const match = /^(\S+)\n(?:0|[1-9]\d{0,14})\n[A-Za-z0-9+/]{43}=\n\n— (\S+) ([A-Za-z0-9+/]{91}=)\n$/.exec(
    note,
  );
  if (!match || match[1] !== match[2]) return false;
  try {
    const signature = unb64(match[3] ?? '');
    return signature.length === 68 && (match[1] !== by.name || !equal(signature.slice(0, 4), by.id));
  } catch {
    return false;
  }
}
