import { api, type Choice, type PersonAccount } from '../api/client';
import { b64u, sha256, utf8 } from '../bytes/bytes';
import { receipts, slips, type KeptSlip } from '../consent/keeping';
import { readReceipt, type Receipt } from '../consent/receiptReader';
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
  const none = { choices: [], differs: 'signer' } as const;
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
  return { issued: signed.issued, choices, differs: !text ? 'text' : told ? undefined : 'choices' };
}

/** How each row stands by the receipts: a later one changes only the choices it names. */
export function latest(said: Iterable<SaidThen>): Choice[] {
  const rows = new Map<string, Choice>();
  const own = [...said].filter((s) => s.issued !== undefined);
  own.sort((a, b) => Date.parse(a.issued ?? '') - Date.parse(b.issued ?? ''));
  for (const { choices } of own)
    for (const choice of choices) rows.set(`${choice.purpose} ${choice.medium}`, choice);
  return [...rows.values()];
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
}

export interface MeState {
  readonly loading: boolean;
  readonly meetings: readonly MeetingOfMine[];
  readonly slips: ReadonlyMap<string, KeptSlip>;
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
 * Whether something taken back is not accounted for yet: listed without its account, also when no step of it has begun, or
 * said here and not listed at all.
 */
export function underWay(
  listed: PersonAccount['withdrawals'],
  said: readonly (readonly [handle: string, standing: Pick<Said, 'is'>])[],
): boolean {
  return (
    listed.some((w) => w.account === undefined) ||
    said.some(([handle, { is }]) => is !== 'unchecked' && !listed.some((w) => w.handle === handle))
  );
}

const REFRESH_MS = 2000;

/** The page of one's own: asks the server with the key of each meeting, and checks what it answers. */
export class MeModel {
  readonly store = new Store<MeState>({
    loading: true,
    meetings: [],
    slips: new Map(),
    standings: outbox.store.get().said,
  });
  readonly #logs = new Map<string, Promise<KnownLog>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #unsubscribe = outbox.store.subscribe(() =>
    this.store.set({ standings: outbox.store.get().said }),
  );

  async load(): Promise<void> {
    const devices = await Device.all();
    const held = await slips.all();
    this.store.set({
      slips: new Map(held.map((s) => [s.handle, s])),
      meetings: devices.map((device) => ({
        device,
        account: undefined,
        failure: undefined,
        verdicts: new Map(),
        said: new Map(),
        vkey: undefined,
      })),
    });
    for (const device of devices) await this.#ask(device);
    this.store.set({ loading: false });
    this.#follow();
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

  async #ask(device: Device): Promise<void> {
    const id = device.record.meeting;
    try {
      const account = await api.me(await device.requestProof('POST', '/api/me', new Date()));
      const kept = (await receipts.all()).filter((r) => r.meeting === id);
      const vkey = kept[0]?.vkey ?? (await api.meeting(id).catch(() => undefined))?.log.vkey;
      const said = new Map<string, SaidThen>();
      for (const answer of account.answers) said.set(answer.receipt, await saidThen(answer, device));
      this.#put(id, { account, failure: undefined, vkey, said });
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
