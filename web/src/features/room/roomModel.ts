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
  type Joined,
  type Meeting,
  type PersonAccount,
  type Withdrawal,
} from '../api/client';
import { subscribe, type AiState, type SeatEvent, type Subscription } from '../api/events';
import { sentence, sentenceOfBoth, sentenceOfNo } from '../api/sentences';
import { b64u, type Bytes } from '../bytes/bytes';
import { inReceipts, keyOf } from '../consent/answers';
import {
  ends as keptEnds,
  receipts,
  slips as keptSlips,
  stillKept,
  type KeptEnd,
  type KeptReceipt,
  type KeptSlip,
} from '../consent/keeping';
import type { Notice, NoticeRow } from '../consent/notice';
import { provedChoices, sameRecipient, type OwnChoice } from '../consent/own';
import { OwnRows, type OwnYes, type Statement } from '../consent/ownRows';
import { askedIn } from '../consent/reach';
import type { Answer, Recipient } from '../consent/receipt';
import { refusedBefore, rememberNos, rememberTakenBack } from '../consent/refused';
import { scopesOffered, THIS_MEETING, type Scope } from '../consent/scope';
import { answer } from '../consent/signing';
import { endedBy, provedOf, refusedHere, rememberHere } from '../consent/standing';
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
import { outbox, type Said, type Taking } from '../withdraw/outbox';
import { LastWords, type Word } from './lastWords';
import { markTaken, settled } from '../withdraw/withdrawal';
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

export interface RoomState extends Statement {
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
  readonly busy: ReadonlySet<string>;
  /** How far answers can be made to reach from this seat, the narrowest first; `scope` is what is chosen. */
  readonly scopes: readonly Scope[];
  readonly scope: Scope;
  /** Rows that were switched on after this person last saw the card, and that they have not answered. */
  readonly fresh: readonly NoticeRow[];
  /** Rows, as `keyOf`, to which a no was pressed that is not done yet: nothing of them is sent. */
  readonly refusing: ReadonlySet<string>;
  /** What is written and not sent, and why not where it was tried. */
  readonly draft: { readonly words: string; readonly refused?: 'chatTooLong' | 'chatNotSent' };
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
  /** What was answered in this page since it was last asked, as `keyOf`. */
  readonly #answered = new Set<string>();
  /** How the rows stand for this person. Nothing else opens a stream. */
  readonly #rows: OwnRows;
  readonly #now: () => Date;
  #granting: Promise<void> = Promise.resolve();
  /** Done when no answer is on its way into the log. */
  #recording: Promise<void> = Promise.resolve();
  /** Done when what was written before has been sent, or could not be. */
  #saying: Promise<void> = Promise.resolve();
  readonly #words = new LastWords();
  /** Media of noes that wait to know what became of a yes: the server may already use it. */
  readonly #silenced = new Set<readonly string[]>();
  #stuck = false;
  /** Of the events that tell what the meeting asks: the last one counts, whichever is read first. */
  #turn = 0;
  #ticks = 0;
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
    this.#rows = new OwnRows(args.meeting.id, this.#now);
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
      refusing: new Set(),
      draft: { words: '' },
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
    const word = this.#words.press(
      answers.map((a) => keyOf(a.purpose, a.medium)),
      true,
    );
    this.#rows.asks(await askedIn(this.store.get().meeting));
    if (this.#keeps) await this.#loadKept();
    const signing = await this.#takeBackFirst(answers);
    this.#wire();
    // Before connecting: from its first moment on, whatever this device publishes is marked and sent encrypted.
    await this.#room.setE2EEEnabled(true);
    if (this.#isOut) return;
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
        wait: pause,
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
    if (this.#isOut) {
      // Left while it was being entered: there is no way back into a page that was left.
      this.#membership.close();
      await this.#room.disconnect();
      return;
    }
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
    // What was pressed in the room meanwhile is the later word.
    const still = signing.filter((a) => !this.#hasAnswered(a, a.medium));
    if (still.length > 0) await this.sign(still, shown, word);
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

  write(words: string): void {
    this.store.set({ draft: { words } });
  }

  /**
   * Sends what is written under the meeting's encryption, then copies it to those the person granted their chat, if it was
   * granted both when they pressed and when it was sent. What could not be sent is back in the draft, before what was
   * written meanwhile.
   */
  async say(): Promise<void> {
    const words = this.store.get().draft.words.trim();
    if (words === '') return;
    const copied = this.#listening?.copiesChat === true;
    this.write('');
    const back = (refused: NonNullable<RoomState['draft']['refused']>) =>
      this.store.set({ draft: { words: `${words} ${this.store.get().draft.words}`.trim(), refused } });
    const written = writeChat(words, new Date());
    if (!written) {
      back('chatTooLong');
      return;
    }
    const before = this.#saying;
    let said: () => void = () => undefined;
    this.#saying = new Promise((resolve) => (said = resolve));
    try {
      await before;
      await this.#canBeRead();
      await this.#room.localParticipant.publishData(written.bytes, { reliable: true, topic: 'chat' });
    } catch (failure) {
      console.warn('room: a message could not be sent', failure);
      back('chatNotSent');
      return;
    } finally {
      said();
    }
    this.#line({ ...written.message, name: this.#name, mine: true });
    if (copied)
      await this.#listening?.chat(written.bytes).catch((failure: unknown) => this.#trouble(failure));
  }

  /** Resolves when what is sent can be read by everybody who is there: this page is in, and its key went to them. */
  async #canBeRead(): Promise<void> {
    for (let waited = 0; this.store.get().phase !== 'in'; waited += LOOK_MS) {
      if (this.store.get().phase === 'out' || waited >= ENTERED_MS) throw new Error('not in the meeting');
      await pause(LOOK_MS);
    }
    if (!this.#room.isE2EEEnabled) throw new Error('the meeting is not encrypted');
    await Promise.race([this.#membership?.settled(), pause(SETTLED_MS)]);
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
    const keys = media.map((medium) => keyOf(row.purpose, medium));
    for (const key of keys) this.#answered.add(key);
    if (!yes && this.#words.areRefused(keys)) return;
    const word = this.#words.press(keys, yes);
    try {
      await (yes ? this.#says(row, media, word) : this.#refuses(row, media, word));
    } catch (failure) {
      this.#trouble(failure);
    } finally {
      this.#ask(this.store.get().fresh);
    }
  }

  /** A yes comes after all that is under way for its row, if it still is the last word then. */
  async #says(row: NoticeRow, media: readonly string[], word: Word): Promise<void> {
    const shown = this.#shown();
    const keys = media.map((medium) => keyOf(row.purpose, medium));
    const answers = row.media
      .filter((m) => media.includes(m.medium))
      .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: true, ...this.#far() }));
    if (this.#words.isUnderWay(keys)) {
      this.#busy(keys, true);
      try {
        await within(PATIENCE_MS, this.#words.over(keys));
      } catch (late) {
        this.#stillAsks(this.#meant(answers, word));
        throw late;
      } finally {
        this.#busy(keys, false);
      }
    }
    const still = this.#meant(answers, word).filter((a) => this.choice(a.purpose, a.medium) !== 'given');
    if (still.length > 0) await this.sign(still, shown, word);
  }

  /** A no stops what is sent at once, and takes a yes that it overtakes back when it is known what became of it. */
  async #refuses(row: NoticeRow, media: readonly string[], word: Word): Promise<void> {
    const keys = media.map((medium) => keyOf(row.purpose, medium));
    const done = this.#words.refuses(keys);
    this.#showRefusing();
    this.#stopWhatEnded();
    try {
      await this.#endsRow(row, media, word);
    } finally {
      done();
      this.#showRefusing();
    }
    await this.#applyGrants();
  }

  #showRefusing(): void {
    this.store.set({ refusing: this.#words.refusing });
  }

  async #endsRow(row: NoticeRow, media: readonly string[], word: Word): Promise<void> {
    const keys = media.map((medium) => keyOf(row.purpose, medium));
    // Without media to which a yes was pressed since: that is the last word of them.
    const still = () =>
      row.media.filter(
        ({ medium }) => media.includes(medium) && this.#words.stands(word, keyOf(row.purpose, medium)),
      );
    const noes = () =>
      still()
        .filter(({ medium }) => this.choice(row.purpose, medium) !== 'refused')
        .map(({ medium }) => ({ purpose: row.purpose, medium, yes: false, ...this.#far() }));
    let overtaken: readonly KeptSlip[] = [];
    const silenced = this.#words.isSigning(keys) ? [...media] : [];
    if (silenced.length > 0) {
      this.#silenced.add(silenced);
      this.#stopWhatEnded();
      // Written down before anything is waited for: the page may be closed first.
      const [taken] = await Promise.all([
        this.#takesUnsaid((s) => s.purpose === row.purpose && media.includes(s.medium), keys),
        this.#remembersNo(noes()),
      ]);
      overtaken = taken;
    }
    const pressed = noes();
    const isOpen = (a: Answer) => ['requested', 'given'].includes(this.choice(a.purpose, a.medium));
    const refused = pressed.filter(isOpen);
    // The server may still get a yes of which nothing is known here: a no that was signed later keeps it from counting.
    const unheard = [
      ...overtaken,
      ...still().flatMap(({ medium }) => this.#rows.slipsOf(row.purpose, medium)),
    ].filter(
      (slip) => slip.meeting === this.store.get().meeting.id && !this.#rows.handles.includes(slip.handle),
    );
    const isUnheard = (a: Answer) => unheard.some((slip) => slip.medium === a.medium);
    // All of the row, proved or not: what the server may hold is taken back whatever it says of it.
    const handles = still().flatMap(({ medium }) => this.#heldOf(row.purpose, medium));
    const told = handles.length + overtaken.length > 0 ? this.#ends(handles, overtaken) : Promise.resolve();
    this.#silenced.delete(silenced);
    const answers = still()
      .map(({ medium }) => ({ purpose: row.purpose, medium, yes: false, ...this.#far() }))
      .filter((a) => isUnheard(a) || isOpen(a));
    const owed = this.#rows.owed(answers, [{ ...row, media: still() }]);
    await Promise.all([
      told,
      // Again after the wait: a yes that was recorded meanwhile has made this device forget it.
      this.#remembersNo(pressed),
      this.#takeBackElsewhere(refused),
      // With them what was refused here before and never confirmed.
      this.#signs([...answers, ...owed], this.#shown(), word),
    ]);
  }

  /**
   * Takes back slips while a yes may be on its way to the server: on this device at once. Gives them when it is known what
   * became of it, or nothing was heard for long.
   */
  async #takesUnsaid(
    which: (slip: KeptSlip) => boolean,
    keys: readonly string[],
  ): Promise<readonly KeptSlip[]> {
    const { id } = this.store.get().meeting;
    const at = this.#now();
    const signed = within(PATIENCE_MS, this.#words.signed(keys)).catch(() => undefined);
    let taken: readonly KeptSlip[] = [];
    try {
      taken = (await keptSlips.all()).filter((s) => s.meeting === id && s.usedAt === undefined && which(s));
      await Promise.all(taken.map((s) => markTaken(s.handle, at)));
    } catch (failure) {
      // It is said all the same, unless the page is closed before.
      console.warn('room: what is taken back could not be written down', failure);
    }
    await signed;
    const kept = await stillKept(taken);
    this.#rows.neverWere(taken.filter((slip) => !kept.includes(slip)).map((slip) => slip.handle));
    return kept;
  }

  /** How far an answer reaches, where it is further than this meeting. */
  #far(): Pick<Answer, 'scope'> {
    const { scope } = this.store.get();
    return scope.kind === 'meeting' ? {} : { scope };
  }

  /** A no in this meeting only: a yes from elsewhere stays as it is there. */
  async refuseHere(row: NoticeRow): Promise<void> {
    const { wider } = this.store.get();
    const keys = row.media.map((m) => keyOf(row.purpose, m.medium));
    for (const key of keys) this.#answered.add(key);
    const word = this.#words.press(keys, false);
    try {
      await this.sign(
        row.media
          .filter((m) => wider.get(keyOf(row.purpose, m.medium))?.elsewhere)
          .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: false, here: true })),
        this.#shown(),
        word,
      );
    } catch (failure) {
      this.#trouble(failure);
    } finally {
      this.#ask(this.store.get().fresh);
    }
  }

  /** Chooses how far the answers reach that are given from now on. */
  setScope(scope: Scope): void {
    this.store.set({ scope });
  }

  /**
   * Signs answers to what was shown, by default what is shown now, and has them recorded: a receipt for each reach, and
   * for Learning one of its own. Each is recorded or not by itself, whatever became of the others; the rows show which.
   */
  async sign(
    wanted: readonly Answer[],
    shown = this.#shown(),
    word = this.#words.press(
      wanted.map((a) => keyOf(a.purpose, a.medium)),
      true,
    ),
  ): Promise<void> {
    if (await this.#signs(wanted, shown, word)) await this.#applyGrants();
  }

  /** Whether there was anything to sign. A yes counts only while `word` is the last one for it. */
  async #signs(wanted: readonly Answer[], shown: Shown | undefined, word: Word): Promise<boolean> {
    const answers = this.store.get().finding ? wanted.filter((a) => !a.yes) : wanted;
    if (!shown || !this.#keeps || answers.length === 0) return false;
    // Before anything that takes time: from here on nothing of these rows is sent.
    const here = answers.filter((a) => a.here);
    this.#rows.refuses(here);
    this.#listening?.stop(this.#rows.endedBy(answers));
    if (here.length > 0) this.#restate();
    const keys = answers.map((a) => keyOf(a.purpose, a.medium));
    const stale = this.#rows.stale(answers);
    if (stale.length > 0) await this.#ends(stale);
    const groups = inReceipts(answers, (one) => this.#rows.scopeOf(one));
    this.#busy(keys, true);
    let recorded: () => void = () => undefined;
    this.#recording = new Promise<void>((resolve) => (recorded = resolve));
    const stood = this.#rows.stoodBefore(answers.filter((a) => !a.yes));
    let failed: { readonly why: unknown; readonly means: string; readonly nos: boolean } | undefined;
    try {
      for (const { scope, answers: some } of groups)
        try {
          // A yes that a later word overtook before it left is torn up, and what was signed beside it is signed anew.
          let still = this.#meant(some, word);
          while (still.length > 0 && !(await this.#record(shown, scope, still, word)))
            still = this.#meant(still, word);
        } catch (why) {
          const meant = this.#meant(some, word);
          this.#stillAsks(meant);
          const nos = meant.filter((a) => !a.yes).length;
          const means =
            nos === 0 ? sentence(why) : nos < meant.length ? sentenceOfBoth(why) : sentenceOfNo(why, stood);
          // What became of a yes is told before what is a no anyway; of one that is no longer meant, nothing.
          if (meant.length > 0 && (!failed || (nos < meant.length && failed.nos)))
            failed = { why, means, nos: nos === meant.length };
        }
    } finally {
      recorded();
      if (failed) this.#trouble(failed.why, failed.means);
      this.#busy(keys, false);
      this.#restate();
    }
    return true;
  }

  /** A yes that did not come about is still asked; a no is a no. */
  #stillAsks(answers: readonly Answer[]): void {
    for (const yes of answers.filter((a) => a.yes)) {
      this.#answered.delete(keyOf(yes.purpose, yes.medium));
      if (this.store.get().fresh.some((row) => row.purpose === yes.purpose)) this.#seen.delete(yes.purpose);
    }
  }

  /** What of answers is still meant: a yes while it is the last word, and here; a no until a yes overtakes it. */
  #meant(answers: readonly Answer[], word: Word): readonly Answer[] {
    const here = !this.#isOut;
    return answers.filter(({ purpose, medium, yes }) => {
      const key = keyOf(purpose, medium);
      return yes ? here && this.#words.stands(word, key) : !this.#words.isOvertakenByYes(word, key);
    });
  }

  /** Whether the answers were recorded; they are not where one is no longer meant. */
  async #record(shown: Shown, scope: Scope, answers: readonly Answer[], word: Word): Promise<boolean> {
    const done = this.#words.signs(answers.map((a) => keyOf(a.purpose, a.medium)));
    try {
      return await this.#recorded(shown, scope, answers, word);
    } catch (why) {
      // The slips of what was not proved are on this device: with them it can be taken back, should it stand.
      await this.#loadSlips().catch((failure: unknown) => this.#trouble(failure));
      throw why;
    } finally {
      done();
    }
  }

  async #recorded(shown: Shown, scope: Scope, answers: readonly Answer[], word: Word): Promise<boolean> {
    const { id } = this.store.get().meeting;
    for (const no of answers.filter((a) => a.here)) await rememberHere(id, no, true, this.#now());
    const log = await this.#knownLog();
    const answered = await answer({
      api,
      log,
      device: this.#device,
      seat: this.joined.seat,
      participant: this.joined.participantId,
      ...shown,
      scope,
      answers,
      now: this.#now(),
      translations: this.#rows.texts(shown.notice.version),
      stillMeant: () => this.#meant(answers, word).length === answers.length,
    });
    if (!answered) return false;
    const { receipt, slips: drawn } = answered;
    const said = await provedChoices(receipt, this.#device, log.by.vkey);
    this.#rows.signed(said, drawn, answers);
    for (const yes of answers.filter((a) => a.yes)) await rememberHere(id, yes, false, this.#now());
    this.store.set({ receipts: [...this.store.get().receipts, receipt], trouble: undefined });
    this.#restate();
    return true;
  }

  /** Stops the copy here, then has the secrets published, then reopens for what remains under a new key. */
  async withdraw(handles: readonly string[]): Promise<void> {
    const texts = (version: number) => this.#rows.texts(version);
    const remembered = receipts
      .all()
      .then((all) => rememberTakenBack(handles, all, this.#now(), texts))
      .catch((failure: unknown) => console.warn('room: a no could not be remembered', failure));
    // What is on its way, or was and never was proved, is in no list.
    const signing = this.#words.signing;
    const proved = new Set(this.#rows.handles);
    const unproved = (s: KeptSlip) => signing.has(keyOf(s.purpose, s.medium)) || !proved.has(s.handle);
    const late = this.#takesUnsaid(unproved, [...signing]).then((unsaid) =>
      unsaid.length > 0 ? this.#ends([], unsaid) : undefined,
    );
    await Promise.all([this.#ends(handles), late, remembered]);
  }

  /** What a no to a row takes back: by slips, and by the key that signed it where the slip of a yes is lost. */
  #heldOf(purpose: string, medium: string): readonly string[] {
    return [
      ...this.#rows.slipsOf(purpose, medium).map((s) => s.handle),
      ...this.#rows.lostOf(purpose, medium),
    ];
  }

  /** Of `unsaid` nothing is known here but that it was sent. */
  async #ends(known: readonly string[], unsaid: readonly KeptSlip[] = []): Promise<void> {
    const handles = [...new Set([...known, ...unsaid.map((s) => s.handle)])];
    const { slips: held, lost } = this.#rows.takes(handles, unsaid);
    this.#listening?.stop(handles);
    // The server may use under it what is sent for something else of the same medium.
    this.#stopWhatEnded();
    const besides = unsaid.filter((s) => !held.some(({ handle }) => handle === s.handle));
    const taken: readonly Taking[] = [...held, ...besides, ...lost.map((yes) => this.#endByKey(yes))];
    const keys = taken.map((s) => keyOf(s.purpose, s.medium));
    this.store.set({ sendingVoice: false });
    this.#restate();
    this.#busy(keys, true);
    try {
      await outbox.take(taken);
    } finally {
      this.#busy(keys, false);
    }
    if (taken.length < handles.length) this.store.set({ trouble: i18next.t('me.noSlip') });
  }

  #endByKey({ purpose, medium, handle }: OwnYes): KeptEnd {
    // Of this meeting, also where the yes is from another one: its key is the one of this seat.
    const { origin, meeting, title } = this.#device.record;
    return { origin, meeting, title, purpose, medium, handle, takenAt: this.#now().toISOString() };
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

  /** What the quiet card asks. A row stays where it is until all are answered, so that none slides under a finger meant for another. */
  #ask(rows: readonly NoticeRow[]): void {
    const done = rows.every((row) => row.media.every((m) => this.#hasAnswered(row, m.medium)));
    this.store.set({ fresh: done ? [] : rows });
  }

  #askAnew(purpose: string): void {
    this.#seen.delete(purpose);
    for (const key of this.#answered) if (key.startsWith(`${purpose} `)) this.#answered.delete(key);
  }

  #hasAnswered({ purpose }: { readonly purpose: string }, medium: string): boolean {
    return this.#answered.has(keyOf(purpose, medium));
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
    await this.#applyGrants();
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
    const decrypted = decryptedPackets(room, this.#keys, pause);
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
        const { id, room, log } = this.store.get().meeting;
        const { data } = event;
        if (
          data.id !== id ||
          data.room !== room ||
          data.log.vkey !== log.vkey ||
          data.log.origin !== log.origin
        )
          throw new Error('the server tells of another meeting');
        const turn = ++this.#turn;
        const [notice, asked] = await Promise.all([noticeOf(event.data), askedIn(event.data)]);
        const offered = this.#keeps ? offeredRows(notice, event.data) : [];
        const said =
          notice && asked.recipient
            ? await refusedBefore(notice, offered, asked.recipient)
            : new Set<string>();
        if (turn !== this.#turn) return;
        const { meeting: before, reworded: knew } = this.store.get();
        this.#rows.asks(asked);
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
          for (const purpose of this.#rows.outdated()) this.#askAnew(purpose);
        // So is one whose words are others than a yes was said to; told once for each change of them.
        const { reworded: anew } = this.store.get();
        for (const [purpose, change] of anew)
          if (JSON.stringify(knew.get(purpose)) !== JSON.stringify(change)) this.#askAnew(purpose);
        const asks = (row: NoticeRow) =>
          !this.#seen.has(row.purpose) &&
          (anew.has(row.purpose) ||
            (!said.has(row.purpose) &&
              row.media.every((m) => this.choice(row.purpose, m.medium) === 'requested')));
        const shown = this.store
          .get()
          .fresh.map(({ purpose }) => offered.find((row) => row.purpose === purpose))
          .filter((row) => row !== undefined)
          .filter((row) => asks(row) || row.media.some((m) => this.#hasAnswered(row, m.medium)));
        this.#ask([...shown, ...offered.filter((row) => asks(row) && !shown.includes(row))]);
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
        this.#rows.isTold(event.data.choices);
        // What follows takes time; what the server takes away ends now.
        this.#stopWhatEnded();
        if (this.#rows.lacks('slip')) await this.#loadSlips();
        await this.#lookElsewhere();
        this.#restate();
        await this.#applyGrants();
        return;
      }
      case 'withdrawal': {
        const withdrawals = new Map(this.store.get().withdrawals);
        withdrawals.set(event.data.handle, event.data);
        this.store.set({ withdrawals });
        this.#rows.isEnded(event.data.handle);
        await this.#applyGrants();
        return;
      }
      case 'ended':
        await this.#out('ended');
        return;
    }
  }

  /** What the card shows now: what is signed when one of its buttons is pressed. */
  #shown(): Shown | undefined {
    const { notice, meeting } = this.store.get();
    const recipient = meeting.ai.recipients[0];
    return notice && recipient ? { notice, recipient } : undefined;
  }

  /** Brings what is shown in line with what was signed, taken back and told. */
  #restate(): void {
    this.store.set({ ...this.#rows.statement(this.store.get().busy), slips: this.#rows.slips });
  }

  /**
   * Another page of this device may have answered meanwhile: what it keeps is no contradiction. What it signed under a
   * lasting key, in another meeting, counts here too, and so does what it took back.
   */
  async #lookElsewhere(): Promise<void> {
    if (!this.#keeps) return;
    if (this.#device.record.lasting && this.#rows.differs(this.store.get().busy)) await this.#loadRows();
    if (this.#rows.lacks('proof')) this.#rows.areElsewhere(await this.#readProved());
  }

  /**
   * The stream follows what this device signed: only grants whose receipt was proved here, whose slip is on this
   * device, so that each can be taken back here, that were made to the very recipient there is now, of what the meeting
   * still asks, and none of a medium of which the server still believes more than its person does.
   */
  #applyGrants(): Promise<void> {
    this.#stopWhatEnded();
    // One stream for all that is being recorded, and not one after the other; what ends has ended already.
    const next = this.#granting.then(() => this.#recording).then(() => this.#grantsApplied());
    this.#granting = next.catch(() => undefined);
    return next;
  }

  /** Silent when this returns: whatever gives nothing any more. */
  #stopWhatEnded(): void {
    const live = new Set(this.#live().map((g) => g.handle));
    this.#listening?.stop(this.#rows.handles.filter((handle) => !live.has(handle)));
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
    // Where the text cannot be shown, nobody can see what is sent, or say no to it here.
    const { phase, finding, notice, refusing } = this.store.get();
    if (phase === 'out' || finding || !notice) return [];
    const refused = new Set(
      [...refusing].flatMap((key) => {
        const [purpose = '', medium = ''] = key.split(' ');
        return this.#heldOf(purpose, medium);
      }),
    );
    const silenced = new Set([...this.#silenced].flat());
    return this.#rows.live().filter((grant) => !refused.has(grant.handle) && !silenced.has(grant.medium));
  }

  /** A no on the card to what was given before is a withdrawal, and is made before anything is opened or sent. */
  async #takeBackFirst(answers: readonly Answer[]): Promise<readonly Answer[]> {
    const held = new Map(answers.map((a) => [a, this.#heldOf(a.purpose, a.medium)]));
    const heldFor = (a: Answer) => held.get(a) ?? [];
    const ended = answers.filter((a) => !a.yes && !a.here).flatMap(heldFor);
    if (ended.length > 0) void this.#ends(ended).catch((failure: unknown) => this.#trouble(failure));
    await Promise.all([this.#remembersNo(answers), this.#takeBackElsewhere(answers)]);
    // A yes that stands is not said again.
    const said = answers.filter((a) =>
      a.yes ? this.choice(a.purpose, a.medium) !== 'given' : a.here || heldFor(a).length === 0,
    );
    return [...said, ...this.#rows.owed(answers, this.store.get().offered)];
  }

  /** A no to what is shown is kept on this device as said, whatever becomes of it at the server. */
  async #remembersNo(answers: readonly Answer[]): Promise<void> {
    const shown = this.#shown();
    if (!this.#keeps || !shown) return;
    const texts = new Set([shown.notice, ...this.#rows.texts(shown.notice.version)]);
    await rememberNos(texts, shown.recipient, answers, this.#now());
  }

  /** A no ends also what was said under another key of this browser: nobody but this browser knows that they are one's own. */
  async #takeBackElsewhere(answers: readonly Answer[]): Promise<void> {
    if (!this.#keeps || answers.every((a) => a.yes || a.here)) return;
    const more = await endedBy(answers, this.store.get().meeting, this.#now()).catch((failure: unknown) => {
      this.#trouble(failure);
      return [];
    });
    if (more.length === 0) return;
    this.#rows.takes(more.map((s) => s.handle));
    outbox.take(more).catch((failure: unknown) => this.#trouble(failure));
  }

  /** Shows how far withdrawals are; what the server now knows no longer holds back what remains granted. */
  #withdrawalsMoved(): void {
    const meeting = this.store.get().meeting.id;
    const proved = new Set(this.#rows.handles);
    const mine = new Map(
      [...outbox.store.get().said].filter(
        ([handle, said]) => said.meeting === meeting || this.#rows.has(handle),
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
    for (const [handle, said] of mine) if (said.is !== 'sending' && this.#rows.knowsOf(handle)) told = true;
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
    await this.#loadRows();
    this.store.set({ receipts: (await receipts.all()).filter((r) => r.meeting === meeting.id) });
    this.#restate();
    outbox.resend().catch((failure: unknown) => this.#trouble(failure));
    this.#withdrawalsMoved();
  }

  async #loadRows(): Promise<void> {
    const { id } = this.store.get().meeting;
    const at = this.#now().toISOString();
    const { said } = outbox.store.get();
    const held = (await keptSlips.all()).map((s) =>
      said.has(s.handle) ? { ...s, takenAt: s.takenAt ?? at } : s,
    );
    this.#rows.keeps(await this.#readProved(), held, await refusedHere(id), await keptEnds.all());
  }

  async #loadSlips(): Promise<void> {
    this.#rows.holds(await keptSlips.all());
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

  /** What another page took back, or this one before it was a room: known without a word of the server. */
  async #lookTaken(): Promise<void> {
    const untold = this.#rows.untold;
    const all = await keptSlips.all();
    const ends = await keptEnds.all();
    const said = outbox.store.get().said;
    const at = this.#now().toISOString();
    const taken = all.map((s) => (said.has(s.handle) ? { ...s, takenAt: s.takenAt ?? at } : s));
    const there = new Set([...taken, ...ends].map((one) => one.handle));
    // Neither kept nor owed: torn up by the page that had drawn them.
    const freed = this.#rows.neverWere(untold.filter((handle) => !there.has(handle) && !said.has(handle)));
    if (!this.#rows.areTaken([...taken, ...ends]) && !freed) return;
    this.#restate();
    await this.#applyGrants();
  }

  #tick(): void {
    const now = Date.now();
    if (this.#keeps && ++this.#ticks % LOOK_EVERY === 0)
      this.#lookTaken().catch((failure: unknown) => this.#trouble(failure));
    const { ai, people, sendingVoice } = this.store.get();
    this.#strip.age(now);
    if (ai.recipients.some((r) => r.purposes.includes('captions')))
      this.#strip.speaking(
        people.filter((p) => p.speaking && !p.self).map((p) => p.id),
        now,
      );
    if (this.#strip.lines !== this.store.get().captions) this.store.set({ captions: this.#strip.lines });
    if (this.#rows.ages()) {
      this.#restate();
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

  #trouble(failure: unknown, means = sentence(failure)): void {
    console.warn('room:', failure);
    this.store.set({ trouble: means });
  }

  get #isOut(): boolean {
    return this.store.get().phase === 'out';
  }

  async #out(why: Why): Promise<void> {
    if (this.#isOut) return;
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

/** The text that is shown, and whom it names. */
interface Shown {
  readonly notice: Notice;
  readonly recipient: Recipient;
}

/** How many ticks lie between two looks at what other pages of this device took back. */
const LOOK_EVERY = 3;

/** How long a message waits until this page is in the meeting, and for a key that whoever has just come can read, in milliseconds. */
const ENTERED_MS = 15_000;
const SETTLED_MS = 3_000;
const LOOK_MS = 200;

/** How long a yes waits for what is under way for its row. */
const PATIENCE_MS = 30_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function within(ms: number, what: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Problem('slow', 0, 'what is under way did not end')), ms);
  });
  await Promise.race([what, late]).finally(() => clearTimeout(timer));
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
