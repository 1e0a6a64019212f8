import { api, inMeeting, type Choice, type PersonAccount } from '../api/client';
import { b64u, sha256, utf8 } from '../bytes/bytes';
import { ends, receipts, slips, type KeptReceipt, type KeptSlip } from '../consent/keeping';
import { readReceipt, type Receipt } from '../consent/receiptReader';
import { rememberTakenBack } from '../consent/refused';
import { THIS_MEETING, type Scope, type WiderScope } from '../consent/scope';
import { checkReceipt } from '../consent/signing';
import { Device } from '../device/device';
import { KnownLog } from '../log/memory';
import { LogMismatch } from '../log/note';
import { outbox, type Said, type Taking } from '../withdraw/outbox';
import { endedAt, settled } from '../withdraw/withdrawal';
import { Store } from '../../shell/store';

export type Verdict =
  | { readonly is: 'checking' }
  | { readonly is: 'differs'; readonly what: Difference }
  | { readonly is: 'proved'; readonly index: number; readonly size: number }
  | { readonly is: 'unproved'; readonly why: unknown };

/** In what the server shows something else than this device signed. */
export type Difference = 'signer' | 'text' | 'choices';

/** One answer, as the receipt has it that this device signed. */
export interface SaidThen {
  /** Absent when the receipt is not this device's: then it says nothing here. */
  readonly issued?: string;
  readonly scope: Scope;
  readonly controller: string;
  /** The receipt's own number, by which its readable page is found. */
  readonly id?: string;
  /** As they were signed. */
  readonly choices: readonly Choice[];
  /** By handle: what became of a yes since, as the server tells it. */
  readonly told: ReadonlyMap<string, string>;
  readonly differs: Difference | undefined;
}

type AnswerThen = PersonAccount['answers'][number];

/** An answer to show: by the receipt that this device kept, else by the one that the server shows. */
export type Listed = Pick<AnswerThen, 'receipt' | 'salt' | 'index' | 'proof' | 'noticeText'> & {
  /** Of one that is kept here: the number by which its readable page is found. */
  readonly id?: string;
};

const ENDED = new Set(['withdrawn', 'expired', 'revoked', 'invalidated']);

/**
 * What somebody said by the receipt that their device signed. The server adds only what it says became of a yes since;
 * whatever else it shows beside the receipt is compared with it: the text that was shown, and each choice.
 */
export async function saidThen(
  answer: Listed & Partial<Pick<AnswerThen, 'choices'>>,
  device: Device,
): Promise<SaidThen> {
  const told = new Map<string, string>();
  const none = { scope: THIS_MEETING, controller: '', choices: [], told, differs: 'signer' } as const;
  let signed: Receipt;
  try {
    signed = await readReceipt(answer.receipt);
    if (signed.person !== (await device.person())) return none;
  } catch (failure) {
    console.warn('me: a receipt cannot be read', failure);
    return none;
  }
  const { meeting, origin } = device.record;
  if (signed.meeting !== meeting || signed.origin !== origin) return none;
  const beside = answer.choices ?? signed.choices;
  let same = beside.length === signed.choices.length;
  for (const said of signed.choices) {
    const [one, ...more] = beside.filter((c) => c.purpose === said.purpose && c.medium === said.medium);
    const ended = said.state === 'given' && one !== undefined && ENDED.has(one.state);
    if (more.length > 0 || one?.handle !== said.handle || (one?.state !== said.state && !ended)) same = false;
    else if (ended && said.handle !== undefined) told.set(said.handle, one.state);
  }
  const text = b64u(await sha256(utf8(answer.noticeText))) === signed.notice.hash;
  const { id, issued, scope, controller, choices } = signed;
  return {
    id,
    issued,
    scope,
    controller,
    choices,
    told,
    differs: !text ? 'text' : same ? undefined : 'choices',
  };
}

/** How a choice stands, as far as this device knows by itself. */
export interface Stand {
  readonly state: string;
  /** It is a yes that counts until its end is proved in the log, or was said here. */
  readonly stands: boolean;
  /** The server says that it is over, and the log was not seen to show it. */
  readonly claimed: boolean;
}

export function standOf(choice: Choice, meeting: MeetingOfMine, taken: ReadonlySet<string>): Stand {
  const { state, handle } = choice;
  if (state !== 'given' || handle === undefined) return { state, stands: false, claimed: false };
  const here = taken.has(handle);
  const end = meeting.ended.get(handle);
  if (here || end !== undefined)
    return { state: here || end === 'slip' ? 'withdrawn' : 'revoked', stands: false, claimed: false };
  const told = [...meeting.said.values()].map((said) => said.told.get(handle)).find((t) => t !== undefined);
  const claimed =
    told === 'withdrawn' ||
    told === 'revoked' ||
    (meeting.account?.withdrawals.some((w) => w.handle === handle) ?? false);
  return { state: claimed || told === undefined ? 'given' : told, stands: true, claimed };
}

/** What was taken back on this device, whether or not the server was told yet. */
export function takenHere({ slips: held, ends: gone, standings }: MeState): ReadonlySet<string> {
  const taken = [...held.values()].filter((slip) => slip.takenAt !== undefined).map((slip) => slip.handle);
  return new Set([...taken, ...gone, ...standings.keys()]);
}

/** A yes and the meeting in which it was given. */
export interface YesIn {
  readonly choice: Choice;
  readonly meeting: MeetingOfMine;
}

/** The rows of a meeting: as they were answered last, and each slip of a yes whose receipt is not here. */
export function rowsIn(meeting: MeetingOfMine, state: MeState): Choice[] {
  const known = new Set(state.meetings.flatMap((m) => [...m.said.values()].flatMap((s) => handles(s))));
  const taken = takenHere(state);
  const loose = [...state.slips.values()].filter(
    (s) => s.meeting === meeting.device.record.meeting && !known.has(s.handle) && !taken.has(s.handle),
  );
  return [
    ...latest(meeting.said.values()),
    ...loose.map(({ purpose, medium, handle }) => ({ purpose, medium, handle, state: 'given' })),
  ];
}

function handles(said: SaidThen): string[] {
  return said.choices.flatMap((choice) => choice.handle ?? []);
}

/** Every yes of this browser that stands: in its meeting, or further, where something may be sent or kept under it. */
export function standing(state: MeState, now: Date): YesIn[] {
  const taken = takenHere(state);
  const further = widerAnswers(state.meetings, now, taken).flatMap(({ choices, over }) =>
    choices.filter((choice) => !over || mayBeKept(choice)),
  );
  const all = [
    ...state.meetings.flatMap((meeting) => rowsIn(meeting, state).map((choice) => ({ choice, meeting }))),
    ...further.map(({ in: meeting, ...choice }) => ({ choice, meeting })),
  ];
  return all.filter(({ choice, meeting }) => standOf(choice, meeting, taken).stands);
}

/** Captions are forgotten as they are shown: once their time is over, nothing is left to take back. */
export function mayBeKept({ purpose }: Choice): boolean {
  return purpose !== 'captions';
}

/** How far taking back several yeses has come. */
export interface Progress {
  readonly count: number;
  /** The server promised each of these, or they are in the log already. */
  readonly done: number;
  readonly logged: number;
  /** The server could not be told of these yet; they are tried again. */
  readonly away: number;
  /** The server knows no such yes. */
  readonly unknown: number;
}

export function progressOf(all: readonly string[], said: ReadonlyMap<string, Said>): Progress {
  const of = all.map((handle) => said.get(handle));
  const unknown = of.filter((s) => s?.is === 'unchecked' && settled(s.why)).length;
  return {
    count: all.length,
    done: of.filter((s) => s !== undefined && s.is !== 'sending').length - unknown,
    logged: of.filter((s) => s?.is === 'inLog').length,
    away: of.filter((s) => s?.is === 'sending' && s.why !== undefined).length,
    unknown,
  };
}

/** What was said to each row in its meeting by the receipts: a later one changes only the choices it names. */
export function latest(said: Iterable<SaidThen>): Choice[] {
  const rows = new Map<string, Choice>();
  const own = [...said].filter((s) => s.issued !== undefined && s.scope.kind === 'meeting');
  own.sort((a, b) => Date.parse(a.issued ?? '') - Date.parse(b.issued ?? ''));
  for (const { choices } of own)
    for (const choice of choices) rows.set(`${choice.purpose} ${choice.medium}`, choice);
  return [...rows.values()];
}

/** Answers that reach further than the meeting in which they were given, of one reach. */
export interface Wider {
  readonly scope: WiderScope;
  readonly controller: string;
  readonly since: Date;
  /** Nothing is sent under them any more. */
  readonly over: boolean;
  /** Each with the meeting in which it was given. */
  readonly choices: readonly (Choice & { readonly in: MeetingOfMine })[];
}

/**
 * What this device answered for more than one meeting, once each, the newest first: the latest to a row and reach, and every
 * yes whose end is not known here, for something may be sent or kept under it.
 */
export function widerAnswers(
  meetings: readonly MeetingOfMine[],
  now: Date,
  taken: ReadonlySet<string> = new Set(),
): Wider[] {
  const said = meetings.flatMap((meeting) =>
    [...meeting.said.values()].flatMap(({ issued, scope, controller, choices }) =>
      issued === undefined || scope.kind === 'meeting'
        ? []
        : [{ since: new Date(issued), scope, controller, meeting, choices }],
    ),
  );
  said.sort((a, b) => b.since.getTime() - a.since.getTime());
  const rows = new Set<string>();
  const all: Wider[] = [];
  for (const { since, scope, controller, meeting, choices } of said) {
    const first = choices.filter((choice) => {
      const row = JSON.stringify([
        meeting.device.record.origin,
        scope.kind,
        scope.kind === 'room' && scope.id,
        choice.purpose,
        choice.medium,
      ]);
      const known = rows.has(row);
      rows.add(row);
      return !known || standOf(choice, meeting, taken).stands;
    });
    const over = !(now.getTime() < Date.parse(scope.until));
    if (first.length > 0)
      all.push({ scope, controller, since, over, choices: first.map((c) => ({ ...c, in: meeting })) });
  }
  return all;
}

/** One meeting as this device knows it: what it kept, what the server's account adds, and what was checked here. */
export interface MeetingOfMine {
  readonly device: Device;
  readonly answers: readonly Listed[];
  /** Receipts of this device that the server, once it was asked, did not show. */
  readonly hidden: ReadonlySet<string>;
  /** By handle: the yeses whose end the log was seen to hold, by their slip or by the server. */
  readonly ended: ReadonlyMap<string, 'slip' | 'server'>;
  readonly account: PersonAccount | undefined;
  readonly failure: unknown;
  /** By receipt: what the check in this browser gave. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** By receipt: what was said in it. */
  readonly said: ReadonlyMap<string, SaidThen>;
  readonly vkey: string | undefined;
  /** What used what is held under the key of this meeting, in whichever of the meetings of that key it was. */
  readonly used: PersonAccount['used'];
}

export interface MeState {
  readonly loading: boolean;
  /** This browser keeps nothing for the page, so there is nothing to show or to ask with. */
  readonly refused: boolean;
  readonly meetings: readonly MeetingOfMine[];
  readonly slips: ReadonlyMap<string, KeptSlip>;
  /** The yeses that were taken back here without a slip. */
  readonly ends: ReadonlySet<string>;
  readonly standings: ReadonlyMap<string, Said>;
  /** What was taken back in one go: everything, or what an earlier page could not say. */
  readonly together: readonly string[];
}

/** What the server says of a data set or model: still being made, in use, out of use, replaced, its key destroyed. */
export const USED = ['prepared', 'current', 'blocked', 'superseded', 'shredded'] as const;

type Held = PersonAccount['held'][number];

/** What is held, by purpose and minute: a purpose and time once, then all that was said in it. */
export function spells(held: readonly Held[]): { kind: Held['kind']; at: string; pieces: Held[] }[] {
  const all = new Map<string, { kind: Held['kind']; at: string; pieces: Held[] }>();
  for (const piece of held) {
    const key = `${piece.kind} ${piece.at.slice(0, 16)}`;
    const spell = all.get(key) ?? { kind: piece.kind, at: piece.at, pieces: [] };
    spell.pieces.push(piece);
    all.set(key, spell);
  }
  return [...all.values()];
}

/**
 * Whether something taken back is not accounted for yet: listed without its account or with a step that is not over, also when no step of it has begun, or
 * said here and not listed at all.
 */
export function underWay(
  listed: PersonAccount['withdrawals'],
  said: readonly (readonly [handle: string, standing: Pick<Said, 'is'>])[],
): boolean {
  return (
    listed.some(
      (w) => w.account === undefined || w.steps.some(({ state }) => state === 'doing' || state === 'waiting'),
    ) || said.some(([handle, { is }]) => is !== 'unchecked' && !listed.some((w) => w.handle === handle))
  );
}

const REFRESH_MS = 2000;

/** The page of one's own: asks the server with the key of each meeting, and checks what it answers. */
export class MeModel {
  readonly store = new Store<MeState>({
    loading: true,
    refused: false,
    meetings: [],
    slips: new Map(),
    ends: new Set(),
    standings: outbox.store.get().said,
    together: [],
  });
  readonly #logs = new Map<string, Promise<KnownLog>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #unsubscribe = outbox.store.subscribe(() =>
    this.store.set({ standings: outbox.store.get().said }),
  );

  /** Shows what this device keeps, then asks the server for what it adds. */
  async load(): Promise<void> {
    let devices: Device[];
    try {
      devices = await Device.all();
      const held = await slips.all();
      const gone = await ends.all();
      const kept = await receipts.all();
      this.store.set({
        slips: new Map(held.map((s) => [s.handle, s])),
        ends: new Set(gone.map((e) => e.handle)),
        together: [...held, ...gone]
          .filter((one) => one.takenAt !== undefined && one.usedAt === undefined)
          .map((one) => one.handle),
      });
      this.store.set({ meetings: await Promise.all(devices.map((device) => ownMeeting(device, kept))) });
    } catch (failure) {
      console.warn('me: this browser stores nothing', failure);
      this.store.set({ loading: false, refused: true });
      return;
    }
    await this.#askAll(devices);
  }

  /** Asks again for what the server did not show. */
  async again(): Promise<void> {
    this.store.set({ loading: true });
    await this.#askAll(this.store.get().meetings.flatMap((m) => (m.failure === undefined ? [] : [m.device])));
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
  }

  /** Takes back grants, all at once; what cannot be said now is kept and said later. */
  async withdraw(all: readonly YesIn[]): Promise<void> {
    const { slips: held, ends: gone } = this.store.get();
    const now = new Date();
    const taking = all.flatMap(({ choice, meeting }): Taking[] => {
      const { handle } = choice;
      if (handle === undefined) return [];
      const slip = held.get(handle);
      return [slip ?? endByKey({ ...choice, handle }, meeting, now)];
    });
    const byKey = taking.filter((one) => !('secret' in one)).map((one) => one.handle);
    this.store.set({ ends: new Set([...gone, ...byKey]) });
    const answered = outbox.take(taking);
    this.#follow();
    const listed = [...new Set(all.flatMap(({ meeting }) => meeting.answers))];
    await rememberTakenBack(
      taking.map((one) => one.handle),
      listed,
      now,
    );
    await answered;
    await this.#askAll([...new Set(all.map(({ meeting }) => meeting.device))]);
  }

  /** Takes back every yes that stands. */
  async withdrawEverything(): Promise<void> {
    const all = standing(this.store.get(), new Date());
    this.store.set({ together: all.flatMap(({ choice }) => choice.handle ?? []) });
    await this.withdraw(all);
  }

  async #askAll(devices: readonly Device[]): Promise<void> {
    const asked = new Set<string>();
    for (const device of devices) {
      const person = await device.person();
      if (!asked.has(person)) await this.#ask(device);
      asked.add(person);
    }
    this.store.set({ loading: false });
    this.#follow();
  }

  /** Asks once for all meetings of a key: a lasting one has several. */
  async #ask(device: Device): Promise<void> {
    const person = await device.person();
    const same: Device[] = [];
    for (const { device: other } of this.store.get().meetings)
      if ((await other.person()) === person) same.push(other);
    try {
      const account = await api.me(await device.requestProof('POST', '/api/me', new Date()));
      for (const one of same) await this.#show(one, account);
    } catch (failure) {
      for (const one of same) {
        this.#put(one.record.meeting, { failure });
        await this.#checkAnswers(one);
      }
    }
  }

  async #show(device: Device, all: PersonAccount): Promise<void> {
    const id = device.record.meeting;
    const account = device.record.lasting ? inMeeting(all, id) : all;
    try {
      const kept = (await receipts.all()).filter((r) => r.meeting === id);
      const vkey = kept[0]?.vkey ?? (await api.meeting(id).catch(() => undefined))?.log.vkey;
      const { answers, said, hidden } = await compared(kept, account.answers, device);
      this.#put(id, { account, failure: undefined, vkey, answers, said, hidden, used: all.used });
      await this.#findEnds(device, account.withdrawals, vkey);
      await this.#checkAnswers(device);
    } catch (failure) {
      this.#put(id, { failure });
    }
  }

  /** Checks each receipt that is listed in a meeting, whoever keeps it, and keeps again what this device lost. */
  async #checkAnswers(device: Device): Promise<void> {
    const id = device.record.meeting;
    const { answers, said, vkey } = this.#of(id) ?? { answers: [], said: new Map<string, SaidThen>() };
    for (const answer of answers) {
      const { differs: what, id: number, issued } = said.get(answer.receipt) ?? {};
      if (what !== undefined) {
        this.#verdict(id, answer.receipt, { is: 'differs', what });
        continue;
      }
      if (this.#of(id)?.verdicts.get(answer.receipt)?.is === 'proved') continue;
      this.#verdict(id, answer.receipt, { is: 'checking' });
      const verdict = await this.#check(answer, device, vkey);
      this.#verdict(id, answer.receipt, verdict);
      if (verdict.is === 'proved' && vkey !== undefined && number !== undefined && issued !== undefined)
        await keepAgain({ ...answer, id: number, at: issued, vkey }, device);
    }
  }

  /** Looks in the log for the end of each yes that the server says is over. */
  async #findEnds(
    device: Device,
    told: PersonAccount['withdrawals'],
    vkey: string | undefined,
  ): Promise<void> {
    const id = device.record.meeting;
    for (const { handle, index } of told) {
      const { ended } = this.#of(id) ?? {};
      if (index === undefined || vkey === undefined || ended === undefined || ended.has(handle)) continue;
      try {
        const how = await endedAt(index, handle, await this.#log(vkey, device), new Date());
        const before = this.#of(id)?.ended;
        if (how !== undefined) this.#put(id, { ended: new Map(before).set(handle, how) });
      } catch (failure) {
        console.warn('me: the end of a yes is not proved', failure);
      }
    }
  }

  async #check(answer: Listed, device: Device, vkey: string | undefined): Promise<Verdict> {
    try {
      if (vkey === undefined) throw new Error('the key of the log is not known here');
      return { is: 'proved', ...(await checkReceipt(answer, await this.#log(vkey, device), new Date())) };
    } catch (why) {
      return { is: 'unproved', why };
    }
  }

  /** Asks again while something taken back is under way, so that its steps are seen as they happen. */
  #follow(): void {
    clearTimeout(this.#timer);
    const { meetings, standings } = this.store.get();
    const open = meetings.filter((m) =>
      underWay(
        m.account?.withdrawals ?? [],
        [...standings].filter(([, said]) => said.meeting === m.device.record.meeting),
      ),
    );
    if (open.length === 0 || this.#closed) return;
    this.#timer = setTimeout(() => {
      void Promise.all(open.map((m) => this.#ask(m.device))).then(() => this.#follow());
    }, REFRESH_MS);
  }

  async #log(vkey: string, { record }: Device): Promise<KnownLog> {
    const known = this.#logs.get(vkey) ?? KnownLog.of(vkey);
    this.#logs.set(vkey, known);
    known.catch(() => this.#logs.delete(vkey));
    const log = await known;
    if (log.by.name !== record.origin) throw new LogMismatch('this is about another log');
    return log;
  }

  #of(id: string): MeetingOfMine | undefined {
    return this.store.get().meetings.find((m) => m.device.record.meeting === id);
  }

  #put(id: string, change: Partial<MeetingOfMine>): void {
    this.store.set({
      meetings: this.store
        .get()
        .meetings.map((m) => (m.device.record.meeting === id ? { ...m, ...change } : m)),
    });
  }

  #verdict(id: string, receipt: string, verdict: Verdict): void {
    const verdicts = new Map(this.#of(id)?.verdicts);
    verdicts.set(receipt, verdict);
    this.#put(id, { verdicts });
  }
}

/** A meeting by what this device keeps of it alone. */
async function ownMeeting(device: Device, all: readonly KeptReceipt[]): Promise<MeetingOfMine> {
  const kept = all.filter((r) => r.meeting === device.record.meeting);
  const { answers, said } = await compared(kept, [], device);
  return {
    device,
    answers,
    hidden: new Set(),
    ended: new Map(),
    account: undefined,
    failure: undefined,
    verdicts: new Map(),
    said,
    vkey: kept[0]?.vkey,
    used: [],
  };
}

/** The answers of a meeting, the kept ones first; the server's are added where this device signed and lost them. */
async function compared(
  kept: readonly KeptReceipt[],
  shown: readonly AnswerThen[],
  device: Device,
): Promise<Pick<MeetingOfMine, 'answers' | 'said' | 'hidden'>> {
  const said = new Map<string, SaidThen>();
  const hidden = new Set<string>();
  const answers: Listed[] = [];
  const theirs = await Promise.all(
    shown.map(async (answer) => ({ answer, said: await saidThen(answer, device) })),
  );
  for (const own of kept) {
    const signed = await saidThen(own, device);
    const beside = theirs.findIndex((one) => one.said.id !== undefined && one.said.id === signed.id);
    const [found] = beside < 0 ? [] : theirs.splice(beside, 1);
    if (!found) hidden.add(own.receipt);
    answers.push(own);
    said.set(own.receipt, found ? await saidThen({ ...own, choices: found.answer.choices }, device) : signed);
  }
  for (const one of theirs) {
    answers.push(one.answer);
    said.set(one.answer.receipt, one.said);
  }
  return { answers: answers.sort((a, b) => a.index - b.index), said, hidden };
}

/** Keeps a receipt that this device signed and lost, now that it is proved. */
async function keepAgain(
  { id, receipt, salt, index, proof, noticeText, vkey, at }: Omit<KeptReceipt, 'meeting' | 'title'>,
  { record: { meeting, title } }: Device,
): Promise<void> {
  try {
    if ((await receipts.get(id)) === undefined)
      await receipts.put({ id, meeting, title, receipt, salt, index, proof, noticeText, vkey, at });
  } catch (failure) {
    console.warn('me: a receipt could not be kept again', failure);
  }
}

function endByKey(
  { purpose, medium, handle }: Choice & { handle: string },
  { device: { record } }: MeetingOfMine,
  now: Date,
): Taking {
  const { origin, meeting, title } = record;
  return { origin, meeting, title, purpose, medium, handle, takenAt: now.toISOString() };
}
