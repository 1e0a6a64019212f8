import { api, type Api } from '../api/client';
import { ends, receipts, slips, type KeptEnd, type KeptSlip } from '../consent/keeping';
import { Device } from '../device/device';
import { KnownLog } from '../log/memory';
import { currentVkey } from '../log/vkey';
import { Store } from '../../shell/store';
import { isLogOf } from './slipLog';
import {
  markEnd,
  markTaken,
  REAL_TIME,
  settled,
  takeBack,
  takeBackByKey,
  type Patience,
  type Standing,
} from './withdrawal';

/** What became of one withdrawal that this page sends. */
export type Said = Standing & { readonly stopped: Date; readonly meeting: string };

/** A yes to take back: by its slip, or by the key that signed it where the slip is lost. */
export type Taking = KeptSlip | KeptEnd;

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * The withdrawals that this device still owes the server. What is taken back is written down before anything is sent,
 * is sent until the server has answered, and is sent again by the next page if this one closes first. Each goes its own
 * way: none waits for another.
 */
export class Outbox {
  readonly store = new Store<{ readonly said: ReadonlyMap<string, Said> }>({ said: new Map() });
  readonly #api: Pick<Api, 'withdraw' | 'withdrawByKey'>;
  readonly #log: (taken: Taking) => Promise<KnownLog>;
  readonly #patience: Patience;
  readonly #sending = new Map<string, Promise<void>>();
  /** Ends the pauses of all that could not be sent yet. */
  readonly #hurry = new Set<() => void>();

  constructor(
    to: Pick<Api, 'withdraw' | 'withdrawByKey'>,
    log: (taken: Taking) => Promise<KnownLog>,
    patience: Patience = REAL_TIME,
  ) {
    this.#api = to;
    this.#log = log;
    this.#patience = patience;
  }

  /** Takes back all of `taken` at once; resolves when the server has answered for each. */
  async take(taken: readonly Taking[]): Promise<void> {
    const now = this.#patience.now();
    for (const one of taken) if (!this.#sending.has(one.handle)) this.#report(one, now, { is: 'sending' });
    await Promise.all(taken.map((one) => ('secret' in one ? markTaken(one.handle, now) : markEnd(one))));
    await Promise.all(taken.map((one) => this.#send(one, now)));
  }

  /** Sends what an earlier page took back and could not say; resolves when the server has answered for each. */
  async resend(): Promise<void> {
    const kept: Taking[] = [...(await slips.all()), ...(await ends.all())];
    const owed = kept.filter((one) => one.takenAt !== undefined && one.usedAt === undefined);
    await Promise.all(owed.map((one) => this.#send(one, new Date(one.takenAt ?? 0))));
  }

  /** Tries now what waits to be tried again. */
  hurry(): void {
    for (const go of this.#hurry) go();
  }

  #send(taken: Taking, stopped: Date): Promise<void> {
    const sending = this.#sending.get(taken.handle) ?? this.#untilAnswered(taken, stopped);
    this.#sending.set(taken.handle, sending);
    return sending;
  }

  async #untilAnswered(taken: Taking, stopped: Date): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      try {
        await this.#once(taken, stopped);
        return;
      } catch (why) {
        if (settled(why)) {
          // Who takes it back again asks again.
          this.#sending.delete(taken.handle);
          this.#report(taken, stopped, { is: 'unchecked', why });
          return;
        }
        console.warn('withdrawal: not told yet', why);
        this.#report(taken, stopped, { is: 'sending', why });
      }
      await this.#pause(pause);
    }
  }

  async #pause(ms: number): Promise<void> {
    let hurry: (() => void) | undefined;
    const hurried = new Promise<void>((resolve) => (hurry = resolve));
    if (hurry) this.#hurry.add(hurry);
    await Promise.race([hurried, this.#patience.wait(ms)]);
    if (hurry) this.#hurry.delete(hurry);
  }

  /** Resolves as soon as the server promised; the watch over the log goes on by itself. */
  #once(taken: Taking, stopped: Date): Promise<void> {
    return new Promise((resolve, reject) => {
      const report = (standing: Standing) => {
        if (standing.is === 'sending' && this.store.get().said.get(taken.handle)?.is === 'sending') return;
        this.#report(taken, stopped, standing);
        if (standing.is !== 'sending') resolve();
      };
      this.#takeBack(taken, report).then(resolve, reject);
    });
  }

  async #takeBack(taken: Taking, report: (standing: Standing) => void): Promise<void> {
    const log = () => this.#logOf(taken);
    if ('secret' in taken) return takeBack(taken.secret, this.#api, log, report, this.#patience);
    const device = await Device.of(taken.meeting, taken.origin);
    if (!device) throw new Error('the key that signed it is no longer here');
    return takeBackByKey(taken, device, this.#api, log, report, this.#patience);
  }

  /** The log to look in, if it is the one that the yes is in. */
  async #logOf(taken: Taking): Promise<KnownLog> {
    const log = await this.#log(taken);
    await isLogOf(taken, log.by);
    return log;
  }

  #report({ handle, meeting }: Taking, stopped: Date, standing: Standing): void {
    const said = new Map(this.store.get().said);
    said.set(handle, { ...standing, stopped, meeting });
    this.store.set({ said });
  }
}

const logs = new Map<string, Promise<KnownLog>>();

/** The log that the receipt of a yes is in, by the key kept with the receipt; else the log of this server. */
async function logOf({ meeting }: Taking): Promise<KnownLog> {
  const kept = (await receipts.all()).find((r) => r.meeting === meeting);
  const vkey = kept?.vkey ?? (await currentVkey());
  const known = logs.get(vkey) ?? KnownLog.of(vkey);
  logs.set(vkey, known);
  known.catch(() => logs.delete(vkey));
  return known;
}

/** The one outbox of the page. */
export const outbox = new Outbox(api, logOf);
