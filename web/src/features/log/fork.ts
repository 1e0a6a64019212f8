import { b64, equal, unb64, type Bytes } from '../bytes/bytes';
import { LogMismatch, openCheckpoint, type Checkpoint, type Verifier } from './note';
import { emptyRoot, prefixRoots } from './tree';

/**
 * Two checkpoints that one key signed and of which at most one can be true: of the same size with different roots, or
 * with a path that leads to the root of the newer tree and shows that its first leaves are not those of the older one.
 * Whoever has the key of the log can check it, offline; nobody without its private half can make one.
 */
export interface Fork {
  readonly vkey: string;
  readonly older: string;
  readonly newer: string;
  readonly path: readonly string[];
}

/** What was found wrong with a log, kept as evidence. */
export type Finding =
  /** A fork, as this browser was shown it alone, or as it and somebody else in a meeting were. */
  | {
      readonly is: 'fork';
      readonly between: 'times' | 'people';
      readonly fork: Fork;
      readonly at: string;
    }
  /** The newest checkpoint is smaller than one before it. A checkpoint has no time, so this convinces only who saw it. */
  | {
      readonly is: 'back';
      readonly vkey: string;
      readonly before: string;
      readonly after: string;
      readonly at: string;
    };

/** The log was found to contradict itself. From then on no yes rests on it. */
export class LogBroken extends LogMismatch {
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.is === 'fork' ? 'it has two different pasts' : 'it is shorter than it was');
    this.finding = finding;
  }
}

const SCHEMA = 'urn:aye:fork:1';
const BACK_SCHEMA = 'urn:aye:log-back:1';

/** A note with the signature of the log alone, so that what carries it is of bounded size. */
export function bareNote(note: string, by: Verifier): string {
  const split = note.lastIndexOf('\n\n');
  const own = note
    .slice(split + 2, -1)
    .split('\n')
    .find((line) => {
      const [, name, signature] = line.split(' ');
      try {
        return name === by.name && equal(unb64(signature ?? '').slice(0, 4), by.id);
      } catch {
        return false;
      }
    });
  if (split < 0 || own === undefined) throw new LogMismatch('the note is not signed by the log');
  return `${note.slice(0, split + 2)}${own}\n`;
}

/** The evidence for a contradiction between two checkpoints that were opened with the key. */
export function forkOf(older: Checkpoint, newer: Checkpoint, path: readonly Bytes[], by: Verifier): Fork {
  return {
    vkey: by.vkey,
    older: bareNote(older.note, by),
    newer: bareNote(newer.note, by),
    path: path.map(b64),
  };
}

/** The text of a fork as it travels: this and no other spelling is read. */
export function writeFork({ vkey, older, newer, path }: Fork): string {
  return JSON.stringify({ schema: SCHEMA, vkey, older, newer, path });
}

/** Reads a parsed fork; undefined for anything else. Whether it proves something is `checkFork`'s to say. */
export function readFork(value: unknown): Fork | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { schema, vkey, older, newer, path } = value as Record<string, unknown>;
  if (schema !== SCHEMA || typeof vkey !== 'string') return undefined;
  if (typeof older !== 'string' || typeof newer !== 'string' || !Array.isArray(path)) return undefined;
  if (path.length > 128 || !path.every((hash) => typeof hash === 'string')) return undefined;
  return { vkey, older, newer, path };
}

/** Resolves if the fork is proved under this key; throws `LogMismatch` if it proves nothing. */
export async function checkFork(fork: Fork, by: Verifier): Promise<void> {
  if (fork.vkey !== by.vkey) throw new LogMismatch('this is about another log');
  const older = await openCheckpoint(fork.older, by);
  const newer = await openCheckpoint(fork.newer, by);
  const path = fork.path.map((hash) => unb64(hash));
  if (path.some((hash) => hash.length !== 32)) throw new LogMismatch('the path is malformed');
  if (older.size === newer.size && path.length === 0 && !equal(older.root, newer.root)) return;
  if (older.size === 0 && path.length === 0 && !equal(older.root, await emptyRoot())) return;
  const roots = await prefixRoots(older.size, newer.size, path);
  if (roots && equal(roots.newer, newer.root) && !equal(roots.older, older.root)) return;
  throw new LogMismatch('these checkpoints do not contradict each other');
}

/** The file that a person keeps of what was found (docs/protocol.md). */
export function findingFile(finding: Finding): string {
  if (finding.is === 'fork')
    return `${JSON.stringify(JSON.parse(writeFork(finding.fork)) as unknown, null, 2)}\n`;
  const { vkey, before, after, at } = finding;
  return `${JSON.stringify({ schema: BACK_SCHEMA, vkey, before, after, at }, null, 2)}\n`;
}
