import { b64, equal, unb64 } from '../bytes/bytes';
import { Shelf } from '../device/shelf';
import { LogMismatch, verifier, type Checkpoint, type Verifier } from './note';
import { consistencyPath, consistent } from './tree';
import { Tiles } from './tiles';

/** The last checkpoint of a log that this browser saw, and the key it was signed with. */
interface Remembered {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  readonly root: string;
  readonly note: string;
  readonly at: string;
}

/** Where checkpoints are remembered: IndexedDB in the page, a map in tests. */
export interface Memory {
  get(origin: string): Promise<Remembered | undefined>;
  put(value: Remembered): Promise<void>;
}

/**
 * A log as this browser knows it. The first key seen for an origin is kept; another key, a smaller log, or a log whose
 * past differs from the one remembered throws `LogMismatch`, and nothing is remembered.
 */
export class KnownLog {
  readonly by: Verifier;
  readonly tiles: Tiles;
  readonly #memory: Memory;

  private constructor(by: Verifier, tiles: Tiles, memory: Memory) {
    this.by = by;
    this.tiles = tiles;
    this.#memory = memory;
  }

  static async of(
    vkey: string,
    tiles: Tiles = new Tiles(),
    memory: Memory = new Shelf<Remembered>('aye', 'checkpoints'),
  ): Promise<KnownLog> {
    const by = await verifier(vkey);
    const known = await memory.get(by.name);
    if (known && known.vkey !== vkey) throw new LogMismatch('the log has another key than before');
    return new KnownLog(by, tiles, memory);
  }

  /** The newest checkpoint, once it is shown to continue the one remembered. */
  async latest(now: Date): Promise<Checkpoint> {
    const fresh = await this.tiles.checkpoint(this.by);
    await this.remember(fresh, now);
    return fresh;
  }

  /** Checks `fresh` against the remembered checkpoint (either may be the newer one) and keeps the newer. */
  async remember(fresh: Checkpoint, now: Date): Promise<void> {
    const known = await this.#memory.get(this.by.name);
    if (known) {
      const old = { size: known.size, root: unb64(known.root) };
      const [first, second] = old.size <= fresh.size ? [old, fresh] : [fresh, old];
      if (first.size === second.size) {
        if (!equal(first.root, second.root)) throw new LogMismatch('the log shows two different pasts');
      } else {
        const path = await consistencyPath(first.size, second.size, this.tiles.hashes(second.size));
        if (!(await consistent(first, second, path)))
          throw new LogMismatch('the log no longer contains what it contained before');
      }
      if (old.size >= fresh.size) return;
    }
    await this.#memory.put({
      origin: this.by.name,
      vkey: this.by.vkey,
      size: fresh.size,
      root: b64(fresh.root),
      note: fresh.note,
      at: now.toISOString(),
    });
  }
}
