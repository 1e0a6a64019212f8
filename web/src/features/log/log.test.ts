import { describe, expect, it } from 'vitest';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { b64, sha256, type Bytes } from '../bytes/bytes';
import { leaf } from './leaf';
import { KnownLog } from './memory';
import { LogMismatch, openNote, openPromise, verifier } from './note';
import { checkProof } from './proof';
import { Tiles, tileNumber } from './tiles';
import { consistencyPath, consistent, emptyRoot, included, inclusionPath, leafHash, rangeRoot } from './tree';

const entry = (i: number) => leaf.answer(new Uint8Array(32).fill(i % 251));

describe('the tree', () => {
  // Roots of the test vectors of Certificate Transparency (RFC 6962 reference implementation).
  const vectors = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const hex = (b: Bytes) => [...b].map((x) => x.toString(16).padStart(2, '0')).join('');

  it('has the roots of the published vectors', async () => {
    expect(hex(await emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const log = await logInMemory();
    for (const [i, v] of vectors.entries()) {
      log.entries.push(Uint8Array.from(v.match(/../g) ?? [], (h) => parseInt(h, 16)));
      expect(hex(await rangeRoot(0, i + 1, log.read))).toBe(roots[i]);
    }
  });

  it('proves inclusion and consistency for every pair of sizes, and refuses every altered path', async () => {
    const log = await logInMemory();
    for (let i = 0; i < 20; i++) log.entries.push(entry(i));
    for (let n = 1; n <= 20; n++) {
      const root = await rangeRoot(0, n, log.read);
      for (let i = 0; i < n; i++) {
        const path = await inclusionPath(i, n, log.read);
        expect(await included(await leafHash(entry(i)), i, n, path, root)).toBe(true);
        expect(await included(await leafHash(entry(i + 1)), i, n, path, root)).toBe(false);
        if (n > 1) expect(await included(await leafHash(entry(i)), (i + 1) % n, n, path, root)).toBe(false);
      }
      for (let m = 0; m <= n; m++) {
        const older = { size: m, root: await rangeRoot(0, m, log.read) };
        const path = await consistencyPath(m, n, log.read);
        expect(await consistent(older, { size: n, root }, path)).toBe(true);
        const other = { size: m, root: await sha256(older.root) };
        expect(await consistent(other, { size: n, root }, path)).toBe(false);
      }
    }
  });
});

describe('notes', () => {
  it('opens what the log signed and nothing else', async () => {
    const log = await logInMemory();
    const by = await verifier(log.vkey);
    const note = await log.sign('hello\n');
    expect(await openNote(note, by)).toBe('hello\n');
    await expect(openNote(note.replace('hello', 'hallo'), by)).rejects.toThrow(LogMismatch);
    const stranger = await logInMemory();
    await expect(openNote(await stranger.sign('hello\n'), by)).rejects.toThrow(LogMismatch);
  });

  it('reads a promise of withdrawal', async () => {
    const log = await logInMemory();
    const by = await verifier(log.vkey);
    const handle = new Uint8Array(32).fill(7);
    const note = await log.sign(
      `aye-promise/1\n${log.origin}\n${b64(handle)}\n12\n2026-11-22T10:00:00.000Z\n`,
    );
    expect((await openPromise(note, by)).size).toBe(12);
  });

  it('refuses a verifier key whose id is not that of its key', async () => {
    const log = await logInMemory();
    await expect(verifier(log.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).rejects.toThrow(LogMismatch);
  });
});

describe('tiles and memory', () => {
  it('names tiles in groups of three digits', () => {
    expect([0, 7, 999, 1000, 1234067].map(tileNumber)).toEqual([
      '000',
      '007',
      '999',
      'x001/000',
      'x001/x234/067',
    ]);
  });

  it('follows a log that grows over a full tile', async () => {
    const log = await logInMemory();
    for (let i = 0; i < 5; i++) log.entries.push(entry(i));
    const held = memoryInMap();
    const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), held);
    await known.latest(new Date(0));
    for (let i = 5; i < 300; i++) log.entries.push(entry(i));
    const checkpoint = await known.latest(new Date(1));
    expect(checkpoint.size).toBe(300);
    const read = await known.tiles.entries(254, 258, 300);
    expect(read.map((e) => e.index)).toEqual([254, 255, 256, 257]);
    expect(read[2]?.data).toEqual(entry(256));
    expect((await checkProof(await log.proof(299), entry(299), known.by)).index).toBe(299);
    await expect(checkProof(await log.proof(299), entry(298), known.by)).rejects.toThrow(LogMismatch);
  });

  it('notices a log that rewrote its past', async () => {
    const log = await logInMemory();
    for (let i = 0; i < 5; i++) log.entries.push(entry(i));
    const held = memoryInMap();
    const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), held);
    await known.latest(new Date(0));
    log.entries[2] = entry(99);
    for (let i = 5; i < 9; i++) log.entries.push(entry(i));
    const again = await KnownLog.of(log.vkey, new Tiles(log.fetch), held);
    await expect(again.latest(new Date(1))).rejects.toThrow(LogMismatch);
  });

  it('notices a log with another key', async () => {
    const held = memoryInMap();
    const log = await logInMemory();
    log.entries.push(entry(0));
    await (await KnownLog.of(log.vkey, new Tiles(log.fetch), held)).latest(new Date(0));
    const other = await logInMemory();
    await expect(KnownLog.of(other.vkey, new Tiles(other.fetch), held)).rejects.toThrow(LogMismatch);
  });
});
