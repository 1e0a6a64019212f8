import type { Api, MeetingRecipient } from '../api/client';
import type { Bytes } from '../bytes/bytes';
import type { KnownLog } from '../log/memory';
import { MicCopy, type AudioGraph } from './micCopy';
import { provenKey } from './recipient';
import { wrapStreamKey } from './streamKey';
import type { OpenStreamRoom, StreamRoom } from './streamRoom';

/** One live grant, as far as the stream is concerned. */
export interface Grant {
  readonly handle: string;
  readonly medium: string;
}

const STREAMED: ReadonlySet<string> = new Set(['voice', 'chat']);

export type ListeningState =
  | { readonly is: 'off' | 'opening' }
  | { readonly is: 'on'; readonly voice: boolean; readonly chat: boolean }
  | { readonly is: 'failed'; readonly why: unknown };

/**
 * The separate copy for one recipient: one stream, open while at least one grant needs it. When grants end, the copy is
 * silent before anything is told to the server. Whenever the grants grow, or shrink and some remain, the stream is opened
 * anew under a new key. Changes are worked off one after the other.
 */
export class Listening {
  readonly #args: ListeningArgs;
  #grants: ReadonlyMap<string, Grant> = new Map();
  #room: StreamRoom | undefined;
  #copy: MicCopy | undefined;
  #open: ReadonlyMap<string, Grant> = new Map();
  #track: MediaStreamTrack | undefined;
  #muted = true;
  #paused = false;
  #work: Promise<void> = Promise.resolve();
  #attempts = 0;
  #atServer = false;
  #closing: Promise<void> = Promise.resolve();

  constructor(args: ListeningArgs) {
    this.#args = args;
  }

  get recipient(): MeetingRecipient {
    return this.#args.recipient;
  }

  /** The meeting's own microphone track; its copy never hears anything else. */
  microphone(track: MediaStreamTrack | undefined): void {
    this.#track = track;
    this.#copy?.follow(track);
  }

  /** Call before the meeting's own track is muted, and after it is unmuted. */
  muted(muted: boolean): void {
    this.#muted = muted;
    this.#copy?.muted(muted);
  }

  paused(paused: boolean): void {
    this.#paused = paused;
    this.#copy?.paused(paused);
  }

  get sendingVoice(): boolean {
    return this.#copy?.sending ?? false;
  }

  readonly level = (): number => this.#copy?.level() ?? 0;

  /** Whether a chat message would be copied to the recipient now: a chat grant is live and nothing is paused. */
  get copiesChat(): boolean {
    return !this.#paused && this.#has('chat', this.#open) && this.#has('chat', this.#grants);
  }

  /** Copies a chat message to the recipient, where that is granted. */
  async chat(message: Bytes): Promise<void> {
    if (this.copiesChat) await this.#room?.publishChat(message);
  }

  /** Takes away grants: silent when this returns, closed soon after. The caller then tells the server. */
  stop(handles: readonly string[]): void {
    const left = new Map(this.#grants);
    for (const handle of handles) left.delete(handle);
    this.#grants = left;
    if (handles.some((handle) => this.#open.has(handle))) this.#silence();
  }

  /** Sets the grants that are live now and brings the stream in line with them. */
  grants(live: readonly Grant[]): Promise<void> {
    const next = new Map(live.filter((g) => STREAMED.has(g.medium)).map((g) => [g.handle, g]));
    this.stop([...this.#grants.keys()].filter((handle) => !next.has(handle)));
    this.#grants = next;
    this.#attempts = 0;
    return this.#reconcile();
  }

  async close(): Promise<void> {
    this.#grants = new Map();
    this.#silence();
    await this.#closing;
    await this.#work;
  }

  /** The copy is silent when this returns; its room closes on its own. */
  #silence(): void {
    const room = this.#room;
    const copy = this.#copy;
    copy?.withdrawn();
    this.#room = undefined;
    this.#copy = undefined;
    this.#open = new Map();
    if (!room) return;
    this.#args.changed({ is: 'off' });
    const closed = room.close().finally(() => copy?.close());
    this.#closing = Promise.all([this.#closing, closed]).then(
      () => undefined,
      (why: unknown) => this.#args.changed({ is: 'failed', why }),
    );
  }

  #reconcile(): Promise<void> {
    return this.#then(async () => {
      const wanted = this.#grants;
      if (wanted.size === 0) {
        this.#args.changed({ is: 'off' });
        if (!this.#atServer) return;
        await this.#args.api.closeStream(this.#args.meeting, this.#args.seat);
        this.#atServer = false;
        return;
      }
      if (this.#room && sameGrants(wanted, this.#open)) return;
      if (this.#room) this.#silence();
      await this.#closing;
      await this.#openStream(wanted);
    });
  }

  async #openStream(wanted: ReadonlyMap<string, Grant>): Promise<void> {
    const { api, meeting, participant, seat, recipient, log, openRoom, graph, changed, now } = this.#args;
    const voice = this.#has('voice', wanted);
    const chat = this.#has('chat', wanted);
    if (!voice && !chat) return;
    changed({ is: 'opening' });
    this.#open = wanted;
    let copy: MicCopy | undefined;
    let room: StreamRoom | undefined;
    try {
      const point = await provenKey(recipient, log, now());
      const { streamKey, wrappedKey } = await wrapStreamKey(point, {
        meeting,
        participant,
        recipient: recipient.id,
      });
      // Before it is answered: one that got no answer may be open there, and is closed with the rest.
      this.#atServer = true;
      const access = await api.openStream(meeting, seat, { recipient: recipient.id, wrappedKey });
      if (voice) {
        copy = new MicCopy(graph());
        // Known from here on, so that a mute or a withdrawal meanwhile reaches it.
        this.#copy = copy;
        copy.muted(this.#muted);
        copy.paused(this.#paused);
        copy.follow(this.#track);
      }
      room = await openRoom(access, streamKey, () => this.#lost());
      // The person may have changed their mind while the room was being opened: then nothing is published into it.
      if (![...wanted.keys()].every((handle) => this.#grants.has(handle))) throw new Superseded();
      if (copy) await room.publishVoice(copy.output);
      if (![...wanted.keys()].every((handle) => this.#grants.has(handle))) throw new Superseded();
      this.#room = room;
      changed({ is: 'on', voice, chat });
    } catch (why) {
      copy?.close();
      if (this.#copy === copy) {
        this.#copy = undefined;
        this.#open = new Map();
      }
      await room?.close();
      if (why instanceof Superseded) {
        changed({ is: 'off' });
        return;
      }
      changed({ is: 'failed', why });
    }
  }

  #lost(): void {
    this.#silence();
    if (this.#grants.size === 0) return;
    if (++this.#attempts <= 5) void this.#reconcile();
    else this.#args.changed({ is: 'failed', why: new Error('the connection was lost') });
  }

  #has(medium: string, grants: ReadonlyMap<string, Grant>): boolean {
    return [...grants.values()].some((g) => g.medium === medium);
  }

  #then(step: () => Promise<void>): Promise<void> {
    const next = this.#work.then(step);
    this.#work = next.catch((failure: unknown) => this.#args.changed({ is: 'failed', why: failure }));
    return this.#work;
  }
}

/** The server ties permits to a stream when it opens: a stream is for exactly the grants it was opened for. */
function sameGrants(a: ReadonlyMap<string, Grant>, b: ReadonlyMap<string, Grant>): boolean {
  return a.size === b.size && [...a.keys()].every((handle) => b.has(handle));
}

class Superseded extends Error {}

export interface ListeningArgs {
  readonly api: Pick<Api, 'openStream' | 'closeStream'>;
  readonly meeting: string;
  readonly participant: string;
  readonly seat: string;
  readonly recipient: MeetingRecipient;
  readonly log: KnownLog;
  readonly openRoom: OpenStreamRoom;
  readonly graph: () => AudioGraph;
  readonly changed: (state: ListeningState) => void;
  readonly now: () => Date;
}
