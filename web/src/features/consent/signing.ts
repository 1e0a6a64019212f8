import { b64u, unb64u } from '../bytes/bytes';
import type { Api } from '../api/client';
import type { Device } from '../device/device';
import { commitment, leaf } from '../log/leaf';
import type { KnownLog } from '../log/memory';
import { LogMismatch } from '../log/note';
import { checkProof } from '../log/proof';
import { receipts, slips, type KeptReceipt } from './keeping';
import type { Notice } from './notice';
import { rememberRefusals } from './refused';
import { signReceipt, type Answer, type Recipient, type Slip } from './receipt';
import type { Scope } from './scope';

export interface Answered {
  readonly receipt: KeptReceipt;
  readonly slips: readonly Slip[];
}

interface Signing {
  api: Pick<Api, 'answer'>;
  log: KnownLog;
  device: Device;
  seat: string;
  participant: string;
  notice: Notice;
  recipient: Recipient;
  answers: readonly Answer[];
  scope?: Scope;
  now: Date;
  /** The same text in the other languages: a no in one is a no to the same question in each. */
  translations?: readonly Notice[];
}

/**
 * Signs answers and has them recorded. Slips are durable on this device before the receipt leaves it, so no grant can
 * exist that its person cannot take back; the receipt is kept once the log is shown to hold its commitment. Where the
 * answers are no longer meant by the time it would leave, it is torn up and nothing is given.
 */
export async function answer(
  args: Signing & { readonly stillMeant: () => boolean },
): Promise<Answered | undefined>;
export async function answer(args: Signing): Promise<Answered>;
export async function answer(
  args: Signing & { readonly stillMeant?: () => boolean },
): Promise<Answered | undefined> {
  const { api, log, device, seat, notice, recipient, answers, now, stillMeant } = args;
  const { meeting, title } = device.record;
  // The receipt names the log by its origin: it counts in that one only.
  if (device.record.origin !== log.by.name) throw new LogMismatch('this is about another log');
  const yes = answers.some((a) => a.yes);
  // A yes rests on the log. A no does not: it is taken whatever was found wrong with it.
  if (yes) await log.sound();
  const signed = await signReceipt({ ...args, vkey: log.by.vkey });
  for (const slip of signed.slips) await slips.put(slip);
  if (stillMeant?.() === false) {
    for (const slip of signed.slips) await slips.delete(slip.handle);
    return undefined;
  }
  const reply = await api.answer(meeting, seat, { receipt: signed.receipt, salt: b64u(signed.salt) });
  const { index, checkpoint } = await checkProof(
    reply.proof,
    leaf.answer(await commitment(signed.salt, signed.receipt)),
    log.by,
  );
  if (index !== reply.index) throw new LogMismatch('the receipt is at another place in the log');
  if (yes || !(await log.finding())) await log.remember(checkpoint, now);
  const kept: KeptReceipt = {
    id: signed.id,
    meeting,
    title,
    receipt: signed.receipt,
    salt: b64u(signed.salt),
    index,
    proof: reply.proof,
    noticeText: notice.exact,
    vkey: log.by.vkey,
    at: now.toISOString(),
  };
  await receipts.put(kept);
  for (const text of [notice, ...(args.translations ?? [])])
    await rememberRefusals(text, recipient, answers, now);
  return { receipt: kept, slips: signed.slips };
}

/** Checks a kept receipt against the log as it is now; its commitment must be where it was. */
export async function checkReceipt(
  kept: Pick<KeptReceipt, 'receipt' | 'salt' | 'proof' | 'index'>,
  log: KnownLog,
  now: Date,
): Promise<{ index: number; size: number }> {
  const data = leaf.answer(await commitment(unb64u(kept.salt, 32), kept.receipt));
  const { index, checkpoint } = await checkProof(kept.proof, data, log.by);
  if (index !== kept.index) throw new LogMismatch('the receipt is at another place in the log');
  await log.remember(checkpoint, now);
  const latest = await log.latest(now);
  return { index, size: latest.size };
}
