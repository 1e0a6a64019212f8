import { BaseKeyProvider, type Room } from 'livekit-client';
import EncryptionWorker from 'livekit-client/e2ee-worker?worker';
import type { Bytes } from '../bytes/bytes';

/** The keys that somebody has at a time, counted from 0; a membership draws under no other index. */
const INDEXES = 16;

/** Gives raw per-participant keys to LiveKit's frame encryption; nothing is ratcheted, a bad frame is only dropped. */
export class SenderKeys extends BaseKeyProvider {
  constructor() {
    super({ sharedKey: false, ratchetWindowSize: 0, failureTolerance: -1, keyringSize: INDEXES });
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

  /**
   * Resolves when the next key for this participant and index has been given to the worker, or when `enough` resolves.
   * One waits at a time, and nothing is kept of a wait that is over.
   */
  async next(participant: string, index: number, enough: Promise<void>): Promise<void> {
    const which = `${participant} ${index}`;
    const came = new Promise<void>((resolve) => this.#awaiting.set(which, resolve));
    try {
      await Promise.race([came, enough]);
    } finally {
      this.#awaiting.delete(which);
    }
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
/** How long the messages of one participant wait in all, in milliseconds. */
const PATIENCE_MS = 10_000;
/** How many participants have messages that wait, over the whole meeting. */
const WAITERS = 1_000;

/**
 * Tells which data packets came encrypted. LiveKit's own event cannot (its sender leaves the type out of the packet), so
 * each decrypted buffer is remembered: a payload that is a view of one was decrypted here, whatever the server says.
 *
 * Keys and messages come on different ways, so what somebody writes right after joining can come before their key. Such a
 * message waits up to 3 s for it instead of being lost.
 *
 * LiveKit opens messages one after the other, so each wait holds up the messages of everybody. The waits of a participant,
 * whether their key came or not, last 10 s in all by the clock `now` (milliseconds); then what they send before its key is
 * lost at once. So each hostile participant can make the messages of the others up to 10 s later, at once or bit by bit;
 * one that waits so long is lost only if its sender's sixteen keys have gone round meanwhile, which takes some 7 s of
 * constant coming and going. Leaving restores nothing, but a new join is a new participant: the first 1,000 that have to
 * wait do so, later ones never. The server, which names the sender of a packet, can use up anybody's time; it could as
 * well hold their messages back.
 */
export function decryptedPackets(
  room: Room,
  keys: Pick<SenderKeys, 'count' | 'next'>,
  wait: (ms: number) => Promise<void>,
  now: () => number = () => performance.now(),
): (payload: Uint8Array) => boolean {
  const decrypted = new WeakSet<ArrayBufferLike>();
  const patience = new Map<string, number>();
  const manager = room.engine.e2eeManager;
  if (!manager) throw new Error('the room has no encryption');
  const open = manager.handleEncryptedData.bind(manager);
  const awaitKey = async (participant: string, index: number) => {
    const left = patience.get(participant) ?? (patience.size < WAITERS ? PATIENCE_MS : 0);
    if (left <= 0 || !Number.isInteger(index) || index < 0 || index >= INDEXES) return;
    const began = now();
    await keys.next(participant, index, wait(Math.min(KEY_MS, left)));
    patience.set(participant, left - (now() - began));
  };
  manager.handleEncryptedData = async (...packet) => {
    const [, , participant, index] = packet;
    const known = keys.count(participant, index);
    const opened = await open(...packet).catch(async (failure: unknown) => {
      if (keys.count(participant, index) === known) await awaitKey(participant, index);
      if (keys.count(participant, index) === known) throw failure;
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
