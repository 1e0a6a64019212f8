import { api, type Api } from '../api/client';
import { receipts, slips, type KeptSlip } from '../consent/keeping';
import { KnownLog } from '../log/memory';
import { currentVkey } from '../log/vkey';
import { Store } from '../../shell/store';
import { isLogOf } from './slipLog';
import { markTaken, REAL_TIME, settled, takeBack, type Patience, type Standing } from './withdrawal';

/** What became of one withdrawal that this page sends. */
export type Said = Standing & { readonly stopped: Date; readonly meeting: string };

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * The withdrawals that this device still owes the server. What is taken back is written down before anything is sent,
 * is sent until the server has answered, and is sent again by the next page if this one closes first. Each goes its own
 * way: none waits for another.
 */
export class Outbox {
  readonly store = new Store<{ readonly said: ReadonlyMap<string, Said> }>({ said: new Map() });
  readonly #api: Pick<Api, 'withdraw'>;
  readonly #log: (slip: KeptSlip) => Promise<KnownLog>;
  readonly #patience: Patience;
  readonly #sending = new Map<string, Promise<void>>();

  constructor(
    to: Pick<Api, 'withdraw'>,
    log: (slip: KeptSlip) => Promise<KnownLog>,
    patience: Patience = REAL_TIME,
  ) {
    this.#api = to;
    this.#log = log;
    this.#patience = patience;
  }

  /** Takes back all of `taken` at once; resolves when the server has answered for each. */
  async take(taken: readonly KeptSlip[]): Promise<void> {
    const now = this.#patience.now();
    for (const slip of taken) if (!this.#sending.has(slip.handle)) this.#report(slip, now, { is: 'sending' });
    await Promise.all(taken.map((slip) => markTaken(slip.handle, now)));
    await Promise.all(taken.map((slip) => this.#send(slip, now)));
  }

  /** Sends what an earlier page took back and could not say; resolves when the server has answered for each. */
  async resend(): Promise<void> {
    const owed = (await slips.all()).filter((s) => s.takenAt !== undefined && s.usedAt === undefined);
    await Promise.all(owed.map((slip) => this.#send(slip, new Date(slip.takenAt ?? 0))));
  }

  #send(slip: KeptSlip, stopped: Date): Promise<void> {
    const sending = this.#sending.get(slip.handle) ?? this.#untilAnswered(slip, stopped);
    this.#sending.set(slip.handle, sending);
    return sending;
  }

  async #untilAnswered(slip: KeptSlip, stopped: Date): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      try {
        await this.#once(slip, stopped);
        return;
      } catch (why) {
        if (settled(why)) {
          this.#report(slip, stopped, { is: 'unchecked', why });
          return;
        }
        console.warn('withdrawal: not told yet', why);
        this.#report(slip, stopped, { is: 'sending', why });
      }
      await this.#patience.wait(pause);
    }
  }

  /** Resolves as soon as the server promised; the watch over the log goes on by itself. */
  #once(slip: KeptSlip, stopped: Date): Promise<void> {
    return new Promise((resolve, reject) => {
      const report = (standing: Standing) => {
        if (standing.is === 'sending' && this.store.get().said.get(slip.handle)?.is === 'sending') return;
        this.#report(slip, stopped, standing);
        if (standing.is !== 'sending') resolve();
      };
      takeBack(slip.secret, this.#api, () => this.#logOf(slip), report, this.#patience).then(resolve, reject);
    });
  }

  /** The log to look in, if it is the one that the slip was drawn for. */
  async #logOf(slip: KeptSlip): Promise<KnownLog> {
    const log = await this.#log(slip);
    await isLogOf(slip, log.by);
    return log;
  }

  #report({ handle, meeting }: KeptSlip, stopped: Date, standing: Standing): void {
    const said = new Map(this.store.get().said);
    said.set(handle, { ...standing, stopped, meeting });
    this.store.set({ said });
  }
}

const logs = new Map<string, Promise<KnownLog>>();

/** The log that a slip's receipt is in, by the key kept with the receipt; else the log of this server. */
async function logOf(slip: KeptSlip): Promise<KnownLog> {
  const kept = (await receipts.all()).find((r) => r.meeting === slip.meeting);
  const vkey = kept?.vkey ?? (await currentVkey());
  const known = logs.get(vkey) ?? KnownLog.of(vkey);
  logs.set(vkey, known);
  known.catch(() => logs.delete(vkey));
  return known;
}

/** The one outbox of the page. */
export const outbox = new Outbox(api, logOf);
