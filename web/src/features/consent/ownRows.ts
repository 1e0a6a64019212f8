import type { Choice } from '../api/client';
import { reworded, type Reworded } from './anew';
import { keyOf, questionOf } from './answers';
import type { KeptEnd, KeptSlip } from './keeping';
import type { Notice, NoticeRow } from './notice';
import type { OwnChoice } from './own';
import { inEffect, lapse, type Asked, type Lapse } from './reach';
import type { Answer, Slip } from './receipt';
import { THIS_MEETING, type Scope } from './scope';
import { isTaken, type WiderYes } from './standing';

/** How the rows of the card stand, as their person is told. */
export interface Statement {
  /** By this device's own proved receipts, less what was taken away since. */
  readonly choices: ReadonlyMap<string, Choice>;
  /** Of the yeses that stand: those that reach further than this meeting. */
  readonly wider: ReadonlyMap<string, Omit<WiderYes, 'media'>>;
  /** By purpose: what a yes of theirs was said to in other words than the row has now, so that it covers nothing. */
  readonly reworded: ReadonlyMap<string, Reworded>;
  /**
   * The server tells it otherwise: `unproved` is a yes that this device signed and the server claims without having
   * proved it here; nothing is sent under either.
   */
  readonly disagrees: 'otherwise' | 'unproved' | undefined;
}

/** A yes that was signed and proved here. */
export type OwnYes = OwnChoice & { readonly handle: string };

/** How long what the server says may be older than the answer that it has just taken. */
const UNHEARD_MS = 5000;

const ENDED: ReadonlySet<string> = new Set(['withdrawn', 'expired', 'revoked', 'invalidated']);

/**
 * How the rows of a card stand for one person while they sit in a meeting: as this device signed them and saw proved, less
 * what was taken back on it, what is over or was said to something else, and what the server takes away. The server's word
 * adds nothing. It asks nobody and reads nothing: its owner brings receipts, slips, time and what the server says.
 */
export class OwnRows {
  readonly #meeting: string;
  readonly #now: () => Date;
  #asked: Asked | undefined;
  /** What was said in receipts that were proved here. Nothing else opens a stream. */
  #said: readonly OwnChoice[] = [];
  /** Of that, what counts for each row in this meeting. */
  #own: ReadonlyMap<string, OwnChoice> = new Map();
  #slips: readonly KeptSlip[] = [];
  /** Handles that this device took back, now or before a reload: whatever the server says, they are no yes. */
  readonly #taken = new Map<string, { readonly purpose: string; readonly medium: string } | undefined>();
  /** The medium of each handle that was taken back while the server does not know it yet. */
  readonly #untold = new Map<string, string>();
  /** Rows that were refused in this meeting only: whatever else stands, nothing of theirs is sent here. */
  readonly #refusedHere = new Set<string>();
  /** What the server last said of the rows. It only takes away. */
  #told: ReadonlyMap<string, Choice> | undefined;
  /** Rows that were signed on this page moments ago, when, and that the server has not spoken of since. */
  readonly #unheard = new Map<string, number>();
  /** Handles of receipts that another page of this device keeps. */
  readonly #elsewhere = new Set<string>();
  /** Handles that the server said were over. */
  readonly #ended = new Set<string>();
  /** Rows that are over by time, as last looked at. */
  #over = '';

  constructor(meeting: string, now: () => Date) {
    this.#meeting = meeting;
    this.#now = now;
  }

  // What its owner brings

  /** What the meeting asks from now on. */
  asks(asked: Asked): void {
    this.#asked = asked;
    this.#own = inEffect(this.#said, asked);
  }

  /**
   * All that this device keeps and that can count here: proved answers, slips of whichever meeting, nos for this one only,
   * and what was taken back without a slip.
   */
  keeps(
    said: readonly OwnChoice[],
    slips: readonly KeptSlip[],
    refusedHere: Iterable<string>,
    ends: readonly KeptEnd[] = [],
  ): void {
    this.#said = said;
    if (this.#asked) this.#own = inEffect(said, this.#asked);
    for (const key of refusedHere) this.#refusedHere.add(key);
    this.holds(slips);
    this.areTaken(ends);
  }

  /** The slips that this device has, of whichever meeting. */
  holds(slips: readonly KeptSlip[]): void {
    this.areTaken(slips);
    this.#slips = slips.filter((s) => this.#counts(s) && !isTaken(s) && !this.#taken.has(s.handle));
  }

  /** Of the yeses whose slip or end this device has: those that were taken back, here or on another page. Whether one was new. */
  areTaken(slips: readonly (KeptSlip | KeptEnd)[]): boolean {
    const news = slips.filter((s) => isTaken(s) && this.#counts(s) && !this.#taken.has(s.handle));
    for (const slip of news) {
      this.#taken.set(slip.handle, slip);
      if (slip.usedAt === undefined) this.#untold.set(slip.handle, slip.medium);
    }
    this.#slips = this.#slips.filter((s) => !this.#taken.has(s.handle));
    // Another page of this device told the server.
    const heard = slips.filter((s) => s.usedAt !== undefined && this.#untold.delete(s.handle));
    return news.length > 0 || heard.length > 0;
  }

  /** What was just signed, recorded and proved here, and the slips that were drawn for it. */
  signed(said: readonly OwnChoice[], slips: readonly Slip[], answers: readonly Answer[]): void {
    this.#said = [...this.#said, ...said];
    if (this.#asked) this.#own = inEffect(this.#said, this.#asked);
    this.#slips = [...this.#slips, ...slips];
    for (const { purpose, medium, yes } of answers) {
      const key = keyOf(purpose, medium);
      this.#unheard.set(key, this.#now().getTime());
      if (yes) this.#refusedHere.delete(key);
    }
  }

  /** From now on these rows are refused in this meeting, whatever is recorded of it. */
  refuses(answers: readonly Answer[]): void {
    for (const { purpose, medium } of answers) this.#refusedHere.add(keyOf(purpose, medium));
  }

  /**
   * From now on these handles are no yes. Gives the slips that there were for them and, where a slip is lost, the yes that
   * was proved here: the key that signed it can still end it. Of `unsaid` nothing is known here but that it was sent.
   */
  takes(
    handles: readonly string[],
    unsaid: readonly KeptSlip[] = [],
  ): {
    readonly slips: readonly KeptSlip[];
    readonly lost: readonly OwnYes[];
  } {
    const slips = this.#slips.filter((s) => handles.includes(s.handle));
    const held = new Set(slips.map((s) => s.handle));
    const lost = this.#said.filter(
      (said): said is OwnYes =>
        said.handle !== undefined &&
        handles.includes(said.handle) &&
        !held.has(said.handle) &&
        !this.#taken.has(said.handle),
    );
    const known = [...slips, ...lost, ...unsaid];
    for (const handle of handles)
      this.#taken.set(handle, known.find((one) => one.handle === handle) ?? this.#taken.get(handle));
    for (const { handle, medium } of known) this.#untold.set(handle, medium);
    this.#slips = this.#slips.filter((s) => !handles.includes(s.handle));
    return { slips, lost };
  }

  /** Handles of receipts that never left this device: there is nothing to take back. Whether one held anything back. */
  neverWere(handles: readonly string[]): boolean {
    let held = false;
    for (const handle of handles) {
      this.#taken.delete(handle);
      held = this.#untold.delete(handle) || held;
    }
    return held;
  }

  /** What was taken back while the server does not know it yet. */
  get untold(): readonly string[] {
    return [...this.#untold.keys()];
  }

  /** The server has answered for a withdrawal; whether it held anything back until then. */
  knowsOf(handle: string): boolean {
    return this.#untold.delete(handle);
  }

  /** The server says of a yes that it is over: what it said of the row before no longer counts. */
  isEnded(handle: string): void {
    this.#ended.add(handle);
  }

  /** What the server says of the rows. */
  isTold(choices: readonly Choice[]): void {
    const told = new Map(choices.map((c) => [keyOf(c.purpose, c.medium), c]));
    this.#told = told;
    for (const key of this.#unheard.keys()) {
      const now = told.get(key);
      if (now && now.state !== 'requested' && now.handle === this.#own.get(key)?.handle)
        this.#unheard.delete(key);
    }
  }

  /** Receipts that another page of this device has kept meanwhile: what they say is no contradiction. */
  areElsewhere(said: readonly OwnChoice[]): void {
    const known = new Set(this.#said.map((own) => own.handle));
    for (const { handle } of said)
      if (handle !== undefined && !known.has(handle)) this.#elsewhere.add(handle);
  }

  /** Lets time pass; whether a row stands otherwise by it. */
  ages(): boolean {
    const now = this.#now().getTime();
    const late = [...this.#unheard].filter(([, at]) => now - at > UNHEARD_MS);
    for (const [key] of late) this.#unheard.delete(key);
    const over = [...this.#own].filter(([, own]) => this.#lapse(own) === 'over').map(([key]) => key);
    const more = over.join() !== this.#over;
    this.#over = over.join();
    return late.length > 0 || more;
  }

  // What it says

  get slips(): readonly KeptSlip[] {
    return this.#slips;
  }

  /** The handles of all that was proved here. */
  get handles(): readonly string[] {
    return this.#said.flatMap(({ handle }) => handle ?? []);
  }

  /** Whether a handle is that of what counts for a row here. */
  has(handle: string): boolean {
    return [...this.#own.values()].some((own) => own.handle === handle);
  }

  /** Grants that a stream may be open for. */
  live(): readonly { readonly handle: string; readonly medium: string }[] {
    const untold = new Set([
      ...this.#untold.values(),
      ...this.#unrecorded().map((own) => own.medium),
      ...this.#believed(),
    ]);
    return [...this.#own].flatMap(([key, own]) =>
      own.handle !== undefined &&
      this.#standing(key, own) === 'given' &&
      this.#lapse(own) === undefined &&
      this.#agreed(key, own) &&
      !untold.has(own.medium) &&
      this.#slips.some((s) => s.handle === own.handle)
        ? [{ handle: own.handle, medium: own.medium }]
        : [],
    );
  }

  /** How the rows stand; of those in `busy` the server may not know yet. */
  statement(busy: ReadonlySet<string>): Statement {
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
      const { purpose, medium, handle, scope } = own;
      const state = this.#standing(key, own);
      choices.set(key, { purpose, medium, state, ...(handle === undefined ? {} : { handle }) });
      const change = state === 'requested' ? this.#reworded(own) : undefined;
      if (change) anew.set(purpose, change);
      if (state === 'given' && scope.kind !== 'meeting')
        wider.set(key, { scope, since: new Date(own.issued), elsewhere: own.meeting !== this.#meeting });
    }
    return { choices, wider, reworded: anew, disagrees: this.#disagreement(busy) };
  }

  /** Purposes with a yes that was to another recipient, key or processor than there is now, or is over. */
  outdated(): readonly string[] {
    return [...this.#own.values()].filter((own) => this.#outdated(own)).map((own) => own.purpose);
  }

  /** The texts in which a meeting asks, of one version. */
  texts(version: number): readonly Notice[] {
    return [...(this.#asked?.texts.values() ?? [])].filter((text) => text.version === version);
  }

  /** Whether the server says of a row otherwise than it stands here, so that another page may have answered. */
  differs(busy: ReadonlySet<string>): boolean {
    return [...this.#own].some(([key, own]) => !this.#agreed(key, own) && !this.#open(key, busy));
  }

  /** Whether the server names a handle that is not proved, or of which no slip is held, here. */
  lacks(what: 'proof' | 'slip'): boolean {
    const known = new Set(what === 'proof' ? this.handles : this.#slips.map((s) => s.handle));
    return [...(this.#told?.values() ?? [])].some(
      ({ state, handle }) =>
        handle !== undefined && !known.has(handle) && (what === 'slip' || state === 'given'),
    );
  }

  // What answers need

  /** The handles of what was said to rows that are answered with a no. */
  endedBy(answers: readonly Answer[]): readonly string[] {
    return answers.flatMap((a) => (a.yes ? [] : (this.#own.get(keyOf(a.purpose, a.medium))?.handle ?? [])));
  }

  /** The slips that a no to a row takes back: those of this meeting, and that of a yes from elsewhere which counts here. */
  slipsOf(purpose: string, medium: string): readonly KeptSlip[] {
    const key = keyOf(purpose, medium);
    const counts = this.#refusedHere.has(key)
      ? []
      : [this.#own.get(key)?.handle, this.#told?.get(key)?.handle];
    return this.#slips.filter(
      (s) =>
        s.purpose === purpose &&
        s.medium === medium &&
        (s.meeting === this.#meeting || counts.includes(s.handle)),
    );
  }

  /** What a no to a row takes back without its slip, which is lost: the handle of the yes that stands here. */
  lostOf(purpose: string, medium: string): readonly string[] {
    const key = keyOf(purpose, medium);
    const own = this.#own.get(key);
    return own?.handle !== undefined &&
      this.#standing(key, own) === 'given' &&
      !this.#slips.some((s) => s.handle === own.handle)
      ? [own.handle]
      : [];
  }

  /** Slips of an earlier yes to the same row that never was proved or went to somebody else: it is ended first. */
  stale(answers: readonly Answer[]): readonly string[] {
    return this.#slips
      .filter((slip) => answers.some((a) => a.yes && a.purpose === slip.purpose && a.medium === slip.medium))
      .filter((slip) => {
        // What was said in other words stands for what was kept under them, beside the new yes.
        const own = this.#own.get(keyOf(slip.purpose, slip.medium));
        if (own?.handle === slip.handle && !this.#outdated(own) && this.#reworded(own)) return false;
        const told = this.#told?.get(keyOf(slip.purpose, slip.medium));
        const stands = told?.state === 'given' && told.handle === slip.handle;
        // One from elsewhere is ended only for what the server holds without having proved it.
        if (slip.meeting !== this.#meeting) return stands && !this.handles.includes(slip.handle);
        return this.#told === undefined || stands;
      })
      .map((slip) => slip.handle);
  }

  /** How far an answer is signed for: a yes here, where one from elsewhere stands but not here, is for this meeting. */
  scopeOf({ purpose, medium, yes, scope }: Answer): Scope {
    const stands = this.#said.some(
      (said) =>
        said.purpose === purpose &&
        said.medium === medium &&
        said.state === 'given' &&
        said.scope.kind !== 'meeting' &&
        said.meeting !== this.#meeting &&
        this.#lapse(said) === undefined &&
        !this.#taken.has(said.handle ?? ''),
    );
    return scope && !(yes && stands) ? scope : THIS_MEETING;
  }

  /** Whether a yes may stand at the server for one of these rows, and whether it was said here or in another meeting. */
  stoodBefore(answers: readonly Answer[]): 'here' | 'elsewhere' | undefined {
    if (answers.some((a) => a.here)) return 'elsewhere';
    const stands = ({ purpose, medium }: Answer) => {
      const key = keyOf(purpose, medium);
      const told = this.#told?.get(key);
      return told?.state === 'given' && !this.#taken.has(told.handle ?? '');
    };
    return answers.some(stands) ? 'here' : undefined;
  }

  /** Nos for this meeting only that were pressed here before and that the server never confirmed. */
  owed(answers: readonly Answer[], offered: readonly NoticeRow[]): readonly Answer[] {
    const said = new Set(answers.map((a) => keyOf(a.purpose, a.medium)));
    return [...this.#own].flatMap(([key, { purpose, medium, meeting }]) => {
      const row = offered.find((r) => r.purpose === purpose);
      const part = row?.media.find((m) => m.medium === medium);
      const owed = this.#refusedHere.has(key) && meeting !== this.#meeting && !said.has(key);
      return row && part && owed
        ? [{ purpose: row.purpose, medium: part.medium, yes: false, here: true }]
        : [];
    });
  }

  // The rules

  /** A slip of what was said in this meeting, or of what counts in it from elsewhere, as proved here or as the server says. */
  #counts(slip: Pick<KeptSlip, 'meeting' | 'handle'>): boolean {
    return (
      slip.meeting === this.#meeting ||
      this.has(slip.handle) ||
      [...(this.#told?.values() ?? [])].some((told) => told.handle === slip.handle)
    );
  }

  #lapse(own: OwnChoice): Lapse | undefined {
    return this.#asked ? lapse(own, this.#asked, this.#now()) : 'unasked';
  }

  #outdated(own: OwnChoice): boolean {
    const why = this.#lapse(own);
    return own.state === 'given' && why !== undefined && why !== 'unasked' && why !== 'words';
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

  /** Media of what was taken back here and what the server, asked or not, still takes for a yes. */
  #believed(): readonly string[] {
    return [...(this.#told?.values() ?? [])].flatMap(({ state, handle, medium }) =>
      state === 'given' && handle !== undefined && this.#taken.has(handle) && !this.#ended.has(handle)
        ? [medium]
        : [],
    );
  }

  /** What lies under a no for this meeting only that the server never confirmed: it may still take it for a yes here. */
  #unrecorded(): readonly OwnChoice[] {
    return [...this.#own].flatMap(([key, own]) =>
      this.#refusedHere.has(key) && own.meeting !== this.#meeting && this.#lapse(own) === undefined
        ? [own]
        : [],
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
    return told && !this.#agreed(key, own) && this.#ends(told, own) ? told.state : 'given';
  }

  /**
   * Whether what the server says ends this yes: by a slip used elsewhere, by time, by the operator. Of one that was said in
   * another meeting, and ended, it says nothing: the row is then asked as if for the first time.
   */
  #ends(told: Choice, own: OwnChoice): boolean {
    if (own.meeting !== this.#meeting && told.state === 'requested') return true;
    return ENDED.has(told.state) && (told.handle === undefined || told.handle === own.handle);
  }

  #open(key: string, busy: ReadonlySet<string>): boolean {
    return busy.has(key) || this.#unheard.has(key);
  }

  #disagreement(busy: ReadonlySet<string>): Statement['disagrees'] {
    if (this.#told === undefined) return undefined;
    let found: Statement['disagrees'];
    for (const [key, { purpose, medium, state, handle }] of this.#told) {
      if (state !== 'given' || this.#open(key, busy)) continue;
      if (handle !== undefined && (this.#taken.has(handle) || this.#elsewhere.has(handle))) continue;
      const own = this.#own.get(key);
      if ((own?.state === 'given' && own.handle === handle) || this.#refusedHere.has(key)) continue;
      if (!this.#slips.some((s) => s.handle === handle && s.purpose === purpose && s.medium === medium))
        return 'otherwise';
      found = 'unproved';
    }
    for (const [key, own] of this.#own) {
      if (own.handle === undefined || this.#taken.has(own.handle) || this.#open(key, busy)) continue;
      const told = this.#told.get(key);
      if (this.#outdated(own) || this.#reworded(own)) continue;
      if (this.#agreed(key, own) || (told && this.#ends(told, own))) continue;
      return 'otherwise';
    }
    return found;
  }
}
