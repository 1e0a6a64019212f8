import { concat, equal, sha256, type Bytes } from '../bytes/bytes';

/** The RFC 6962 hash tree: leaf `H(00‖data)`, node `H(01‖l‖r)`; proofs are verified as RFC 9162 2.1.3 and 2.1.4 say. */

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(data: Uint8Array): Promise<Bytes> {
  return sha256(concat(LEAF, data));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(concat(NODE, left, right));
}

export function emptyRoot(): Promise<Bytes> {
  return sha256(new Uint8Array(0));
}

/** A complete subtree: 2^level leaves, the index-th of its level. */
export type ReadHash = (level: number, index: number) => Promise<Bytes>;

/** Largest power of two below n (n > 1). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Root over the leaves [from, to); `from` is a multiple of the power of two that covers the range. */
export async function rangeRoot(from: number, to: number, read: ReadHash): Promise<Bytes> {
  const n = to - from;
  if (n === 0) return emptyRoot();
  const level = Math.log2(n);
  if (Number.isInteger(level)) return read(level, from / n);
  const k = split(n);
  return nodeHash(await rangeRoot(from, from + k, read), await rangeRoot(from + k, to, read));
}

/** The inclusion path of leaf `index` in the tree of the first `size` leaves. */
export async function inclusionPath(index: number, size: number, read: ReadHash): Promise<Bytes[]> {
  const path: Bytes[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (index < middle) {
      path.push(await rangeRoot(middle, to, read));
      to = middle;
    } else {
      path.push(await rangeRoot(from, middle, read));
      from = middle;
    }
  }
  return path.reverse();
}

/** The consistency path between the trees of the first `older` and the first `newer` leaves. */
export async function consistencyPath(older: number, newer: number, read: ReadHash): Promise<Bytes[]> {
  return older > 0 && older < newer ? between(older, newer, true, read) : [];
}

/**
 * The consistency path with its first hash always spelt out (0 < older < newer): it leads to the root over the first
 * `older` leaves of the newer tree without being told that root, so that it can also show that the root is another one.
 */
export function prefixPath(older: number, newer: number, read: ReadHash): Promise<Bytes[]> {
  return between(older, newer, false, read);
}

async function between(older: number, newer: number, known: boolean, read: ReadHash): Promise<Bytes[]> {
  const path: Bytes[] = [];
  const walk = async (m: number, from: number, to: number, whole: boolean): Promise<void> => {
    if (m === to - from) {
      if (!whole) path.push(await rangeRoot(from, to, read));
      return;
    }
    const k = split(to - from);
    if (m <= k) {
      await walk(m, from, from + k, whole);
      path.push(await rangeRoot(from + k, to, read));
    } else {
      await walk(m - k, from + k, to, false);
      path.push(await rangeRoot(from, from + k, read));
    }
  };
  await walk(older, 0, newer, known);
  return path;
}

/** Whether `path` shows that `leaf` is the index-th of the tree with this size and root (RFC 9162 2.1.3.2). */
export async function included(
  leaf: Bytes,
  index: number,
  size: number,
  path: readonly Bytes[],
  root: Bytes,
): Promise<boolean> {
  if (index < 0 || index >= size || path.length > 64) return false;
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = await nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      r = await nodeHash(r, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equal(r, root);
}

/** Whether `path` shows that the newer tree begins with all of the older one (RFC 9162 2.1.4.2). */
export async function consistent(
  older: { size: number; root: Bytes },
  newer: { size: number; root: Bytes },
  path: readonly Bytes[],
): Promise<boolean> {
  if (older.size > newer.size || path.length > 128) return false;
  if (older.size === newer.size) return path.length === 0 && equal(older.root, newer.root);
  if (older.size === 0) return path.length === 0 && equal(older.root, await emptyRoot());
  const whole = Number.isInteger(Math.log2(older.size));
  const roots = await prefixRoots(older.size, newer.size, whole ? [older.root, ...path] : path);
  return roots !== undefined && equal(roots.older, older.root) && equal(roots.newer, newer.root);
}

/**
 * The two roots that a `prefixPath` leads to: over the first `older` leaves, and over all `newer`. Undefined for what is
 * no path between these sizes. The shape of a tree is given by its size, so a path that leads to the root of a tree
 * leads to the one root that its first `older` leaves have.
 */
export async function prefixRoots(
  older: number,
  newer: number,
  path: readonly Bytes[],
): Promise<{ older: Bytes; newer: Bytes } | undefined> {
  const [first, ...rest] = path;
  if (!first || older < 1 || older >= newer || path.length > 128) return undefined;
  let fn = older - 1;
  let sn = newer - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  let fr = first;
  let sr = first;
  for (const c of rest) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      fr = await nodeHash(c, fr);
      sr = await nodeHash(c, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = await nodeHash(sr, c);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? { older: fr, newer: sr } : undefined;
}
