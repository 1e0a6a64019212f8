import { unb64, type Bytes } from '../bytes/bytes';
import { LogMismatch, openCheckpoint, type Checkpoint, type Verifier } from './note';
import type { Tiles } from './tiles';
import { included, inclusionPath, leafHash } from './tree';

/** A C2SP tlog-proof: where an entry is, its inclusion path, and the checkpoint that covers it. */
export interface Proof {
  readonly index: number;
  readonly path: readonly Bytes[];
  readonly checkpoint: string;
}

export function parseProof(textOfProof: string): Proof {
  if (textOfProof.length > 131072) throw new LogMismatch('the proof is too long');
  const end = textOfProof.indexOf('\n\n');
  const lines = textOfProof.slice(0, end).split('\n');
  if (end < 0 || lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new LogMismatch('this is not a proof');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (0|[1-9]\d{0,14})$/.exec(lines.shift() ?? '');
  if (!index) throw new LogMismatch('the proof names no index');
  const path = lines.map((line) => unb64(line));
  if (path.length > 64 || path.some((hash) => hash.length !== 32))
    throw new LogMismatch('the path is malformed');
  return { index: Number(index[1]), path, checkpoint: textOfProof.slice(end + 2) };
}

/** Checks that the log signed a checkpoint which holds `leaf` at the index of the proof; returns both, or throws. */
export async function checkProof(
  textOfProof: string,
  leaf: Bytes,
  by: Verifier,
): Promise<{ index: number; checkpoint: Checkpoint }> {
  const proof = parseProof(textOfProof);
  const checkpoint = await openCheckpoint(proof.checkpoint, by);
  if (!(await included(await leafHash(leaf), proof.index, checkpoint.size, proof.path, checkpoint.root)))
    throw new LogMismatch('the entry is not where the proof says');
  return { index: proof.index, checkpoint };
}

/** Checks by the tiles of the log that `leaf` is at `index` of the tree of this checkpoint; throws if it is not. */
export async function checkInLog(
  tiles: Tiles,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  index: number,
  leaf: Bytes,
): Promise<void> {
  const read = tiles.hashes(size);
  const there =
    Number.isInteger(index) &&
    index >= 0 &&
    index < size &&
    (await included(await leafHash(leaf), index, size, await inclusionPath(index, size, read), root));
  if (!there) throw new LogMismatch('the entry is not where the proof says');
}
