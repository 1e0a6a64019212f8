import { BaseKeyProvider, type Room } from 'livekit-client';
import EncryptionWorker from 'livekit-client/e2ee-worker?worker';
import type { Bytes } from '../bytes/bytes';

/** Gives raw per-participant keys to LiveKit's frame encryption; nothing is ratcheted, a bad frame is only dropped. */
export class SenderKeys extends BaseKeyProvider {
  constructor() {
    super({ sharedKey: false, ratchetWindowSize: 0, failureTolerance: -1 });
  }

  async use(participant: string, key: Bytes, index: number): Promise<void> {
    const material = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveBits', 'deriveKey']);
    this.onSetEncryptionKey(material, participant, index);
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

/**
 * Tells which data packets came encrypted. LiveKit's own event cannot (its sender leaves the type out of the packet), so
 * each decrypted buffer is remembered: a payload that is a view of one was decrypted here, whatever the server says.
 */
export function decryptedPackets(room: Room): (payload: Uint8Array) => boolean {
  const decrypted = new WeakSet<ArrayBufferLike>();
  const manager = room.engine.e2eeManager;
  if (!manager) throw new Error('the room has no encryption');
  const open = manager.handleEncryptedData.bind(manager);
  manager.handleEncryptedData = async (...packet) => {
    const opened = await open(...packet);
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
