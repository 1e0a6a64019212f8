import { concat, equal, sha256, unb64, utf8, type Bytes } from '../bytes/bytes';

/** A key that signs notes: name, key id and Ed25519 public key, from its `vkey` text (C2SP signed-note). */
export interface Verifier {
  readonly name: string;
  readonly id: Bytes;
  readonly key: CryptoKey;
  readonly vkey: string;
}

/** What a browser that has no Ed25519 in WebCrypto throws here; the page then says that it cannot check. */
export class CannotVerify extends Error {}

/** A note whose signature does not hold, or that does not say what it must. */
export class LogMismatch extends Error {}

const ED25519 = 1;
const COSIGNATURE = 4;

/** Parses `name+hex(keyID)+base64(type ‖ key)` and checks that the id belongs to the key. */
export function verifier(vkey: string): Promise<Verifier> {
  return keyOfType(ED25519, vkey);
}

/** The key under which a witness cosigns checkpoints (C2SP tlog-cosignature, cosignature/v1). */
export function witnessKey(vkey: string): Promise<Verifier> {
  return keyOfType(COSIGNATURE, vkey);
}

async function keyOfType(type: number, vkey: string): Promise<Verifier> {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  if (!match) throw new LogMismatch('the log key is not a verifier key');
  const [, name = '', hex = '', encoded = ''] = match;
  const typed = unb64(encoded);
  if (typed.length !== 33 || typed[0] !== type) throw new LogMismatch('the log key is not Ed25519');
  const id = (await sha256(concat(utf8(`${name}\n`), typed))).slice(0, 4);
  if (
    !equal(
      id,
      Uint8Array.from(hex.match(/../g) ?? [], (h) => parseInt(h, 16)),
    )
  )
    throw new LogMismatch('the id of the log key is not that of its key');
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey('raw', typed.slice(1), 'Ed25519', true, ['verify']);
  } catch (cause) {
    throw new CannotVerify('this browser has no Ed25519', { cause });
  }
  return { name, id, key, vkey };
}

/**
 * The text of a signed note, once the signature by `by` holds. Signatures of keys that we do not know are passed over,
 * as the format asks; at most 64 KiB.
 */
export async function openNote(note: string, by: Verifier): Promise<string> {
  const { body, lines } = split(note);
  for (const { name, encoded } of lines) {
    if (name !== by.name) continue;
    const signature = unb64(encoded);
    if (signature.length !== 68 || !equal(signature.slice(0, 4), by.id)) continue;
    if (await crypto.subtle.verify('Ed25519', by.key, signature.slice(4), utf8(body))) return body;
    throw new LogMismatch('the signature of the log does not hold');
  }
  throw new LogMismatch('the note is not signed by the log');
}

/** When a witness says that it saw this checkpoint, if its cosignature is there and holds. */
export async function cosignedAt(note: string, by: Verifier): Promise<Date | undefined> {
  const { body, lines } = split(note);
  for (const { name, encoded } of lines) {
    if (name !== by.name) continue;
    const signature = unb64(encoded);
    if (signature.length !== 76 || !equal(signature.slice(0, 4), by.id)) continue;
    const seconds = new DataView(signature.buffer, signature.byteOffset + 4, 8).getBigUint64(0);
    const signed = utf8(`cosignature/v1\ntime ${seconds}\n${body}`);
    if (!(await crypto.subtle.verify('Ed25519', by.key, signature.slice(12), signed))) continue;
    const at = new Date(Number(seconds) * 1000);
    return Number.isNaN(at.getTime()) ? undefined : at;
  }
  return undefined;
}

/** The text of a note, and the lines below it that sign it; at most 64 KiB. */
function split(note: string): { body: string; lines: { name: string; encoded: string }[] } {
  if (note.length > 65536) throw new LogMismatch('the note is too long');
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new LogMismatch('this is not a signed note');
  const lines = note
    .slice(end + 2, -1)
    .split('\n')
    .map((line) => {
      const match = /^— (\S+) (\S+)$/.exec(line);
      if (!match) throw new LogMismatch('the note has a line that is no signature');
      return { name: match[1] ?? '', encoded: match[2] ?? '' };
    });
  return { body: note.slice(0, end + 1), lines };
}

/** The head of the log: how many entries it holds and the root over them. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
  readonly note: string;
}

/** Opens a checkpoint (C2SP tlog-checkpoint): origin, size and root, nothing else. */
export async function openCheckpoint(note: string, by: Verifier): Promise<Checkpoint> {
  const lines = (await openNote(note, by)).split('\n');
  const [origin = '', size = '', root = ''] = lines;
  if (lines.length !== 4 || origin !== by.name || !/^(0|[1-9]\d{0,14})$/.test(size))
    throw new LogMismatch('the checkpoint is malformed');
  const hash = unb64(root);
  if (hash.length !== 32) throw new LogMismatch('the root is not a hash');
  return { origin, size: Number(size), root: hash, note };
}

/** The promise that the log signs on a withdrawal (docs/protocol.md): in the log within 60 s of `at`. */
export interface WithdrawalPromise {
  readonly handle: Bytes;
  readonly size: number;
  readonly at: Date;
}

export async function openPromise(note: string, by: Verifier): Promise<WithdrawalPromise> {
  const lines = (await openNote(note, by)).split('\n');
  const [kind, origin, handle = '', size = '', at = ''] = lines;
  if (
    lines.length !== 6 ||
    kind !== 'aye-promise/1' ||
    origin !== by.name ||
    !/^(0|[1-9]\d{0,14})$/.test(size)
  )
    throw new LogMismatch('the promise is malformed');
  const time = new Date(at);
  const bytes = unb64(handle);
  if (bytes.length !== 32 || Number.isNaN(time.getTime())) throw new LogMismatch('the promise is malformed');
  return { handle: bytes, size: Number(size), at: time };
}
