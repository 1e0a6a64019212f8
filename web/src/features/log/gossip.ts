import { text, utf8, type Bytes } from '../bytes/bytes';
import { bareNote, LogBroken, readFork, writeFork, type Fork } from './fork';
import type { Comparison, KnownLog } from './memory';

/** What members say to each other about the log (docs/protocol.md, "Comparing the log"). */
export type Message =
  { readonly is: 'checkpoint'; readonly note: string } | { readonly is: 'fork'; readonly fork: Fork };

/** Data packets with this topic carry it, under the meeting's encryption. */
export const LOG_TOPIC = 'log';
export const MESSAGE_LIMIT = 8192;

export function writeMessage(message: Message): Bytes {
  return utf8(
    message.is === 'checkpoint'
      ? JSON.stringify({ checkpoint: message.note })
      : `{"fork":${writeFork(message.fork)}}`,
  );
}

/**
 * Reads a message; undefined when it is not one. Only the one spelling that `writeMessage` gives is read, which leaves no
 * room for duplicate keys, unknown members or other nesting.
 */
export function readMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length > MESSAGE_LIMIT) return undefined;
  try {
    const words = text(bytes);
    const json = JSON.parse(words) as unknown;
    if (typeof json !== 'object' || json === null) return undefined;
    const { checkpoint, fork: given } = json as Record<string, unknown>;
    const fork = readFork(given);
    const message: Message | undefined =
      typeof checkpoint === 'string' ? { is: 'checkpoint', note: checkpoint } : fork && { is: 'fork', fork };
    return message && text(writeMessage(message)) === words ? message : undefined;
  } catch {
    return undefined;
  }
}

/** How this browser's view of the log stands to that of the others in the meeting. */
export interface Compared {
  readonly others: number;
  /** Others whose last checkpoint was shown to be of the same log. */
  readonly same: number;
  /** Others whose checkpoint the server has not shown to be of the same log, for 15 s or more. */
  readonly unshown: number;
  /** Others whose checkpoint is signed with another key. */
  readonly otherKey: number;
  /** Whether the server has shown this browser a newest checkpoint that fits what it showed before, within 15 s. */
  readonly looking: 'fine' | 'failing';
}

const LOOK_MS = 5_000;
const SEND_MS = 10_000;
/** When somebody who came is sent the newest checkpoint: once their key is surely in use, and again for lost packets. */
const GREET_MS = [2_000, 8_000, 30_000];
/** How often somebody is told of a fork who has not said that they know of it. */
const TELLINGS = 30;
const TELL_MS = 5_000;
const UNSHOWN_MS = 15_000;
const GIVE_UP_MS = 120_000;
/** What one member may say: six messages at once, then one in five seconds. The rest is dropped. */
const BURST = 6;
const REFILL_MS = 5_000;

interface Other {
  readonly since: number;
  greeted: number;
  /** How often they were told of a fork, when, and whether they have shown the proof themself. */
  told: number;
  toldAt: number;
  knows: boolean;
  credit: number;
  creditAt: number;
  pending: { readonly message: Message; readonly since: number; tried: number } | undefined;
  standing: 'silent' | Exclude<Comparison['is'], 'garbage'>;
}

/**
 * Compares the log as this browser is shown it with the log as the other members are: a server that shows two histories
 * is noticed by both sides. It says only what the server shows at a fixed beat, never a checkpoint that came with an
 * answer: the others do not learn when somebody answers. Nothing that a member says can make it find what is not proved
 * by signatures of the log. Sans-IO: feed it members and messages, and call `tick` about once a second.
 */
export class Gossip {
  readonly #args: GossipArgs;
  readonly #others = new Map<string, Other>();
  #newest: string | undefined;
  #said: string | undefined;
  #saidAt = -Infinity;
  #lookedAt = -Infinity;
  #failingSince: number | undefined;
  #ticking = false;

  constructor(args: GossipArgs) {
    this.#args = args;
  }

  /** Who else is here now, as the page shows them. */
  members(ids: Iterable<string>): void {
    const now = this.#args.now();
    const here = new Set(ids);
    for (const gone of [...this.#others.keys()].filter((id) => !here.has(id))) this.#others.delete(gone);
    for (const id of here)
      if (!this.#others.has(id))
        this.#others.set(id, {
          since: now,
          greeted: 0,
          told: 0,
          toldAt: -Infinity,
          knows: false,
          credit: BURST,
          creditAt: now,
          pending: undefined,
          standing: 'silent',
        });
    this.#changed();
  }

  /** A decrypted message of a member. Of several that come before they were looked at, the last one counts. */
  receive(from: string, bytes: Uint8Array): void {
    const other = this.#others.get(from);
    if (!other) return;
    const now = this.#args.now();
    const earned = Math.floor((now - other.creditAt) / REFILL_MS);
    other.credit = Math.min(BURST, other.credit + earned);
    other.creditAt += earned * REFILL_MS;
    if (other.credit < 1) return;
    other.credit--;
    const message = readMessage(bytes);
    // A proof is never overwritten by what is only a claim.
    if (!message || (other.pending?.message.is === 'fork' && message.is === 'checkpoint')) return;
    other.pending = { message, since: now, tried: -Infinity };
  }

  /** Looks, compares and says what is due. One call at a time does something; it never throws. */
  async tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      await this.#look();
      for (const other of this.#others.values()) await this.#hear(other);
      await this.#say();
    } catch (failure) {
      this.#args.failed(failure);
    } finally {
      this.#ticking = false;
      this.#changed();
    }
  }

  async #look(): Promise<void> {
    const { log, now } = this.#args;
    if (now() - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now();
    try {
      const { note } = await log.latest(new Date(now()));
      this.#newest = bareNote(note, log.by);
      this.#failingSince = undefined;
    } catch (failure) {
      // A finding reaches the page by itself; here it only means that there is nothing new to say.
      if (failure instanceof LogBroken) return;
      this.#failingSince ??= now();
      this.#args.failed(failure);
    }
  }

  async #hear(other: Other): Promise<void> {
    const { log, now } = this.#args;
    const { pending } = other;
    if (!pending || now() - pending.tried < LOOK_MS) return;
    pending.tried = now();
    const { message } = pending;
    let standing: Comparison['is'];
    if (message.is === 'fork')
      standing = await log.takeUp(message.fork, new Date(now())).then(
        () => 'fork' as const,
        () => 'garbage' as const,
      );
    else standing = (await log.compare(message.note, new Date(now()))).is;
    if (message.is === 'fork' && standing === 'fork') other.knows = true;
    if (standing === 'unshown') {
      const age = now() - pending.since;
      if (age >= UNSHOWN_MS) other.standing = 'unshown';
      if (age < GIVE_UP_MS) return;
    } else if (standing !== 'garbage') other.standing = standing;
    if (other.pending === pending) other.pending = undefined;
  }

  async #say(): Promise<void> {
    const { log, now, send } = this.#args;
    const finding = await log.finding();
    if (finding?.is === 'fork') {
      const due = [...this.#others].filter(
        ([, other]) =>
          // Once to everybody: that is also how somebody says that they know.
          other.told === 0 || (!other.knows && other.told < TELLINGS && now() - other.toldAt >= TELL_MS),
      );
      if (due.length === 0) return;
      for (const [, other] of due) {
        other.told++;
        other.toldAt = now();
      }
      await send(
        writeMessage({ is: 'fork', fork: finding.fork }),
        due.map(([id]) => id),
      );
      return;
    }
    if (this.#newest === undefined || finding) return;
    const greeted = [...this.#others].filter(([, other]) => this.#greet(other)).map(([id]) => id);
    const all = this.#newest !== this.#said && now() - this.#saidAt >= SEND_MS;
    const to = all ? [...this.#others.keys()] : greeted;
    if (to.length === 0) return;
    if (all) {
      this.#said = this.#newest;
      this.#saidAt = now();
    }
    await send(writeMessage({ is: 'checkpoint', note: this.#newest }), to);
  }

  #greet(other: Other): boolean {
    const age = this.#args.now() - other.since;
    const due = GREET_MS.filter((ms) => ms <= age).length;
    if (due <= other.greeted) return false;
    other.greeted = due;
    return true;
  }

  #changed(): void {
    const standings = [...this.#others.values()].map((other) => other.standing);
    const count = (is: Other['standing']) => standings.filter((s) => s === is).length;
    this.#args.changed({
      others: standings.length,
      same: count('same'),
      unshown: count('unshown'),
      otherKey: count('otherKey'),
      looking:
        this.#failingSince !== undefined && this.#args.now() - this.#failingSince >= UNSHOWN_MS
          ? 'failing'
          : 'fine',
    });
  }
}

export interface GossipArgs {
  readonly log: Pick<KnownLog, 'by' | 'latest' | 'compare' | 'takeUp' | 'finding'>;
  /** Sends to these members under the meeting's encryption. */
  readonly send: (message: Bytes, to: readonly string[]) => Promise<void>;
  readonly changed: (compared: Compared) => void;
  /** A look or a message that failed for an outer reason: the network, the storage. */
  readonly failed: (failure: unknown) => void;
  /** Milliseconds. */
  readonly now: () => number;
}
