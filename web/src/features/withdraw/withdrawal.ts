import { b64u, equal, sha256, unb64u, type Bytes } from '../bytes/bytes';
import { Problem, type Api } from '../api/client';
import { slips } from '../consent/keeping';
import { leaf } from '../log/leaf';
import type { KnownLog } from '../log/memory';
import { LogMismatch, openPromise, type WithdrawalPromise } from '../log/note';
import { included, inclusionPath, leafHash } from '../log/tree';

/** How far a withdrawal has come, as this browser knows it by itself. */
export type Standing =
  /** Not told yet; `why` the last attempt failed, if one did. */
  | { readonly is: 'sending'; readonly why?: unknown }
  | { readonly is: 'promised'; readonly by: Date }
  | { readonly is: 'inLog'; readonly index: number; readonly by: Date }
  | { readonly is: 'late'; readonly by: Date; readonly promise: string }
  | { readonly is: 'unchecked'; readonly why: unknown };

export interface Patience {
  now(): Date;
  wait(ms: number): Promise<void>;
}

export const REAL_TIME: Patience = {
  now: () => new Date(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

const PROMISED_MS = 60_000;
const LOOK_EVERY_MS = 1500;

/**
 * Writes down that a slip is taken back; resolves once that survives the page. A device that cannot write is no reason
 * not to send.
 */
export async function markTaken(handle: string, now: Date): Promise<void> {
  try {
    const kept = await slips.get(handle);
    if (kept && kept.takenAt === undefined) await slips.put({ ...kept, takenAt: now.toISOString() });
  } catch (failure) {
    console.warn('withdrawal: this device could not write down that a slip is taken back', failure);
  }
}

async function markUsed(handle: string, now: Date): Promise<void> {
  try {
    const kept = await slips.get(handle);
    if (kept)
      await slips.put({ ...kept, takenAt: kept.takenAt ?? now.toISOString(), usedAt: now.toISOString() });
  } catch (failure) {
    console.warn('withdrawal: this device could not write down that a slip is used', failure);
  }
}

/** Whether the server has answered for good: it knows no grant under the secret, so there is nothing left to end. */
export function settled(failure: unknown): boolean {
  return failure instanceof Problem && failure.slug === 'unknown-slip';
}

/**
 * Writes down that the slip is taken, publishes the secret, then holds the server to its promise: looks through the log until the secret is in it, for 60
 * seconds. Throws only when the server did not take the withdrawal; everything later is reported.
 */
export async function takeBack(
  secret: string,
  api: Pick<Api, 'withdraw'>,
  log: () => Promise<KnownLog>,
  report: (standing: Standing) => void,
  patience: Patience = REAL_TIME,
): Promise<void> {
  const bytes = unb64u(secret, 32);
  const handle = await sha256(bytes);
  await markTaken(b64u(handle), patience.now());
  report({ is: 'sending' });
  const reply = await api.withdraw(secret).catch(async (failure: unknown) => {
    if (settled(failure)) await markUsed(b64u(handle), patience.now());
    throw failure;
  });
  await markUsed(b64u(handle), patience.now());
  try {
    const known = await log();
    const promise = await openPromise(reply.promise, known.by);
    if (!equal(promise.handle, handle)) throw new LogMismatch('the promise is about something else');
    const by = new Date(promise.at.getTime() + PROMISED_MS);
    report({ is: 'promised', by });
    const index = await findWithdrawal(bytes, promise, known, patience);
    report(index === undefined ? { is: 'late', by, promise: reply.promise } : { is: 'inLog', index, by });
  } catch (why) {
    report({ is: 'unchecked', why });
  }
}

/** The index of the `WITHDRAW` leaf of `secret`, proved against the checkpoint; undefined if it is late. */
async function findWithdrawal(
  secret: Bytes,
  promise: WithdrawalPromise,
  log: KnownLog,
  patience: Patience,
): Promise<number | undefined> {
  const wanted = leaf.withdraw(secret);
  const until = patience.now().getTime() + PROMISED_MS;
  // A secret that was published earlier stands before the promise; one bundle back covers a withdrawal said twice.
  let from = Math.max(0, promise.size - 256);
  for (;;) {
    const checkpoint = await log.latest(patience.now());
    for (const { index, data } of await log.tiles.entries(from, checkpoint.size, checkpoint.size)) {
      if (!equal(data, wanted)) continue;
      const path = await inclusionPath(index, checkpoint.size, log.tiles.hashes(checkpoint.size));
      if (!(await included(await leafHash(wanted), index, checkpoint.size, path, checkpoint.root)))
        throw new LogMismatch('the tiles of the log do not belong to its root');
      return index;
    }
    from = Math.max(from, checkpoint.size);
    if (patience.now().getTime() >= until) return undefined;
    await patience.wait(LOOK_EVERY_MS);
  }
}
