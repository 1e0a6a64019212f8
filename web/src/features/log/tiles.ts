import { Problem } from '../api/client';
import { concat, equal, type Bytes } from '../bytes/bytes';
import { LogMismatch, openCheckpoint, type Checkpoint, type Verifier } from './note';
import { leafHash, nodeHash, type ReadHash } from './tree';

/**
 * The read side of a log over HTTP (C2SP tlog-tiles); `again` asks past every cache. Given as a function so that tests
 * can serve a log from memory.
 */
export type Fetch = (path: string, again?: boolean) => Promise<Bytes>;

const PATIENCE_MS = 10_000;
const LARGEST = 1 << 20;

/**
 * Asks the server that the page came from; gives up after 10 s, and on an answer of more than `largest` bytes. Throws a
 * `Problem` where there was no answer to judge (`unchecked`), a `LogMismatch` where the log does not have what it must.
 */
export async function fetchFromServer(path: string, again = false, largest = LARGEST): Promise<Bytes> {
  const offline = (cause: unknown): never => {
    throw new Problem('offline', 0, String(cause));
  };
  const response = await fetch(path, {
    cache: path.endsWith('/checkpoint') ? 'no-store' : again ? 'reload' : 'default',
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(offline);
  const { status } = response;
  if (status === 429 || status >= 500) throw new Problem(`status-${status}`, status, path);
  if (!response.ok) throw new LogMismatch(`the log did not give ${path} (${status})`);
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  const next = () => reader?.read().catch(offline);
  for (let part = await next(); part && !part.done; part = await next()) {
    parts.push(part.value);
    length += part.value.length;
    if (length > largest) {
      await reader?.cancel();
      throw new LogMismatch(`the log gave too much at ${path}`);
    }
  }
  return concat(...parts);
}

/** N in groups of three digits, all but the last with an `x` (tlog-tiles). */
export function tileNumber(n: number): string {
  const groups: string[] = [];
  let rest = n;
  do {
    groups.unshift(String(rest % 1000).padStart(3, '0'));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return groups.map((g, i) => (i < groups.length - 1 ? `x${g}` : g)).join('/');
}

function partial(width: number): string {
  return width === 256 ? '' : `.p/${width}`;
}

export class Tiles {
  readonly #fetch: Fetch;
  readonly #seen = new Map<string, Promise<Bytes>>();
  #again = false;

  constructor(fetch: Fetch = fetchFromServer) {
    this.#fetch = fetch;
  }

  async checkpoint(by: Verifier): Promise<Checkpoint> {
    return openCheckpoint(new TextDecoder().decode(await this.#fetch('/log/checkpoint')), by);
  }

  /** Forgets every tile, and asks for them past every cache from now on: what was kept is of another tree. */
  forget(): void {
    this.#seen.clear();
    this.#again = true;
  }

  /** Hashes of complete subtrees of the tree with `size` leaves; what they say is checked by the proofs made of them. */
  hashes(size: number): ReadHash {
    const read: ReadHash = async (level, index) => {
      const tileLevel = Math.floor(level / 8);
      const within = level - tileLevel * 8;
      const first = index * 2 ** within;
      const tile = Math.floor(first / 256);
      const width = Math.min(256, Math.floor(size / 2 ** (8 * tileLevel)) - tile * 256);
      const data = await this.#tile(`/log/tile/${tileLevel}/${tileNumber(tile)}${partial(width)}`);
      if (data.length !== width * 32) throw new LogMismatch('a tile of the log has the wrong size');
      let row: Bytes[] = [];
      for (let i = 0; i < 2 ** within; i++) {
        const at = (first - tile * 256 + i) * 32;
        row.push(data.slice(at, at + 32));
      }
      while (row.length > 1) {
        const up: Bytes[] = [];
        for (let i = 0; i < row.length; i += 2)
          up.push(await nodeHash(row[i] ?? new Uint8Array(), row[i + 1] ?? new Uint8Array()));
        row = up;
      }
      return row[0] ?? new Uint8Array();
    };
    return read;
  }

  /** The entries [from, to) of the tree with `size` leaves, each checked against the hash in its tile. */
  async entries(from: number, to: number, size: number): Promise<{ index: number; data: Bytes }[]> {
    const read = this.hashes(size);
    const out: { index: number; data: Bytes }[] = [];
    for (let bundle = Math.floor(from / 256); bundle * 256 < to; bundle++) {
      const width = Math.min(256, size - bundle * 256);
      const data = await this.#tile(`/log/tile/entries/${tileNumber(bundle)}${partial(width)}`);
      let at = 0;
      for (let i = 0; i < width; i++) {
        const length = ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
        const entry = data.slice(at + 2, at + 2 + length);
        if (at + 2 > data.length || entry.length !== length)
          throw new LogMismatch('an entry bundle is cut short');
        at += 2 + length;
        const index = bundle * 256 + i;
        if (index < from || index >= to) continue;
        if (!equal(await leafHash(entry), await read(0, index)))
          throw new LogMismatch('an entry of the log does not match its hash');
        out.push({ index, data: concat(entry) });
      }
    }
    return out;
  }

  #tile(path: string): Promise<Bytes> {
    const known = this.#seen.get(path);
    if (known) return known;
    const fresh = this.#fetch(path, this.#again);
    this.#seen.set(path, fresh);
    fresh.catch(() => this.#seen.delete(path));
    if (this.#seen.size > 512) this.#seen.delete(this.#seen.keys().next().value ?? '');
    return fresh;
  }
}
