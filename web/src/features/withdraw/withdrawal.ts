import { b64u, equal, sha256, unb64u, type Bytes } from '../bytes/bytes';
import { Problem, type Api } from '../api/client';
import { ends, slips, type KeptEnd } from '../consent/keeping';
import type { Device } from '../device/device';
import { leaf } from '../log/leaf';
import type { KnownLog } from '../log/memory';
import { LogMismatch, openPromise, type Checkpoint, type WithdrawalPromise } from '../log/note';
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
    if (kept)
      await slips.putIf(
        handle,
        { ...kept, takenAt: now.toISOString() },
        (still) => still !== undefined && still.takenAt === undefined,
      );
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

/** Whether the server has answered for good: it knows no such grant, so there is nothing left to end. */
export function settled(failure: unknown): boolean {
  return failure instanceof Problem && (failure.slug === 'unknown-slip' || failure.slug === 'unknown-yes');
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
  const handle = await sha256(unb64u(secret, 32));
  await markTaken(b64u(handle), patience.now());
  report({ is: 'sending' });
  const used = () => markUsed(b64u(handle), patience.now());
  await holdTo(handle, await promised(() => api.withdraw(secret), used), log, report, patience);
}

/**
 * The same without the slip: `device` shows that it has the key which signed the yes. What the log gets is the handle, by
 * which the server ends the yes.
 */
export async function takeBackByKey(
  end: KeptEnd,
  device: Device,
  api: Pick<Api, 'withdrawByKey'>,
  log: () => Promise<KnownLog>,
  report: (standing: Standing) => void,
  patience: Patience = REAL_TIME,
): Promise<void> {
  report({ is: 'sending' });
  const send = async () =>
    api.withdrawByKey(end.handle, await device.requestProof('POST', '/api/me/withdrawals', patience.now()));
  const used = () => markEnd({ ...end, usedAt: patience.now().toISOString() });
  await holdTo(unb64u(end.handle, 32), await promised(send, used), log, report, patience);
}

/** Writes down that a yes is taken back without its slip, or that the server has answered. */
export async function markEnd(end: KeptEnd): Promise<void> {
  try {
    await ends.put(end);
  } catch (failure) {
    console.warn('withdrawal: this device could not write down that a yes is taken back', failure);
  }
}

async function promised(
  send: () => Promise<{ promise: string }>,
  used: () => Promise<void>,
): Promise<string> {
  const reply = await send().catch(async (failure: unknown) => {
    if (settled(failure)) await used();
    throw failure;
  });
  await used();
  return reply.promise;
}

async function holdTo(
  handle: Bytes,
  note: string,
  log: () => Promise<KnownLog>,
  report: (standing: Standing) => void,
  patience: Patience,
): Promise<void> {
  try {
    const known = await log();
    const promise = await openPromise(note, known.by);
    if (!equal(promise.handle, handle)) throw new LogMismatch('the promise is about something else');
    const by = new Date(promise.at.getTime() + PROMISED_MS);
    report({ is: 'promised', by });
    const index = await findEnd(promise, known, patience);
    report(index === undefined ? { is: 'late', by, promise: note } : { is: 'inLog', index, by });
  } catch (why) {
    report({ is: 'unchecked', why });
  }
}

/** How a leaf ends the yes of `handle`, if it does: by the secret of its slip, or by the server that names it. */
async function endOf(data: Bytes, handle: Bytes): Promise<'slip' | 'server' | undefined> {
  const body = data.slice(1);
  if (equal(data, leaf.revoke(handle))) return 'server';
  return data.length === 33 && equal(data, leaf.withdraw(body)) && equal(await sha256(body), handle)
    ? 'slip'
    : undefined;
}

/** The index of the leaf that ends the yes of a promise, proved against the checkpoint; undefined if it is late. */
async function findEnd(
  promise: WithdrawalPromise,
  log: KnownLog,
  patience: Patience,
): Promise<number | undefined> {
  const until = patience.now().getTime() + PROMISED_MS;
  // A yes that was ended earlier stands before the promise; one bundle back covers a withdrawal said twice.
  let from = Math.max(0, promise.size - 256);
  for (;;) {
    const checkpoint = await log.latest(patience.now());
    for (const { index, data } of await log.tiles.entries(from, checkpoint.size, checkpoint.size)) {
      if ((await endOf(data, promise.handle)) === undefined) continue;
      await proveIn(checkpoint, index, data, log);
      return index;
    }
    from = Math.max(from, checkpoint.size);
    if (patience.now().getTime() >= until) return undefined;
    await patience.wait(LOOK_EVERY_MS);
  }
}

/** How the log ends the yes of `handle` at `index`, proved here and now; undefined where it does not. */
export async function endedAt(
  index: number,
  handle: string,
  log: KnownLog,
  now: Date,
): Promise<'slip' | 'server' | undefined> {
  const checkpoint = await log.latest(now);
  if (!Number.isSafeInteger(index) || index < 0 || index >= checkpoint.size) return undefined;
  const [entry] = await log.tiles.entries(index, index + 1, checkpoint.size);
  const end = entry && (await endOf(entry.data, unb64u(handle, 32)));
  if (entry && end !== undefined) await proveIn(checkpoint, index, entry.data, log);
  return end;
}

async function proveIn(checkpoint: Checkpoint, index: number, data: Bytes, log: KnownLog): Promise<void> {
  const path = await inclusionPath(index, checkpoint.size, log.tiles.hashes(checkpoint.size));
  if (!(await included(await leafHash(data), index, checkpoint.size, path, checkpoint.root)))
    throw new LogMismatch('the tiles of the log do not belong to its root');
}
