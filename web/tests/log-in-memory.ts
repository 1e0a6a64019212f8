import { b64, concat, sha256, utf8, type Bytes } from '../src/features/bytes/bytes';
import { sameMemory, type Memory, type Remembered } from '../src/features/log/memory';
import { inclusionPath, leafHash, rangeRoot } from '../src/features/log/tree';

function signingPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
}

/** A log in memory that signs and serves tiles as the server does; with the key of another one, its second history. */
export async function logInMemory(origin = 'log.example/aye', key?: CryptoKeyPair) {
  const pair = key ?? (await signingPair());
  const pub = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const typed = concat(Uint8Array.of(1), pub);
  const id = (await sha256(concat(utf8(`${origin}\n`), typed))).slice(0, 4);
  const vkey = `${origin}+${[...id].map((b) => b.toString(16).padStart(2, '0')).join('')}+${b64(typed)}`;
  const entries: Bytes[] = [];
  const sign = async (body: string) => {
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, utf8(body)));
    return `${body}\n— ${origin} ${b64(concat(id, signature))}\n`;
  };
  const read = async (level: number, index: number): Promise<Bytes> => {
    if (level === 0) return leafHash(entries[index] ?? new Uint8Array());
    return rangeRoot(index * 2 ** level, (index + 1) * 2 ** level, (l, i) =>
      l === level ? join(level, i) : read(l, i),
    );
  };
  const join = async (level: number, i: number): Promise<Bytes> =>
    sha256(concat(Uint8Array.of(1), await read(level - 1, 2 * i), await read(level - 1, 2 * i + 1)));
  const checkpoint = async (size = entries.length) =>
    sign(`${origin}\n${size}\n${b64(await rangeRoot(0, size, read))}\n`);
  const number = (path: string) => Number(path.replaceAll('x', '').replaceAll('/', ''));
  const fetch = async (path: string): Promise<Bytes> => {
    if (path === '/log/checkpoint') return utf8(await checkpoint());
    const bundle = /^\/log\/tile\/entries\/([x\d/]+?)(?:\.p\/(\d+))?$/.exec(path);
    if (bundle) {
      const from = number(bundle[1] ?? '') * 256;
      return concat(
        ...entries
          .slice(from, from + Number(bundle[2] ?? 256))
          .map((e) => concat(Uint8Array.of(e.length >> 8, e.length & 255), e)),
      );
    }
    const tile = /^\/log\/tile\/(\d+)\/([x\d/]+?)(?:\.p\/(\d+))?$/.exec(path);
    if (!tile) throw new Error(path);
    const from = number(tile[2] ?? '') * 256;
    const hashes: Bytes[] = [];
    for (let i = 0; i < Number(tile[3] ?? 256); i++) hashes.push(await read(8 * Number(tile[1]), from + i));
    return concat(...hashes);
  };
  const proof = async (index: number, size = entries.length) =>
    [
      'c2sp.org/tlog-proof@v1',
      `index ${index}`,
      ...(await inclusionPath(index, size, read)).map(b64),
      '',
    ].join('\n') + `\n${await checkpoint(size)}`;
  return { origin, pair, vkey, entries, sign, read, checkpoint, fetch, proof };
}

/** A memory of checkpoints that lives as long as the test. */
export function memoryInMap(): Memory & { readonly held: Map<string, Remembered> } {
  const held = new Map<string, Remembered>();
  return {
    held,
    get: (origin) => Promise.resolve(held.get(origin)),
    put: (value, instead) => {
      const same = sameMemory(held.get(value.origin), instead);
      if (same) held.set(value.origin, value);
      return Promise.resolve(same);
    },
  };
}
