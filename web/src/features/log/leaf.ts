import { concat, sha256, utf8, type Bytes } from '../bytes/bytes';

/** The leaves of the log that a browser checks (docs/protocol.md, "Log leaves"). */
export const leaf = {
  answer: (commitment: Bytes): Bytes => concat(Uint8Array.of(1), commitment),
  withdraw: (secret: Bytes): Bytes => concat(Uint8Array.of(2), secret),
  revoke: (handle: Bytes): Bytes => concat(Uint8Array.of(3), handle),
  key: (point: Bytes): Bytes => concat(Uint8Array.of(4), point),
  notice: (hash: Bytes): Bytes => concat(Uint8Array.of(5), hash),
  build: (hash: Bytes): Bytes => concat(Uint8Array.of(11), hash),
};

/** commitment = SHA-256(salt ‖ ASCII of the receipt). */
export function commitment(salt: Bytes, receipt: string): Promise<Bytes> {
  return sha256(concat(salt, utf8(receipt)));
}

export const LEAF_NAMES: Record<number, string> = {
  1: 'ANSWER',
  2: 'WITHDRAW',
  3: 'REVOKE',
  4: 'KEY',
  5: 'NOTICE',
  6: 'CAPTURE',
  7: 'DATASET',
  8: 'MODEL',
  9: 'SHRED',
  10: 'RECALL',
  11: 'BUILD',
  12: 'CLOSE',
};
