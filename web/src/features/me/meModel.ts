import { api, inMeeting, type Choice, type PersonAccount } from '../api/client';
import { b64u, sha256, utf8 } from '../bytes/bytes';
import { receipts, slips, type KeptReceipt, type KeptSlip } from '../consent/keeping';
import { readReceipt, type Receipt } from '../consent/receiptReader';
import { THIS_MEETING, type Scope, type WiderScope } from '../consent/scope';
import { checkReceipt } from '../consent/signing';
import { Device } from '../device/device';
import { KnownLog } from '../log/memory';
import { outbox, type Said } from '../withdraw/outbox';
import { Store } from '../../shell/store';

export type Verdict =
  | { readonly is: 'checking' }
  | { readonly is: 'differs'; readonly what: Difference }
  | { readonly is: 'proved'; readonly index: number; readonly size: number }
  | { readonly is: 'unproved'; readonly why: unknown };

/** In what the server shows something else than this device signed. */
export type Difference = 'signer' | 'text' | 'choices';

/** One answer of the account, as the receipt in it has it. */
export interface SaidThen {
  /** Absent when the receipt is not this device's: then it says nothing here. */
  readonly issued?: string;
  readonly scope: Scope;
  readonly controller: string;
  /** The receipt's own number, by which its readable page is found. */
  readonly id?: string;
  readonly choices: readonly Choice[];
  readonly differs: Difference | undefined;
}

type AnswerThen = PersonAccount['answers'][number];

const ENDED = new Set(['withdrawn', 'expired', 'revoked', 'invalidated']);

/**
 * What somebody said by the receipt that their device signed. The server adds only how a yes ended since; whatever else
 * it shows beside the receipt is compared with it: the text that was shown, and each choice.
 */
export async function saidThen(answer: AnswerThen, device: Device): Promise<SaidThen> {
  const none = { scope: THIS_MEETING, controller: '', choices: [], differs: 'signer' } as const;
  let signed: Receipt;
  try {
    signed = await readReceipt(answer.receipt);
    if (signed.person !== (await device.person())) return none;
  } catch (failure) {
    console.warn('me: a receipt of the server cannot be read', failure);
    return none;
  }
  const { meeting, origin } = device.record;
  if (signed.meeting !== meeting || signed.origin !== origin) return none;
  let told = answer.choices.length === signed.choices.length;
  const choices = signed.choices.map((said): Choice => {
    const shown = answer.choices.filter((c) => c.purpose === said.purpose && c.medium === said.medium);
    const [one] = shown;
    const ended = one !== undefined && ENDED.has(one.state);
    const same =
      shown.length === 1 &&
      one?.handle === said.handle &&
      (one?.state === said.state || (said.state === 'given' && ended));
    if (!same) told = false;
    return same && one ? { ...said, state: one.state } : said;
  });
  const text = b64u(await sha256(utf8(answer.noticeText))) === signed.notice.hash;
  const { id, issued, scope, controller } = signed;
  return { id, issued, scope, controller, choices, differs: !text ? 'text' : told ? undefined : 'choices' };
}

/** How each row stands in its meeting by the receipts: a later one changes only the choices it names. */
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
 * yes that was not taken back, for something may be kept under it.
 */
export function widerAnswers(meetings: readonly MeetingOfMine[], now: Date): Wider[] {
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
      return !known || choice.state === 'given';
    });
    const over = !(now.getTime() < Date.parse(scope.until));
    if (first.length > 0)
      all.push({ scope, controller, since, over, choices: first.map((c) => ({ ...c, in: meeting })) });
  }
  return all;
}

/** One meeting as this device may see it: the server's account of the person, and what was checked here. */
export interface MeetingOfMine {
  readonly device: Device;
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
  /** What this device keeps itself, shown where the server shows nothing. */
  readonly receipts: readonly KeptReceipt[];
  readonly standings: ReadonlyMap<string, Said>;
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
    receipts: [],
    standings: outbox.store.get().said,
  });
  readonly #logs = new Map<string, Promise<KnownLog>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #unsubscribe = outbox.store.subscribe(() =>
    this.store.set({ standings: outbox.store.get().said }),
  );

  async load(): Promise<void> {
    let devices: Device[];
    try {
      devices = await Device.all();
      const held = await slips.all();
      this.store.set({
        slips: new Map(held.map((s) => [s.handle, s])),
        receipts: await receipts.all(),
      });
    } catch (failure) {
      console.warn('me: this browser stores nothing', failure);
      this.store.set({ loading: false, refused: true });
      return;
    }
    this.store.set({
      meetings: devices.map((device) => ({
        device,
        account: undefined,
        failure: undefined,
        verdicts: new Map(),
        said: new Map(),
        vkey: undefined,
        used: [],
      })),
    });
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
  async withdraw(meeting: MeetingOfMine, handles: readonly string[]): Promise<void> {
    await outbox.take(handles.flatMap((handle) => this.store.get().slips.get(handle) ?? []));
    await this.#ask(meeting.device);
    this.#follow();
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
      for (const one of same) this.#put(one.record.meeting, { failure });
    }
  }

  async #show(device: Device, all: PersonAccount): Promise<void> {
    const id = device.record.meeting;
    const account = device.record.lasting ? inMeeting(all, id) : all;
    try {
      const kept = (await receipts.all()).filter((r) => r.meeting === id);
      const vkey = kept[0]?.vkey ?? (await api.meeting(id).catch(() => undefined))?.log.vkey;
      const said = new Map<string, SaidThen>();
      for (const answer of account.answers) said.set(answer.receipt, await saidThen(answer, device));
      this.#put(id, { account, failure: undefined, vkey, said, used: all.used });
      for (const answer of account.answers) {
        const what = said.get(answer.receipt)?.differs;
        if (what !== undefined) {
          this.#verdict(id, answer.receipt, { is: 'differs', what });
          continue;
        }
        const known = this.#of(id)?.verdicts.get(answer.receipt);
        if (known?.is === 'proved') continue;
        this.#verdict(id, answer.receipt, { is: 'checking' });
        this.#verdict(id, answer.receipt, await this.#check(answer, vkey));
      }
    } catch (failure) {
      this.#put(id, { failure });
    }
  }

  async #check(answer: AnswerThen, vkey: string | undefined): Promise<Verdict> {
    try {
      if (vkey === undefined) throw new Error('the key of the log is not known here');
      const log = await this.#log(vkey);
      return { is: 'proved', ...(await checkReceipt(answer, log, new Date())) };
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

  #log(vkey: string): Promise<KnownLog> {
    const known = this.#logs.get(vkey) ?? KnownLog.of(vkey);
    this.#logs.set(vkey, known);
    return known;
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
