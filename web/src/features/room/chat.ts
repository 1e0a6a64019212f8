import { b64u, random, text, utf8, type Bytes } from '../bytes/bytes';

/** A chat message as it travels (docs/protocol.md): encrypted data packet, topic `chat`, at most 8 KiB. */
export interface ChatMessage {
  readonly id: string;
  readonly text: string;
  readonly at: string;
}

export const CHAT_LIMIT = 8192;

export function writeChat(words: string, now: Date): { message: ChatMessage; bytes: Bytes } | undefined {
  const message = { id: b64u(random(16)), text: words, at: now.toISOString() };
  const bytes = utf8(JSON.stringify(message));
  return bytes.length <= CHAT_LIMIT ? { message, bytes } : undefined;
}

/** Reads a message of somebody else; undefined when it is not one. */
export function readChat(bytes: Uint8Array): ChatMessage | undefined {
  if (bytes.length > CHAT_LIMIT) return undefined;
  try {
    const { id, text: words, at } = JSON.parse(text(bytes)) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof words !== 'string' || typeof at !== 'string') return undefined;
    return Number.isNaN(Date.parse(at)) ? undefined : { id: id.slice(0, 64), text: words, at };
  } catch {
    return undefined;
  }
}
