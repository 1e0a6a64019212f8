import { BaseKeyProvider, type Room } from 'livekit-client';
import EncryptionWorker from 'livekit-client/e2ee-worker?worker';
import type { Bytes } from '../bytes/bytes';

/** Gives raw per-participant keys to LiveKit's frame encryption; nothing is ratcheted, a bad frame is only dropped. */
export class SenderKeys extends BaseKeyProvider {
  constructor() {
    super({ sharedKey: false, ratchetWindowSize: 0, failureTolerance: -1 });
  }

  /** How often a key came for a participant and index. */
  readonly #came = new Map<string, number>();
  readonly #awaiting = new Map<string, () => void>();

  async use(participant: string, key: Bytes, index: number): Promise<void> {
    const material = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveBits', 'deriveKey']);
    this.onSetEncryptionKey(material, participant, index);
    const which = `${participant} ${index}`;
    this.#came.set(which, this.count(participant, index) + 1);
    this.#awaiting.get(which)?.();
  }

  count(participant: string, index: number): number {
    return this.#came.get(`${participant} ${index}`) ?? 0;
  }

  /** Resolves when the next key for this participant and index has been given to the worker. One waits at a time. */
  next(participant: string, index: number): Promise<void> {
    const which = `${participant} ${index}`;
    return new Promise((resolve) =>
      this.#awaiting.set(which, () => {
        this.#awaiting.delete(which);
        resolve();
      }),
    );
  }
}

/**
 * A worker of its own (its keys are global to it) that never stops encrypting or decrypting: whatever the server says
 * about a track, messages that would switch the cryptor off or let frames through with a trailer of the server's choice
 * do not reach it. Media that is not encrypted is then undecipherable, not injected.
 */
export function encryptionWorker(): Worker {
  const worker = new EncryptionWorker({ name: 'aye-encryption' });
  const post = worker.postMessage.bind(worker) as (message: unknown, transfer?: Transferable[]) => void;
  worker.postMessage = (message: unknown, transfer?: Transferable[] | StructuredSerializeOptions) => {
    const safe = alwaysEncrypted(message);
    if (safe !== undefined) post(safe, Array.isArray(transfer) ? transfer : (transfer?.transfer ?? []));
  };
  return worker;
}

export function alwaysEncrypted(message: unknown): unknown {
  const { kind, data } = message as { kind?: string; data?: Record<string, unknown> };
  if (kind === 'setSifTrailer') return undefined;
  if (kind === 'enable') return { kind, data: { ...data, enabled: true } };
  return message;
}

/** How long a message waits for the key that it came before, in milliseconds. */
const KEY_MS = 3_000;

/**
 * Tells which data packets came encrypted. LiveKit's own event cannot (its sender leaves the type out of the packet), so
 * each decrypted buffer is remembered: a payload that is a view of one was decrypted here, whatever the server says.
 *
 * Keys and messages come on different ways, so what somebody writes right after joining can come before their key. Such a
 * message waits for it instead of being lost. LiveKit opens messages one after the other, so for each key of a participant
 * only one ever waits in vain: nobody can hold up the messages of others for longer than that.
 */
export function decryptedPackets(
  room: Room,
  keys: Pick<SenderKeys, 'count' | 'next'>,
  wait: (ms: number) => Promise<void>,
): (payload: Uint8Array) => boolean {
  const decrypted = new WeakSet<ArrayBufferLike>();
  const inVain = new Set<string>();
  const manager = room.engine.e2eeManager;
  if (!manager) throw new Error('the room has no encryption');
  const open = manager.handleEncryptedData.bind(manager);
  manager.handleEncryptedData = async (...packet) => {
    const [, , participant, index] = packet;
    const known = keys.count(participant, index);
    const opened = await open(...packet).catch(async (failure: unknown) => {
      const which = `${participant} ${index}`;
      if (keys.count(participant, index) === known) {
        if (inVain.has(which)) throw failure;
        inVain.add(which);
        await Promise.race([keys.next(participant, index), wait(KEY_MS)]);
        if (keys.count(participant, index) === known) throw failure;
        inVain.delete(which);
      }
      return await open(...packet);
    });
    decrypted.add(opened.payload.buffer);
    return opened;
  };
  return (payload) => decrypted.has(payload.buffer);
}

/** Whether this browser can encrypt frames at all; without it one cannot join, and is told why. */
export function canEncryptFrames(scope: typeof globalThis = globalThis): boolean {
  const sender = (scope as { RTCRtpSender?: { prototype: object } }).RTCRtpSender;
  return (
    scope.isSecureContext &&
    typeof scope.crypto?.subtle === 'object' &&
    ('RTCRtpScriptTransform' in scope || (sender !== undefined && 'createEncodedStreams' in sender.prototype))
  );
}
