import i18next from 'i18next';
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
import {
  api,
  inMeeting,
  Problem,
  type Choice,
  type Joined,
  type Meeting,
  type PersonAccount,
  type Withdrawal,
} from '../api/client';
import { subscribe, type AiState, type SeatEvent, type Subscription } from '../api/events';
import { sentence } from '../api/sentences';
import { b64u, type Bytes } from '../bytes/bytes';
import { reworded, type Reworded } from '../consent/anew';
import { keyOf, questionOf } from '../consent/answers';
import { receipts, slips as keptSlips, type KeptReceipt, type KeptSlip } from '../consent/keeping';
import type { Notice, NoticeRow } from '../consent/notice';
import { provedChoices, sameRecipient, type OwnChoice } from '../consent/own';
import { askedIn, inEffect, lapse, type Asked, type Lapse } from '../consent/reach';
import type { Answer, Recipient, Slip } from '../consent/receipt';
import { scopesOffered, THIS_MEETING, type Scope } from '../consent/scope';
import { answer } from '../consent/signing';
import { isTaken, provedOf, refusedHere, rememberHere, type WiderYes } from '../consent/standing';
import { Device } from '../device/device';
import { decryptedPackets, encryptionWorker, SenderKeys } from '../encryption/frames';
import { MEMBER_ATTRIBUTE, memberRecord } from '../encryption/member';
import { Membership } from '../encryption/membership';
import { ecdhPair } from '../encryption/secret';
import { Listening, type Grant, type ListeningState } from '../listening/listening';
import { webAudioGraph } from '../listening/micCopy';
import { openStreamRoom } from '../listening/streamRoom';
import type { Finding } from '../log/fork';
import { Gossip, LOG_TOPIC, type Compared } from '../log/gossip';
import { findings, KnownLog } from '../log/memory';
import { CannotVerify } from '../log/note';
import type { LocalMedia } from '../preview/localMedia';
import { outbox, type Said } from '../withdraw/outbox';
import { settled } from '../withdraw/withdrawal';
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
  /** Whether this browser keeps receipts and slips; where it does not, nothing is offered. */
  readonly keeps: boolean;
  readonly offered: readonly NoticeRow[];
  readonly ai: AiState;
  /** How each row stands by this device's own proved receipts, less what was taken away since. */
  readonly choices: ReadonlyMap<string, Choice>;
  /**
   * The server tells it otherwise: `unproved` is a yes that this device signed and the server claims without having
   * proved it here; nothing is sent under either.
   */
  readonly disagrees: 'otherwise' | 'unproved' | undefined;
  readonly busy: ReadonlySet<string>;
  /** Of the yeses that stand: those that reach further than this meeting. */
  readonly wider: ReadonlyMap<string, Omit<WiderYes, 'media'>>;
  /** How far answers can be made to reach from this seat, the narrowest first; `scope` is what is chosen. */
  readonly scopes: readonly Scope[];
  readonly scope: Scope;
  /** Rows that were switched on after this person last saw the card, and that they have not answered. */
  readonly fresh: readonly NoticeRow[];
  /** By purpose: what a yes of theirs was said to in other words than the row has now, so that it covers nothing. */
  readonly reworded: ReadonlyMap<string, Reworded>;
  readonly listening: ListeningState;
  readonly sendingVoice: boolean;
  readonly paused: boolean;
  readonly receipts: readonly KeptReceipt[];
  readonly slips: readonly KeptSlip[];
  readonly standings: ReadonlyMap<string, Said>;
  readonly withdrawals: ReadonlyMap<string, Withdrawal>;
  readonly trouble: string | undefined;
  /** What was found wrong with the log: for as long as this seat lasts nothing is sent to AI and no yes is offered. */
  readonly finding: Finding | undefined;
  readonly compared: Compared | undefined;
}

/** One seat in one meeting: its media, its keys, what it agreed to, and what the server says. */
export class RoomModel {
  readonly store: Store<RoomState>;
  readonly joined: Joined;
  readonly hostKey: string | undefined;
  readonly #device: Device;
  readonly #keeps: boolean;
  readonly media: LocalMedia;
  readonly #name: string;
  readonly #room: Room;
  readonly #worker: Worker;
  readonly #keys = new SenderKeys();
  readonly #linkSecret: Bytes;
  readonly #strip = new CaptionStrip();
  /** By participant, also of those who left: the name in the record that they signed. */
  readonly #names = new Map<string, string>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #seen: Set<string>;
  /** Handles that this device took back, now or before a reload: whatever the server says, they are no yes. */
  readonly #taken = new Map<string, Pick<Slip, 'purpose' | 'medium'> | undefined>();
  /** What was said in receipts that were proved here. Nothing else opens a stream. */
  #proved: readonly OwnChoice[] = [];
  /** Of that, what counts for each row in this meeting. */
  #own: ReadonlyMap<string, OwnChoice> = new Map();
  /** What the meeting asks now, and in which texts. */
  #asked: Asked | undefined;
  /** Rows that were refused in this meeting only: whatever else stands, nothing of theirs is sent here. */
  readonly #refusedHere = new Set<string>();
  readonly #now: () => Date;
  /** Rows that are over by time, as last told. */
  #over = '';
  /** What the server last said of the rows. It only takes away. */
  #told: ReadonlyMap<string, Choice> | undefined;
  /** Rows that were signed on this page moments ago, when, and that the server has not spoken of since. */
  readonly #unheard = new Map<string, number>();
  /** Handles of receipts that another page of this device keeps. */
  readonly #elsewhere = new Set<string>();
  #granting: Promise<void> = Promise.resolve();
  /** The medium of each handle that was taken back while the server does not know it yet. */
  readonly #untold = new Map<string, string>();
  #stuck = false;
  #wasIn = false;
  #membership: Membership | undefined;
  #events: Subscription | undefined;
  #listening: Listening | undefined;
  #log: Promise<KnownLog> | undefined;
  #gossip: Gossip | undefined;
  #mic: { track: LocalAudioTrack; publication: LocalTrackPublication } | undefined;
  #camera: { track: LocalVideoTrack; publication: LocalTrackPublication } | undefined;
  #unfollow: () => void = () => undefined;
  #micWork: Promise<void> = Promise.resolve();

  constructor(args: RoomArgs) {
    this.joined = args.joined;
    this.hostKey = args.hostKey;
    this.#device = args.device;
    this.#keeps = args.keeps;
    this.#now = args.now ?? (() => new Date());
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
      keeps: args.keeps,
      offered: args.keeps ? offeredRows(args.notice, args.meeting) : [],
      ai: { listening: false, partial: false, recipients: [] },
      choices: new Map(),
      disagrees: undefined,
      busy: new Set(),
      wider: new Map(),
      scopes: args.device.record.lasting ? scopesOffered(args.meeting, this.#now()) : [THIS_MEETING],
      scope: THIS_MEETING,
      fresh: [],
      reworded: new Map(),
      listening: { is: 'off' },
      sendingVoice: false,
      paused: false,
      receipts: [],
      slips: [],
      standings: new Map(),
      withdrawals: new Map(),
      trouble: undefined,
      finding: undefined,
      compared: undefined,
    });
    findings.subscribe(() => this.#found());
    this.#found();
    // For as long as the page lives: withdrawals go on after the meeting was left.
    outbox.store.subscribe(() => this.#withdrawalsMoved());
  }

  /** Connects, makes itself known under its signed record, publishes, and only then has the answers recorded. */
  async enter(answers: readonly Answer[]): Promise<void> {
    const { joined } = this;
    const meeting = this.store.get().meeting.id;
    const shown = this.#shown();
    this.#asked = await askedIn(this.store.get().meeting);
    if (this.#keeps) await this.#loadKept();
    const signing = this.#takeBackFirst(answers);
    this.#wire();
    // Before connecting: from its first moment on, whatever this device publishes is marked and sent encrypted.
    await this.#room.setE2EEEnabled(true);
    await this.#room.connect(joined.serverUrl, joined.token);
    const self = this.#room.localParticipant.identity;
    if (self !== joined.participantId) throw new Error('the server gave another seat than it said');
    this.#names.set(self, this.#name);
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
        membersChanged: (members) => {
          for (const { participant, name } of members.values()) this.#names.set(participant, name);
          this.#gossip?.members(members.keys());
          this.#refresh();
        },
        wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      },
    });
    await this.#room.localParticipant.setAttributes({
      [MEMBER_ATTRIBUTE]: await memberRecord(
        await this.#memberDevice(),
        this.#linkSecret,
        self,
        this.#name,
        point,
      ),
    });
    await this.#membership.start(
      new Map(
        [...this.#room.remoteParticipants.values()].map((p) => [
          p.identity,
          { name: p.name ?? '', attributes: { ...p.attributes } },
        ]),
      ),
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
    this.#compareLog().catch((failure: unknown) => this.#trouble(failure));
    if (signing.length > 0) await this.sign(signing, shown);
  }

  /** The others see the key that signs the member record: it is never the lasting one, by which they could tell who is who. */
  async #memberDevice(): Promise<Device> {
    const { meeting, origin, title, lasting } = this.#device.record;
    return lasting ? Device.draw(meeting, origin, title, this.#now()) : this.#device;
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
    const { scope } = this.store.get();
    const far = scope.kind === 'meeting' ? {} : { scope };
    if (yes) {
      const answers = row.media
        .filter((m) => media.includes(m.medium) && this.choice(row.purpose, m.medium) !== 'given')
        .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: true, ...far }));
      if (answers.length > 0) await this.sign(answers);
      return;
    }
    // All of the row, proved or not: what the server may hold is taken back whatever it says of it.
    const handles = media.flatMap((medium) => this.#slipsOf(row.purpose, medium)).map((s) => s.handle);
    const told = handles.length > 0 ? this.withdraw(handles) : Promise.resolve();
    // A signed no ends a yes too: for a grant whose slip this device has lost.
    const answers = row.media
      .filter(
        (m) =>
          media.includes(m.medium) && ['requested', 'given'].includes(this.choice(row.purpose, m.medium)),
      )
      .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: false, ...far }));
    await Promise.all([told, answers.length > 0 ? this.sign(answers) : undefined]);
  }

  /** A no in this meeting only: a yes from elsewhere stays as it is there. */
  async refuseHere(row: NoticeRow): Promise<void> {
    const { wider } = this.store.get();
    await this.sign(
      row.media
        .filter((m) => wider.get(keyOf(row.purpose, m.medium))?.elsewhere)
        .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: false, here: true })),
    );
  }

  /** Chooses how far the answers reach that are given from now on. */
  setScope(scope: Scope): void {
    this.store.set({ scope });
  }

  /** Signs answers to what was shown, by default what is shown now, and has them recorded: a receipt for each reach. */
  async sign(wanted: readonly Answer[], shown = this.#shown()): Promise<void> {
    const answers = this.store.get().finding ? wanted.filter((a) => !a.yes) : wanted;
    if (!shown || !this.#keeps || answers.length === 0) return;
    // Before anything that takes time: from here on nothing of these rows is sent.
    const here = answers.filter((a) => a.here);
    for (const { purpose, medium } of here) this.#refusedHere.add(keyOf(purpose, medium));
    this.#listening?.stop(
      answers.flatMap((a) => (a.yes ? [] : (this.#own.get(keyOf(a.purpose, a.medium))?.handle ?? []))),
    );
    if (here.length > 0) this.#restate();
    const stale = this.#staleSlips(answers);
    if (stale.length > 0) await this.withdraw(stale);
    const byScope = new Map<string, { scope: Scope; answers: Answer[] }>();
    for (const one of answers) {
      const scope = this.#scopeOf(one);
      const group = byScope.get(JSON.stringify(scope)) ?? { scope, answers: [] };
      group.answers.push(one);
      byScope.set(JSON.stringify(scope), group);
    }
    const keys = answers.map((a) => keyOf(a.purpose, a.medium));
    this.#busy(keys, true);
    try {
      for (const { scope, answers: some } of byScope.values()) await this.#record(shown, scope, some);
    } catch (failure) {
      this.#trouble(failure);
      // The slips of what was not proved are on this device: with them it can be taken back, should it stand.
      await this.#loadSlips();
    } finally {
      this.#busy(keys, false);
      this.#restate();
    }
  }

  /** A yes in this meeting where one from elsewhere stands, but not here: that one reaches the others already. */
  #scopeOf({ purpose, medium, yes, scope }: Answer): Scope {
    const stands = this.#proved.some(
      (said) =>
        said.purpose === purpose &&
        said.medium === medium &&
        said.state === 'given' &&
        said.scope.kind !== 'meeting' &&
        said.meeting !== this.store.get().meeting.id &&
        this.#lapse(said) === undefined &&
        !this.#taken.has(said.handle ?? ''),
    );
    return scope && !(yes && stands) ? scope : THIS_MEETING;
  }

  async #record(
    shown: { readonly notice: Notice; readonly recipient: Recipient },
    scope: Scope,
    answers: readonly Answer[],
  ): Promise<void> {
    const log = await this.#knownLog();
    const { id } = this.store.get().meeting;
    for (const said of answers.filter((a) => a.here)) await rememberHere(id, said, true, this.#now());
    const { receipt, slips: drawn } = await answer({
      api,
      log,
      device: this.#device,
      seat: this.joined.seat,
      participant: this.joined.participantId,
      ...shown,
      scope,
      answers,
      now: this.#now(),
      translations: [...(this.#asked?.texts.values() ?? [])].filter(
        (t) => t.version === shown.notice.version,
      ),
    });
    this.#proved = [...this.#proved, ...(await provedChoices(receipt, this.#device, log.by.vkey))];
    for (const said of answers) {
      const key = keyOf(said.purpose, said.medium);
      this.#unheard.set(key, Date.now());
      if (said.yes && this.#refusedHere.delete(key)) await rememberHere(id, said, false, this.#now());
    }
    this.store.set({
      receipts: [...this.store.get().receipts, receipt],
      slips: [...this.store.get().slips, ...drawn],
      trouble: undefined,
    });
    this.#restate();
    await this.#applyGrants();
  }

  /** Stops the copy here, then has the secrets published, then reopens for what remains under a new key. */
  async withdraw(handles: readonly string[]): Promise<void> {
    const taken = this.store.get().slips.filter((s) => handles.includes(s.handle));
    for (const handle of handles)
      this.#taken.set(
        handle,
        taken.find((s) => s.handle === handle),
      );
    for (const slip of taken) this.#untold.set(slip.handle, slip.medium);
    this.#listening?.stop(handles);
    const keys = taken.map((s) => keyOf(s.purpose, s.medium));
    const slips = this.store.get().slips.filter((s) => !handles.includes(s.handle));
    this.store.set({ slips, sendingVoice: false });
    this.#restate();
    this.#busy(keys, true);
    try {
      await outbox.take(taken);
    } finally {
      this.#busy(keys, false);
    }
    if (taken.length < handles.length) this.store.set({ trouble: i18next.t('me.noSlip') });
  }

  setPaused(paused: boolean): void {
    this.#listening?.paused(paused);
    this.store.set({ paused });
  }

  readonly sendingLevel = (): number => this.#listening?.level() ?? 0;

  /** What the server says that it holds of this person. */
  async account(): Promise<PersonAccount> {
    const account = await api.me(await this.#device.requestProof('POST', '/api/me', new Date()));
    return this.#device.record.lasting ? inMeeting(account, this.#device.record.meeting) : account;
  }

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
    this.store.set({ notice, offered: this.#keeps ? offeredRows(notice, meeting) : [] });
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
        void this.#membership?.attributes(p.identity, { ...p.attributes }, p.name ?? '');
        refresh();
      })
      .on(RoomEvent.ParticipantAttributesChanged, (_changed, p) => {
        if (p !== room.localParticipant)
          void this.#membership?.attributes(p.identity, { ...p.attributes }, p.name ?? '');
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
        if (!decrypted(payload) || !member) return;
        if (topic === LOG_TOPIC) this.#gossip?.receive(member.participant, payload);
        if (topic !== 'chat') return;
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
        const offered = this.#keeps ? offeredRows(notice, event.data) : [];
        const { meeting: before, reworded: knew } = this.store.get();
        this.#asked = await askedIn(event.data);
        this.store.set({
          meeting: event.data,
          notice,
          offered,
          scopes: this.#device.record.lasting ? scopesOffered(event.data, this.#now()) : [THIS_MEETING],
        });
        this.#restate();
        // Somebody else gets it now: a yes to the one before is none to them, and the row is asked anew.
        const [was] = before.ai.recipients;
        const [recipient] = event.data.ai.recipients;
        if (was && recipient && !sameRecipient(was, recipient))
          for (const own of this.#own.values()) if (this.#outdated(own)) this.#seen.delete(own.purpose);
        // So is one whose words are others than a yes was said to; told once for each change of them.
        const { reworded: anew } = this.store.get();
        for (const [purpose, change] of anew)
          if (JSON.stringify(knew.get(purpose)) !== JSON.stringify(change)) this.#seen.delete(purpose);
        const fresh = offered.filter(
          (row) =>
            !this.#seen.has(row.purpose) &&
            (anew.has(row.purpose) ||
              row.media.every((m) => this.choice(row.purpose, m.medium) === 'requested')),
        );
        this.store.set({ fresh });
        await this.#applyGrants();
        return;
      }
      case 'ai':
        this.store.set({ ai: event.data });
        return;
      case 'caption':
        this.#strip.caption(event.data, this.#names.get(event.data.participant), Date.now());
        this.store.set({ captions: this.#strip.lines });
        return;
      case 'mine': {
        const told = new Map(event.data.choices.map((c) => [keyOf(c.purpose, c.medium), c]));
        this.#told = told;
        // What follows takes time; what the server takes away ends now.
        this.#stopWhatEnded();
        const held = new Set(this.store.get().slips.map((slip) => slip.handle));
        if ([...told.values()].some(({ handle }) => handle !== undefined && !held.has(handle)))
          await this.#loadSlips();
        for (const key of this.#unheard.keys()) {
          const own = this.#own.get(key);
          const now = told.get(key);
          if (now && now.state !== 'requested' && now.handle === own?.handle) this.#unheard.delete(key);
        }
        await this.#lookElsewhere();
        this.#restate();
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

  /** What the card shows now: what is signed when one of its buttons is pressed. */
  #shown(): { readonly notice: Notice; readonly recipient: Recipient } | undefined {
    const { notice, meeting } = this.store.get();
    const recipient = meeting.ai.recipients[0];
    return notice && recipient ? { notice, recipient } : undefined;
  }

  #lapse(own: OwnChoice): Lapse | undefined {
    return this.#asked ? lapse(own, this.#asked, this.#now()) : 'unasked';
  }

  /** Whether a yes was to another recipient, key or processor than the meeting has now, or is over. */
  #outdated(own: OwnChoice): boolean {
    const why = this.#lapse(own);
    return own.state === 'given' && why !== undefined && why !== 'unasked' && why !== 'words';
  }

  #busyWith(key: string): boolean {
    return this.store.get().busy.has(key) || this.#unheard.has(key);
  }

  /**
   * What changed in the words of a row since it was answered. A yes is to the very words that were shown. A no stands
   * until the question is another one: new words alone are not asked again after it.
   */
  #reworded(own: OwnChoice): Reworded | undefined {
    if (!this.#asked) return undefined;
    const { texts } = this.#asked;
    const change = reworded(own.shown, texts);
    if (own.state === 'given' || !change) return change;
    const text = texts.get(own.shown.locale);
    const row = text?.rows.find((r) => r.purpose === own.purpose);
    if (!text || !row) return undefined;
    const asked = (of: NoticeRow) => questionOf(text.controller.name, of, own.medium, own.recipient);
    return asked(own.shown.row) === asked(row) ? undefined : change;
  }

  /** Whether the server says of a yes what was signed; it may be slower than its own reply. */
  #agreed(key: string, own: OwnChoice): boolean {
    const told = this.#told?.get(key);
    return (
      this.#told === undefined ||
      this.#unheard.has(key) ||
      (told?.state === 'given' && told.handle === own.handle)
    );
  }

  /** How a row stands: as it was signed, less what was taken back here or ended by the server. */
  #standing(key: string, own: OwnChoice): string {
    if (this.#refusedHere.has(key)) return 'refused';
    if (own.state === 'refused' || own.handle === undefined)
      return this.#lapse(own) === 'over' || this.#reworded(own) ? 'requested' : 'refused';
    if (this.#taken.has(own.handle)) return 'withdrawn';
    if (this.#outdated(own) || this.#reworded(own)) return 'requested';
    const told = this.#told?.get(key);
    return told && !this.#agreed(key, own) && endedBy(told, own, this.store.get().meeting.id)
      ? told.state
      : 'given';
  }

  /** Brings what is shown in line with what was signed, taken back and told. */
  #restate(): void {
    if (this.#asked) this.#own = inEffect(this.#proved, this.#asked);
    const choices = new Map<string, Choice>();
    const wider = new Map<string, Omit<WiderYes, 'media'>>();
    for (const [handle, slip] of this.#taken)
      if (slip)
        choices.set(keyOf(slip.purpose, slip.medium), {
          purpose: slip.purpose,
          medium: slip.medium,
          state: 'withdrawn',
          handle,
        });
    const anew = new Map<string, Reworded>();
    for (const [key, own] of this.#own) {
      const { purpose, medium, handle } = own;
      const state = this.#standing(key, own);
      choices.set(key, { purpose, medium, state, ...(handle === undefined ? {} : { handle }) });
      const change = state === 'requested' ? this.#reworded(own) : undefined;
      if (change) anew.set(purpose, change);
      if (state === 'given' && own.scope.kind !== 'meeting')
        wider.set(key, {
          scope: own.scope,
          since: new Date(own.issued),
          elsewhere: own.meeting !== this.store.get().meeting.id,
        });
    }
    this.store.set({ choices, wider, reworded: anew, disagrees: this.#disagreement() });
  }

  #disagreement(): RoomState['disagrees'] {
    if (this.#told === undefined) return undefined;
    const { slips: held } = this.store.get();
    const open = (key: string) => this.#busyWith(key);
    let found: RoomState['disagrees'];
    for (const [key, { purpose, medium, state, handle }] of this.#told) {
      if (state !== 'given' || open(key)) continue;
      if (handle !== undefined && (this.#taken.has(handle) || this.#elsewhere.has(handle))) continue;
      const own = this.#own.get(key);
      if ((own?.state === 'given' && own.handle === handle) || this.#refusedHere.has(key)) continue;
      if (!held.some((s) => s.handle === handle && s.purpose === purpose && s.medium === medium))
        return 'otherwise';
      found = 'unproved';
    }
    for (const [key, own] of this.#own) {
      if (own.handle === undefined || this.#taken.has(own.handle) || open(key)) continue;
      const told = this.#told.get(key);
      if (this.#outdated(own) || this.#reworded(own)) continue;
      if (this.#agreed(key, own) || (told && endedBy(told, own, this.store.get().meeting.id))) continue;
      return 'otherwise';
    }
    return found;
  }

  /**
   * Another page of this device may have answered meanwhile: what it keeps is no contradiction. What it signed under a
   * lasting key, in another meeting, counts here too, and so does what it took back.
   */
  async #lookElsewhere(): Promise<void> {
    const differs = [...this.#own].some(([key, own]) => !this.#agreed(key, own) && !this.#busyWith(key));
    if (this.#device.record.lasting && this.#asked && differs) await this.#loadOwn(this.#asked);
    const known = new Set(this.#proved.map((own) => own.handle));
    const unknown = [...(this.#told?.values() ?? [])].some(
      ({ state, handle }) => state === 'given' && !known.has(handle),
    );
    if (!unknown || !this.#keeps) return;
    for (const { handle } of await this.#readProved())
      if (handle !== undefined && !known.has(handle)) this.#elsewhere.add(handle);
  }

  /**
   * The stream follows what this device signed: only grants whose receipt was proved here, whose slip is on this
   * device, so that each can be taken back here, that were made to the very recipient there is now, of what the meeting
   * still asks, and none of a medium of which the server still believes more than its person does.
   */
  #applyGrants(): Promise<void> {
    this.#stopWhatEnded();
    const next = this.#granting.then(() => this.#grantsApplied());
    this.#granting = next.catch(() => undefined);
    return next;
  }

  /** Silent when this returns: whatever gives nothing any more. */
  #stopWhatEnded(): void {
    const live = new Set(this.#live().map((g) => g.handle));
    this.#listening?.stop(this.#proved.flatMap(({ handle }) => handle ?? []).filter((h) => !live.has(h)));
  }

  async #grantsApplied(): Promise<void> {
    const { meeting } = this.store.get();
    const recipient = meeting.ai.recipients[0];
    if (this.#listening && !(recipient && sameRecipient(this.#listening.recipient, recipient))) {
      await this.#listening.grants([]);
      this.#listening = undefined;
    }
    if (!this.#listening) {
      if (this.#live().length === 0 || !recipient) return;
      const log = await this.#knownLog();
      this.#listening = new Listening({
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
    const { slips: held, phase, finding } = this.store.get();
    if (phase === 'out' || finding) return [];
    const untold = new Set(this.#untold.values());
    return [...this.#own].flatMap(([key, own]) =>
      own.handle !== undefined &&
      this.#standing(key, own) === 'given' &&
      this.#lapse(own) === undefined &&
      this.#agreed(key, own) &&
      !untold.has(own.medium) &&
      held.some((s) => s.handle === own.handle)
        ? [{ handle: own.handle, medium: own.medium }]
        : [],
    );
  }

  /** Slips of an earlier yes to the same row that never was proved or went to somebody else: it is ended first. */
  #staleSlips(answers: readonly Answer[]): readonly string[] {
    return this.store
      .get()
      .slips.filter((slip) =>
        answers.some((a) => a.yes && a.purpose === slip.purpose && a.medium === slip.medium),
      )
      .filter((slip) => {
        // What was said in other words stands for what was kept under them, beside the new yes.
        const own = this.#own.get(keyOf(slip.purpose, slip.medium));
        if (own?.handle === slip.handle && !this.#outdated(own) && this.#reworded(own)) return false;
        const told = this.#told?.get(keyOf(slip.purpose, slip.medium));
        const stands = told?.state === 'given' && told.handle === slip.handle;
        // One from elsewhere is ended only for what the server holds without having proved it.
        if (slip.meeting !== this.store.get().meeting.id)
          return stands && !this.#proved.some((own) => own.handle === slip.handle);
        return this.#told === undefined || stands;
      })
      .map((slip) => slip.handle);
  }

  /** The slips that a no to a row takes back: those of this meeting, and that of a yes from elsewhere which counts here. */
  #slipsOf(purpose: string, medium: string): readonly KeptSlip[] {
    const { meeting, slips: held } = this.store.get();
    const key = keyOf(purpose, medium);
    const counts = this.#refusedHere.has(key)
      ? []
      : [this.#own.get(key)?.handle, this.#told?.get(key)?.handle];
    return held.filter(
      (s) =>
        s.purpose === purpose &&
        s.medium === medium &&
        (s.meeting === meeting.id || counts.includes(s.handle)),
    );
  }

  /** A no on the card to what was given before is a withdrawal, and is made before anything is opened or sent. */
  #takeBackFirst(answers: readonly Answer[]): readonly Answer[] {
    const held = new Map(answers.map((a) => [a, this.#slipsOf(a.purpose, a.medium)]));
    const slipsFor = (a: Answer) => held.get(a) ?? [];
    const ended = answers.filter((a) => !a.yes && !a.here).flatMap(slipsFor);
    if (ended.length > 0)
      void this.withdraw(ended.map((s) => s.handle)).catch((failure: unknown) => this.#trouble(failure));
    // A yes that stands is not said again.
    const said = answers.filter((a) =>
      a.yes ? this.choice(a.purpose, a.medium) !== 'given' : a.here || slipsFor(a).length === 0,
    );
    return [...said, ...this.#owedHere(answers)];
  }

  /** Nos for this meeting only that were pressed here before and that the server never confirmed. */
  #owedHere(answers: readonly Answer[]): readonly Answer[] {
    const said = new Set(answers.map((a) => keyOf(a.purpose, a.medium)));
    return [...this.#own].flatMap(([key, { purpose, medium, meeting }]) => {
      const row = this.store.get().offered.find((r) => r.purpose === purpose);
      const part = row?.media.find((m) => m.medium === medium);
      const owed = this.#refusedHere.has(key) && meeting !== this.store.get().meeting.id && !said.has(key);
      return row && part && owed
        ? [{ purpose: row.purpose, medium: part.medium, yes: false, here: true }]
        : [];
    });
  }

  /** Shows how far withdrawals are; what the server now knows no longer holds back what remains granted. */
  #withdrawalsMoved(): void {
    const meeting = this.store.get().meeting.id;
    const proved = new Set(this.#proved.map((own) => own.handle));
    const mine = new Map(
      [...outbox.store.get().said].filter(
        ([handle, said]) =>
          said.meeting === meeting || [...this.#own.values()].some((o) => o.handle === handle),
      ),
    );
    const worthTelling = new Map(
      // A slip of what never was recorded had nothing to end, and there is nothing to tell of it.
      [...mine].filter(
        ([handle, said]) => said.is !== 'unchecked' || !settled(said.why) || proved.has(handle),
      ),
    );
    this.store.set({ standings: worthTelling });
    const failed = [...mine.values()].find((s) => s.is === 'sending' && s.why !== undefined);
    if (failed?.is === 'sending') this.store.set({ trouble: sentence(failed.why) });
    else if (this.#stuck) this.store.set({ trouble: undefined });
    this.#stuck = failed !== undefined;
    let told = false;
    for (const [handle, said] of mine) if (said.is !== 'sending' && this.#untold.delete(handle)) told = true;
    if (told) void this.#applyGrants().catch((failure: unknown) => this.#trouble(failure));
  }

  /** Compares the log with the others here, whatever was answered: all do, so it tells nothing about a choice. */
  async #compareLog(): Promise<void> {
    let log: KnownLog;
    try {
      log = await this.#knownLog();
      await log.finding();
    } catch (failure) {
      // A browser that cannot check the log sends nothing to AI, and says so when it is asked to.
      if (failure instanceof CannotVerify) return;
      throw failure;
    }
    if (this.store.get().phase === 'out') return;
    const gossip = new Gossip({
      log,
      send: async (message, to) => {
        if (!this.#room.isE2EEEnabled) throw new Error('the meeting is not encrypted yet');
        await this.#room.localParticipant.publishData(message, {
          reliable: true,
          topic: LOG_TOPIC,
          ...(to.length > 32 ? {} : { destinationIdentities: [...to] }),
        });
      },
      changed: (compared) => this.store.set({ compared }),
      failed: (failure) => console.warn('room: the log could not be compared', failure),
      now: () => Date.now(),
    });
    this.#gossip = gossip;
    gossip.members(this.#membership?.members.keys() ?? []);
    this.#timers.push(setInterval(() => void gossip.tick(), 1000));
    await gossip.tick();
  }

  /** The log contradicts itself: every copy is silent when this returns, and none is opened again by this page. */
  #found(): void {
    const { finding, meeting, choices } = this.store.get();
    const found = findings.get().found.get(meeting.log.vkey);
    if (finding?.is === 'fork' || !found || found === finding) return;
    this.#listening?.stop([...choices.values()].flatMap((c) => c.handle ?? []));
    this.store.set({ finding: found, fresh: [], sendingVoice: false });
    this.#applyGrants().catch((failure: unknown) => this.#trouble(failure));
  }

  #knownLog(): Promise<KnownLog> {
    this.#log ??= KnownLog.of(this.store.get().meeting.log.vkey);
    this.#log.catch(() => (this.#log = undefined));
    return this.#log;
  }

  async #loadKept(): Promise<void> {
    const { meeting } = this.store.get();
    if (this.#asked) await this.#loadOwn(this.#asked);
    this.store.set({ receipts: (await receipts.all()).filter((r) => r.meeting === meeting.id) });
    this.#restate();
    outbox.resend().catch((failure: unknown) => this.#trouble(failure));
    this.#withdrawalsMoved();
  }

  async #loadOwn(asked: Asked): Promise<void> {
    this.#proved = await this.#readProved();
    this.#own = inEffect(this.#proved, asked);
    for (const key of await refusedHere(asked)) this.#refusedHere.add(key);
    for (const slip of await this.#slipsThatCount()) {
      const { handle, purpose, medium, usedAt } = slip;
      if (isTaken(slip)) this.#taken.set(handle, { purpose, medium });
      if (isTaken(slip) && usedAt === undefined) this.#untold.set(handle, medium);
    }
    await this.#loadSlips();
  }

  async #loadSlips(): Promise<void> {
    this.store.set({ slips: (await this.#slipsThatCount()).filter((s) => !this.#taken.has(s.handle)) });
  }

  /** Slips of what was said in this meeting, and of what counts in it from elsewhere, as proved here or as the server says. */
  async #slipsThatCount(): Promise<KeptSlip[]> {
    const { id } = this.store.get().meeting;
    const handles = new Set([...this.#own.values(), ...(this.#told?.values() ?? [])].map((c) => c.handle));
    return (await keptSlips.all()).filter((s) => s.meeting === id || handles.has(s.handle));
  }

  async #readProved(): Promise<OwnChoice[]> {
    return provedOf(await receipts.all(), this.#device, this.store.get().meeting.log.vkey);
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
    const late = [...this.#unheard].filter(([, at]) => now - at > UNHEARD_MS);
    for (const [key] of late) this.#unheard.delete(key);
    const over = [...this.#own].filter(([, own]) => this.#lapse(own) === 'over').map(([key]) => key);
    if (late.length > 0 || over.join() !== this.#over) this.#restate();
    if (over.join() !== this.#over) {
      this.#over = over.join();
      void this.#applyGrants().catch((failure: unknown) => this.#trouble(failure));
    }
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
    this.#membership?.close();
    for (const timer of this.#timers) clearInterval(timer);
    this.#events?.close();
    await this.#listening?.close();
    await this.#room.disconnect();
    this.#worker.terminate();
    this.media.close();
  }
}

/** How long what the server says may be older than the answer that it has just taken. */
const UNHEARD_MS = 5000;

const ENDED: ReadonlySet<string> = new Set(['withdrawn', 'expired', 'revoked', 'invalidated']);

/**
 * Whether what the server says ends this yes: by a slip used elsewhere, by time, by the operator. Of one that was said in
 * another meeting, and ended, it says nothing: the row is then asked as if for the first time.
 */
function endedBy(told: Choice, own: OwnChoice, meeting: string): boolean {
  if (own.meeting !== meeting && told.state === 'requested') return true;
  return ENDED.has(told.state) && (told.handle === undefined || told.handle === own.handle);
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
  /** Whether this browser keeps what it is given; if not, nothing is asked and nothing can be agreed to. */
  readonly keeps: boolean;
  readonly linkSecret: Bytes;
  readonly name: string;
  readonly media: LocalMedia;
  /** Purposes whose row this person has already been shown, here or as a remembered refusal. */
  readonly seen: Iterable<string>;
  readonly now?: () => Date;
}
