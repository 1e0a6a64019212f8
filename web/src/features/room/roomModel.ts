import {
  ConnectionState,
  DisconnectReason,
  LocalAudioTrack,
  LocalVideoTrack,
  Room,
  RoomEvent,
  Track,
  type LocalTrack,
  type LocalTrackPublication,
  type RemoteTrack,
} from 'livekit-client';
import { api, Problem, type Choice, type Joined, type Meeting, type Withdrawal } from '../api/client';
import { subscribe, type AiState, type SeatEvent, type Subscription } from '../api/events';
import { sentence } from '../api/sentences';
import { b64u, type Bytes } from '../bytes/bytes';
import { keyOf } from '../consent/answers';
import { receipts, slips, type KeptReceipt, type KeptSlip } from '../consent/keeping';
import type { Notice, NoticeRow } from '../consent/notice';
import type { Answer } from '../consent/receipt';
import { answer } from '../consent/signing';
import type { Device } from '../device/device';
import { decryptedPackets, encryptionWorker, SenderKeys } from '../encryption/frames';
import { MEMBER_ATTRIBUTE, memberRecord } from '../encryption/member';
import { Membership } from '../encryption/membership';
import { ecdhPair } from '../encryption/secret';
import { Listening, type Grant, type ListeningState } from '../listening/listening';
import { webAudioGraph } from '../listening/micCopy';
import { openStreamRoom } from '../listening/streamRoom';
import { KnownLog } from '../log/memory';
import type { LocalMedia } from '../preview/localMedia';
import { outbox, type Said } from '../withdraw/outbox';
import { noticeOf } from '../consent/offered';
import { Store } from '../../shell/store';
import { CaptionStrip, type CaptionLine } from './captions';
import { readChat, writeChat } from './chat';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly self: boolean;
  readonly member: boolean;
  readonly muted: boolean;
  readonly speaking: boolean;
  readonly video: RemoteTrack | LocalVideoTrack | undefined;
  readonly audio: RemoteTrack | undefined;
  /** A track of theirs that is not encrypted; it is not played. */
  readonly blocked: boolean;
}

export interface ChatLine {
  readonly id: string;
  readonly name: string;
  readonly mine: boolean;
  readonly text: string;
  readonly at: Date;
}

/** How one came out of the room; `never` is somebody who did not get in. */
export type Why = 'left' | 'ended' | 'removed' | 'lost' | 'never';

export interface RoomState {
  readonly phase: 'connecting' | 'in' | 'reconnecting' | 'out';
  readonly why: Why;
  readonly people: readonly Person[];
  readonly micOn: boolean;
  readonly cameraOn: boolean;
  readonly hostMuted: boolean;
  readonly soundBlocked: boolean;
  readonly serverReachable: boolean;
  readonly chat: readonly ChatLine[];
  readonly captions: readonly CaptionLine[];
  readonly meeting: Meeting;
  readonly notice: Notice | undefined;
  readonly offered: readonly NoticeRow[];
  readonly ai: AiState;
  readonly choices: ReadonlyMap<string, Choice>;
  readonly busy: ReadonlySet<string>;
  /** Rows that were switched on after this person last saw the card, and that they have not answered. */
  readonly fresh: readonly NoticeRow[];
  readonly listening: ListeningState;
  readonly sendingVoice: boolean;
  readonly paused: boolean;
  readonly receipts: readonly KeptReceipt[];
  readonly slips: readonly KeptSlip[];
  readonly standings: ReadonlyMap<string, Said>;
  readonly withdrawals: ReadonlyMap<string, Withdrawal>;
  readonly trouble: string | undefined;
}

/** One seat in one meeting: its media, its keys, what it agreed to, and what the server says. */
export class RoomModel {
  readonly store: Store<RoomState>;
  readonly joined: Joined;
  readonly hostKey: string | undefined;
  readonly #device: Device;
  readonly media: LocalMedia;
  readonly #name: string;
  readonly #room: Room;
  readonly #worker: Worker;
  readonly #keys = new SenderKeys();
  readonly #linkSecret: Bytes;
  readonly #strip = new CaptionStrip();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #seen: Set<string>;
  /** Handles that this device took back, now or before a reload: whatever the server says, they are no yes. */
  readonly #taken = new Set<string>();
  /** The medium of each handle that was taken back while the server does not know it yet. */
  readonly #untold = new Map<string, string>();
  #stuck = false;
  #wasIn = false;
  #membership: Membership | undefined;
  #events: Subscription | undefined;
  #listening: Listening | undefined;
  #log: Promise<KnownLog> | undefined;
  #mic: { track: LocalAudioTrack; publication: LocalTrackPublication } | undefined;
  #camera: { track: LocalVideoTrack; publication: LocalTrackPublication } | undefined;
  #unfollow: () => void = () => undefined;
  #micWork: Promise<void> = Promise.resolve();

  constructor(args: RoomArgs) {
    this.joined = args.joined;
    this.hostKey = args.hostKey;
    this.#device = args.device;
    this.media = args.media;
    this.#name = args.name;
    this.#linkSecret = args.linkSecret;
    this.#seen = new Set(args.seen);
    this.#worker = encryptionWorker();
    this.#room = new Room({
      encryption: { keyProvider: this.#keys, worker: this.#worker },
      adaptiveStream: true,
      dynacast: true,
      publishDefaults: {
        red: false,
        dtx: true,
        simulcast: true,
        videoCodec: 'vp8',
        stopMicTrackOnMute: false,
      },
      disconnectOnPageLeave: true,
    });
    this.store = new Store<RoomState>({
      phase: 'connecting',
      why: 'left',
      people: [],
      micOn: false,
      cameraOn: false,
      hostMuted: false,
      soundBlocked: false,
      serverReachable: true,
      chat: [],
      captions: [],
      meeting: args.meeting,
      notice: args.notice,
      offered: offeredRows(args.notice, args.meeting),
      ai: { listening: false, partial: false, recipients: [] },
      choices: new Map(),
      busy: new Set(),
      fresh: [],
      listening: { is: 'off' },
      sendingVoice: false,
      paused: false,
      receipts: [],
      slips: [],
      standings: new Map(),
      withdrawals: new Map(),
      trouble: undefined,
    });
    // For as long as the page lives: withdrawals go on after the meeting was left.
    outbox.store.subscribe(() => this.#withdrawalsMoved());
  }

  /** Connects, makes itself known under its signed record, publishes, and only then has the answers recorded. */
  async enter(answers: readonly Answer[]): Promise<void> {
    const { joined } = this;
    const meeting = this.store.get().meeting.id;
    await this.#loadKept();
    const signing = this.#takeBackFirst(answers);
    this.#wire();
    // Before connecting: from its first moment on, whatever this device publishes is marked and sent encrypted.
    await this.#room.setE2EEEnabled(true);
    await this.#room.connect(joined.serverUrl, joined.token);
    const self = this.#room.localParticipant.identity;
    if (self !== joined.participantId) throw new Error('the server gave another seat than it said');
    this.#guardMute();
    const { privateKey, point } = await ecdhPair();
    this.#membership = new Membership({
      meeting,
      self,
      linkSecret: this.#linkSecret,
      privateKey,
      edge: {
        setAttributes: (attributes) => this.#room.localParticipant.setAttributes(attributes),
        useKey: (participant, key, index) => this.#keys.use(participant, key, index),
        membersChanged: () => this.#refresh(),
        wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      },
    });
    await this.#room.localParticipant.setAttributes({
      [MEMBER_ATTRIBUTE]: await memberRecord(this.#device, this.#linkSecret, self, this.#name, point),
    });
    await this.#membership.start(
      new Map([...this.#room.remoteParticipants.values()].map((p) => [p.identity, { ...p.attributes }])),
    );
    this.#wasIn = true;
    this.store.set({ phase: 'in' });
    this.#events = subscribe(meeting, joined.seat, {
      event: (event) => void this.#hear(event).catch((failure: unknown) => this.#trouble(failure)),
      connected: (serverReachable) => this.store.set({ serverReachable }),
      gone: () => void this.#out('ended'),
    });
    this.#unfollow = this.media.store.subscribe(() => this.#follow());
    this.#follow();
    this.#timers.push(setInterval(() => this.#tick(), 300));
    this.#refresh();
    if (signing.length > 0) await this.sign(signing);
  }

  /** The link that invites to this meeting, secret included. */
  get link(): string {
    return `${location.origin}/m/${this.store.get().meeting.id}#${b64u(this.#linkSecret)}`;
  }

  // Microphone and camera

  /** The copy falls silent before the meeting's own track does, and comes back after it. */
  setMic(on: boolean): Promise<void> {
    if (!on) this.#listening?.muted(true);
    return this.#onMic(async () => {
      if (on && !this.media.store.get().mic) await this.media.takeMic();
      if (on && !this.media.store.get().mic) {
        this.store.set({ trouble: this.media.store.get().trouble });
        return;
      }
      if (!on) this.#listening?.muted(true);
      this.media.setMicOn(on);
      await this.#publishMic();
      if (this.#mic) await (on ? this.#mic.track.unmute() : this.#mic.track.mute());
      if (on && this.#mic) this.#listening?.muted(false);
      this.store.set({ micOn: on && this.#mic !== undefined, hostMuted: false });
      this.#refresh();
    });
  }

  async setCamera(on: boolean): Promise<void> {
    if (on) await this.media.takeCamera();
    else this.media.stopCamera();
  }

  takeMic(deviceId: string): Promise<void> {
    this.#listening?.microphone(undefined);
    return this.media.takeMic(deviceId);
  }

  takeCamera(deviceId: string): Promise<void> {
    return this.media.takeCamera(deviceId);
  }

  async startSound(): Promise<void> {
    await this.#room.startAudio();
  }

  // Chat

  /** Sends under the meeting's encryption, then copies to those the person granted their chat; false if too long. */
  async say(words: string): Promise<boolean> {
    const written = writeChat(words, new Date());
    if (!written) return false;
    if (!this.#room.isE2EEEnabled) throw new Error('the meeting is not encrypted yet');
    await this.#room.localParticipant.publishData(written.bytes, { reliable: true, topic: 'chat' });
    this.#line({ ...written.message, name: this.#name, mine: true });
    await this.#listening?.chat(written.bytes);
    return true;
  }

  // Consent

  choice(purpose: string, medium: string): string {
    return this.store.get().choices.get(keyOf(purpose, medium))?.state ?? 'requested';
  }

  /** One click on a row: a yes is signed and recorded, a no stops first and withdraws what was given. */
  async decide(
    row: NoticeRow,
    yes: boolean,
    media: readonly string[] = row.media.map((m) => m.medium),
  ): Promise<void> {
    this.#seen.add(row.purpose);
    this.store.set({ fresh: this.store.get().fresh.filter((r) => r.purpose !== row.purpose) });
    if (yes) {
      const answers = row.media
        .filter((m) => media.includes(m.medium) && this.choice(row.purpose, m.medium) !== 'given')
        .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: true }));
      if (answers.length > 0) await this.sign(answers);
      return;
    }
    const slipOf = (medium: string) => {
      const handle = this.store.get().choices.get(keyOf(row.purpose, medium))?.handle;
      return this.store.get().slips.some((s) => s.handle === handle) ? handle : undefined;
    };
    const handles = media
      .filter((medium) => this.choice(row.purpose, medium) === 'given')
      .flatMap((medium) => slipOf(medium) ?? []);
    const told = handles.length > 0 ? this.withdraw(handles) : Promise.resolve();
    // A signed no ends a yes too: for a grant whose slip this device has lost.
    const answers = row.media
      .filter(
        (m) =>
          media.includes(m.medium) && ['requested', 'given'].includes(this.choice(row.purpose, m.medium)),
      )
      .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: false }));
    await Promise.all([told, answers.length > 0 ? this.sign(answers) : undefined]);
  }

  async sign(answers: readonly Answer[]): Promise<void> {
    const { notice, meeting } = this.store.get();
    const recipient = meeting.ai.recipients[0];
    if (!notice || !recipient) return;
    const keys = answers.map((a) => keyOf(a.purpose, a.medium));
    const ended = answers.flatMap((a) =>
      a.yes ? [] : (this.store.get().choices.get(keyOf(a.purpose, a.medium))?.handle ?? []),
    );
    this.#listening?.stop(ended);
    this.#busy(keys, true);
    try {
      const { receipt, slips: drawn } = await answer({
        api,
        log: await this.#knownLog(),
        device: this.#device,
        seat: this.joined.seat,
        participant: this.joined.participantId,
        notice,
        recipient,
        answers,
        now: new Date(),
      });
      const choices = new Map(this.store.get().choices);
      for (const a of answers) {
        const handle = drawn.find((s) => s.purpose === a.purpose && s.medium === a.medium)?.handle;
        choices.set(keyOf(a.purpose, a.medium), {
          purpose: a.purpose,
          medium: a.medium,
          state: a.yes ? 'given' : 'refused',
          ...(handle === undefined ? {} : { handle }),
        });
      }
      this.store.set({
        choices,
        receipts: [...this.store.get().receipts, receipt],
        slips: [...this.store.get().slips, ...drawn],
        trouble: undefined,
      });
      await this.#applyGrants();
    } catch (failure) {
      this.#trouble(failure);
    } finally {
      this.#busy(keys, false);
    }
  }

  /** Stops the copy here, then has the secrets published, then reopens for what remains under a new key. */
  async withdraw(handles: readonly string[]): Promise<void> {
    const taken = this.store.get().slips.filter((s) => handles.includes(s.handle));
    for (const handle of handles) this.#taken.add(handle);
    for (const slip of taken) this.#untold.set(slip.handle, slip.medium);
    this.#listening?.stop(handles);
    const choices = new Map(this.store.get().choices);
    const keys: string[] = [];
    for (const { purpose, medium, handle } of taken) {
      const key = keyOf(purpose, medium);
      const now = choices.get(key);
      if (now?.handle !== undefined && now.handle !== handle) continue;
      choices.set(key, { purpose, medium, state: 'withdrawn', handle });
      keys.push(key);
    }
    const slips = this.store.get().slips.filter((s) => !handles.includes(s.handle));
    this.store.set({ choices, slips, sendingVoice: false });
    this.#busy(keys, true);
    try {
      await outbox.take(taken);
    } finally {
      this.#busy(keys, false);
    }
    if (taken.length < handles.length) this.#trouble(new Error('the slip is not on this device'));
  }

  setPaused(paused: boolean): void {
    this.#listening?.paused(paused);
    this.store.set({ paused });
  }

  readonly sendingLevel = (): number => this.#listening?.level() ?? 0;

  dismissFresh(): void {
    for (const row of this.store.get().fresh) this.#seen.add(row.purpose);
    this.store.set({ fresh: [] });
  }

  seeAll(): void {
    for (const row of this.store.get().offered) this.#seen.add(row.purpose);
    this.store.set({ fresh: [] });
  }

  async relocalise(): Promise<void> {
    const { meeting } = this.store.get();
    const notice = await noticeOf(meeting);
    this.store.set({ notice, offered: offeredRows(notice, meeting) });
  }

  clearTrouble(): void {
    this.store.set({ trouble: undefined });
  }

  /** Entering failed: the seat is given up, and the page says why. */
  async failed(failure: unknown): Promise<void> {
    console.warn('room: could not enter', failure);
    const known = failure instanceof Problem || failure instanceof DOMException;
    this.store.set({ trouble: known ? sentence(failure) : undefined });
    await this.#out('lost');
  }

  async leave(): Promise<void> {
    await this.#out('left');
  }

  // What happens

  #wire(): void {
    const room = this.#room;
    const refresh = () => this.#refresh();
    const decrypted = decryptedPackets(room);
    room
      .on(RoomEvent.ParticipantConnected, (p) => {
        void this.#membership?.attributes(p.identity, { ...p.attributes });
        refresh();
      })
      .on(RoomEvent.ParticipantAttributesChanged, (_changed, p) => {
        if (p !== room.localParticipant) void this.#membership?.attributes(p.identity, { ...p.attributes });
      })
      .on(RoomEvent.ParticipantDisconnected, (p) => {
        void this.#membership?.left(p.identity);
        refresh();
      })
      .on(RoomEvent.TrackSubscribed, refresh)
      .on(RoomEvent.TrackUnsubscribed, refresh)
      .on(RoomEvent.TrackPublished, refresh)
      .on(RoomEvent.TrackUnpublished, refresh)
      .on(RoomEvent.TrackMuted, refresh)
      .on(RoomEvent.TrackUnmuted, refresh)
      .on(RoomEvent.LocalTrackPublished, refresh)
      .on(RoomEvent.LocalTrackUnpublished, refresh)
      .on(RoomEvent.ActiveSpeakersChanged, refresh)
      .on(RoomEvent.AudioPlaybackStatusChanged, () =>
        this.store.set({ soundBlocked: !room.canPlaybackAudio }),
      )
      .on(RoomEvent.ConnectionStateChanged, (state) => {
        if (this.store.get().phase === 'out') return;
        if (state === ConnectionState.Reconnecting || state === ConnectionState.SignalReconnecting)
          this.store.set({ phase: 'reconnecting' });
        else if (state === ConnectionState.Connected && this.store.get().phase === 'reconnecting')
          this.store.set({ phase: 'in' });
      })
      .on(RoomEvent.Disconnected, (reason) => {
        if (reason === DisconnectReason.PARTICIPANT_REMOVED) void this.#out('removed');
        else if (reason === DisconnectReason.ROOM_DELETED) void this.#out('ended');
        else if (reason !== DisconnectReason.CLIENT_INITIATED) void this.#out('lost');
      })
      .on(RoomEvent.DataReceived, (payload, participant, _kind, topic) => {
        const member = participant && this.#membership?.members.get(participant.identity);
        // A message that came in the clear, or from no member, is not shown.
        if (topic !== 'chat' || !decrypted(payload) || !member) return;
        const message = readChat(payload);
        if (message) this.#line({ ...message, name: member.name, mine: false });
      });
  }

  /**
   * A mute by the host silences the copy before LiveKit mutes the meeting's own track. The other direction is not
   * passed on: nobody but the person unmutes their microphone.
   */
  #guardMute(): void {
    const { engine } = this.#room;
    const emit = engine.emit.bind(engine) as (event: string, ...args: unknown[]) => boolean;
    const guarded = (event: string, ...args: unknown[]): boolean => {
      if (event !== 'remoteMute') return emit(event, ...args);
      const [sid, muted] = args;
      if (muted !== true) return false;
      if (sid === this.#mic?.publication.trackSid) {
        this.#listening?.muted(true);
        this.media.setMicOn(false);
        this.store.set({ micOn: false, hostMuted: true });
      }
      return emit(event, ...args);
    };
    engine.emit = guarded;
  }

  /** Brings what is published in line with the devices: a changed or ended track is followed, the copy first. */
  #follow(): void {
    const { mic, camera } = this.media.store.get();
    if (mic !== this.#mic?.track.mediaStreamTrack) {
      this.#listening?.microphone(undefined);
      void this.#onMic(() => this.#publishMic());
    }
    if (camera !== this.#camera?.track.mediaStreamTrack) void this.#onMic(() => this.#publishCamera());
  }

  async #publishMic(): Promise<void> {
    const { mic, micOn } = this.media.store.get();
    if (this.store.get().phase === 'out') return;
    if (mic === undefined) {
      if (this.#mic) {
        this.#listening?.muted(true);
        if (!this.#mic.track.isMuted) await this.#mic.track.mute();
        this.store.set({ micOn: false });
      }
      return;
    }
    if (!this.#mic) {
      const track = new LocalAudioTrack(mic, undefined, true);
      if (!micOn) await track.mute();
      // LiveKit's own types disagree here under exactOptionalPropertyTypes.
      const local: unknown = track;
      const publication = await this.#room.localParticipant.publishTrack(local as LocalTrack, {
        source: Track.Source.Microphone,
      });
      this.#mic = { track, publication };
    } else if (this.#mic.track.mediaStreamTrack !== mic) {
      await this.#mic.track.replaceTrack(mic, { userProvidedTrack: true });
      mic.enabled = micOn;
      if (micOn && this.#mic.track.isMuted) await this.#mic.track.unmute();
    }
    this.#listening?.microphone(mic);
    this.#listening?.muted(!micOn);
    this.store.set({ micOn });
  }

  async #publishCamera(): Promise<void> {
    const { camera } = this.media.store.get();
    if (this.store.get().phase === 'out') return;
    if (this.#camera && this.#camera.track.mediaStreamTrack !== camera) {
      const { track } = this.#camera;
      if (camera) {
        await track.replaceTrack(camera, { userProvidedTrack: true });
      } else {
        this.#camera = undefined;
        await this.#room.localParticipant.unpublishTrack(track, true);
      }
    } else if (!this.#camera && camera) {
      const track = new LocalVideoTrack(camera, undefined, true);
      const publication = await this.#room.localParticipant.publishTrack(track, {
        source: Track.Source.Camera,
      });
      this.#camera = { track, publication };
    }
    this.store.set({ cameraOn: this.#camera !== undefined });
    this.#refresh();
  }

  #onMic(step: () => Promise<void>): Promise<void> {
    this.#micWork = this.#micWork.then(step).catch((failure: unknown) => this.#trouble(failure));
    return this.#micWork;
  }

  async #hear(event: SeatEvent): Promise<void> {
    switch (event.kind) {
      case 'meeting': {
        const notice = await noticeOf(event.data);
        const offered = offeredRows(notice, event.data);
        const fresh = offered.filter(
          (row) =>
            !this.#seen.has(row.purpose) &&
            row.media.every((m) => this.choice(row.purpose, m.medium) === 'requested'),
        );
        this.store.set({ meeting: event.data, notice, offered, fresh });
        return;
      }
      case 'ai':
        this.store.set({ ai: event.data });
        return;
      case 'caption':
        this.#strip.caption(event.data, Date.now());
        this.store.set({ captions: this.#strip.lines });
        return;
      case 'mine': {
        const choices = new Map(this.store.get().choices);
        for (const choice of event.data.choices) {
          const taken = choice.handle !== undefined && this.#taken.has(choice.handle);
          choices.set(
            keyOf(choice.purpose, choice.medium),
            taken && choice.state === 'given' ? { ...choice, state: 'withdrawn' } : choice,
          );
        }
        this.store.set({ choices });
        await this.#applyGrants();
        return;
      }
      case 'withdrawal': {
        const withdrawals = new Map(this.store.get().withdrawals);
        withdrawals.set(event.data.handle, event.data);
        this.store.set({ withdrawals });
        return;
      }
      case 'ended':
        await this.#out('ended');
        return;
    }
  }

  /**
   * The stream follows the grants: only those whose slip is on this device, so that each can be taken back here, and
   * none of a medium of which the server still believes more than its person does.
   */
  async #applyGrants(): Promise<void> {
    if (!this.#listening) {
      const { meeting } = this.store.get();
      const recipient = meeting.ai.recipients[0];
      if (this.#live().length === 0 || !recipient) return;
      const log = await this.#knownLog();
      this.#listening ??= new Listening({
        api,
        meeting: meeting.id,
        participant: this.joined.participantId,
        seat: this.joined.seat,
        recipient,
        log,
        openRoom: openStreamRoom,
        graph: () => webAudioGraph(new AudioContext({ sampleRate: 48_000 })),
        changed: (listening) => this.store.set({ listening }),
        now: () => new Date(),
      });
      this.#listening.microphone(this.#mic?.track.mediaStreamTrack);
      this.#listening.muted(!this.store.get().micOn);
      this.#listening.paused(this.store.get().paused);
    }
    // Asked for only now: a no may have come meanwhile.
    await this.#listening.grants(this.#live());
  }

  #live(): readonly Grant[] {
    const { choices, slips: held, phase } = this.store.get();
    if (phase === 'out') return [];
    const untold = new Set(this.#untold.values());
    return [...choices.values()].flatMap((c) =>
      c.state === 'given' &&
      c.handle !== undefined &&
      !this.#taken.has(c.handle) &&
      !untold.has(c.medium) &&
      held.some((s) => s.handle === c.handle)
        ? [{ handle: c.handle, medium: c.medium }]
        : [],
    );
  }

  /** A no on the card to what was given before is a withdrawal, and is made before anything is opened or sent. */
  #takeBackFirst(answers: readonly Answer[]): readonly Answer[] {
    const { slips: held } = this.store.get();
    const slipsFor = (a: Answer) => held.filter((s) => s.purpose === a.purpose && s.medium === a.medium);
    const ended = answers.filter((a) => !a.yes).flatMap(slipsFor);
    if (ended.length > 0)
      void this.withdraw(ended.map((s) => s.handle)).catch((failure: unknown) => this.#trouble(failure));
    return answers.filter((a) => a.yes || slipsFor(a).length === 0);
  }

  /** Shows how far withdrawals are; what the server now knows no longer holds back what remains granted. */
  #withdrawalsMoved(): void {
    const meeting = this.store.get().meeting.id;
    const mine = new Map([...outbox.store.get().said].filter(([, said]) => said.meeting === meeting));
    this.store.set({ standings: mine });
    const failed = [...mine.values()].find((s) => s.is === 'sending' && s.why !== undefined);
    if (failed?.is === 'sending') this.store.set({ trouble: sentence(failed.why) });
    else if (this.#stuck) this.store.set({ trouble: undefined });
    this.#stuck = failed !== undefined;
    let told = false;
    for (const [handle, said] of mine) if (said.is !== 'sending' && this.#untold.delete(handle)) told = true;
    if (told) void this.#applyGrants().catch((failure: unknown) => this.#trouble(failure));
  }

  #knownLog(): Promise<KnownLog> {
    this.#log ??= KnownLog.of(this.store.get().meeting.log.vkey);
    this.#log.catch(() => (this.#log = undefined));
    return this.#log;
  }

  async #loadKept(): Promise<void> {
    const meeting = this.store.get().meeting.id;
    const held = (await slips.all()).filter((s) => s.meeting === meeting);
    for (const { handle, medium, takenAt, usedAt } of held) {
      if (takenAt !== undefined || usedAt !== undefined) this.#taken.add(handle);
      if (takenAt !== undefined && usedAt === undefined) this.#untold.set(handle, medium);
    }
    this.store.set({
      receipts: (await receipts.all()).filter((r) => r.meeting === meeting),
      slips: held.filter((s) => !this.#taken.has(s.handle)),
    });
    outbox.resend().catch((failure: unknown) => this.#trouble(failure));
    this.#withdrawalsMoved();
  }

  #refresh(): void {
    const room = this.#room;
    const members = this.#membership?.members;
    const speakers = new Set(room.activeSpeakers.map((p) => p.identity));
    const people: Person[] = [
      {
        id: room.localParticipant.identity,
        name: this.#name,
        self: true,
        member: true,
        muted: !this.store.get().micOn,
        speaking: speakers.has(room.localParticipant.identity) && this.store.get().micOn,
        video: this.#camera?.track,
        audio: undefined,
        blocked: false,
      },
    ];
    for (const p of room.remoteParticipants.values()) {
      const member = members?.get(p.identity);
      const camera = p.getTrackPublication(Track.Source.Camera);
      const mic = p.getTrackPublication(Track.Source.Microphone);
      let blocked = false;
      for (const publication of p.trackPublications.values())
        if (!publication.isEncrypted) {
          blocked = true;
          publication.setSubscribed(false);
        }
      const playable = member !== undefined && !blocked;
      people.push({
        id: p.identity,
        name: member?.name ?? '',
        self: false,
        member: member !== undefined,
        muted: mic === undefined || mic.isMuted,
        speaking: speakers.has(p.identity),
        video: playable && camera && !camera.isMuted ? camera.track : undefined,
        audio: playable ? mic?.track : undefined,
        blocked,
      });
    }
    this.store.set({ people });
  }

  #tick(): void {
    const now = Date.now();
    const { ai, people, sendingVoice } = this.store.get();
    this.#strip.age(now);
    if (ai.recipients.some((r) => r.purposes.includes('captions')))
      this.#strip.speaking(
        people.filter((p) => p.speaking && !p.self).map((p) => p.id),
        now,
      );
    if (this.#strip.lines !== this.store.get().captions) this.store.set({ captions: this.#strip.lines });
    const sending = this.#listening?.sendingVoice ?? false;
    if (sending !== sendingVoice) this.store.set({ sendingVoice: sending });
  }

  #line(message: { id: string; text: string; at: string; name: string; mine: boolean }): void {
    const line = {
      id: message.id,
      name: message.name,
      mine: message.mine,
      text: message.text,
      at: new Date(message.at),
    };
    this.store.set({ chat: [...this.store.get().chat, line].slice(-500) });
  }

  #busy(keys: readonly string[], on: boolean): void {
    const busy = new Set(this.store.get().busy);
    for (const key of keys)
      if (on) busy.add(key);
      else busy.delete(key);
    this.store.set({ busy });
  }

  #trouble(failure: unknown): void {
    console.warn('room:', failure);
    this.store.set({ trouble: sentence(failure) });
  }

  async #out(why: Why): Promise<void> {
    if (this.store.get().phase === 'out') return;
    this.#listening?.muted(true);
    this.store.set({ phase: 'out', why: why === 'lost' && !this.#wasIn ? 'never' : why });
    this.#unfollow();
    for (const timer of this.#timers) clearInterval(timer);
    this.#events?.close();
    await this.#listening?.close();
    await this.#room.disconnect();
    this.#worker.terminate();
    this.media.close();
  }
}

export function offeredRows(notice: Notice | undefined, meeting: Meeting): readonly NoticeRow[] {
  if (meeting.ai.recipients.length === 0) return [];
  return notice?.rows.filter((row) => meeting.ai.purposes.includes(row.purpose)) ?? [];
}

export interface RoomArgs {
  readonly meeting: Meeting;
  readonly notice: Notice | undefined;
  readonly joined: Joined;
  readonly hostKey: string | undefined;
  readonly device: Device;
  readonly linkSecret: Bytes;
  readonly name: string;
  readonly media: LocalMedia;
  /** Purposes whose row this person has already been shown, here or as a remembered refusal. */
  readonly seen: Iterable<string>;
}
