import { Shelf } from '../device/shelf';
import type { Slip } from './receipt';

/** A receipt as this device keeps it: what was signed, its salt, and the proof that the log holds its commitment. */
export interface KeptReceipt {
  readonly id: string;
  readonly meeting: string;
  readonly title: string;
  readonly receipt: string;
  readonly salt: string;
  readonly index: number;
  readonly proof: string;
  readonly noticeText: string;
  readonly vkey: string;
  readonly at: string;
}

export interface KeptSlip extends Slip {
  /** When its person took it back: written before the first request, and from then on nothing is opened under it. */
  readonly takenAt?: string;
  /** When the server had answered; a slip that is taken and not used is still to be sent. */
  readonly usedAt?: string;
}

/** A yes that is taken back without its slip, by the key that signed it. */
export interface KeptEnd extends Pick<
  KeptSlip,
  'origin' | 'meeting' | 'title' | 'handle' | 'usedAt' | 'log'
> {
  readonly purpose: string;
  readonly medium: string;
  readonly takenAt: string;
}

export const receipts = new Shelf<KeptReceipt>('aye', 'receipts');
export const slips = new Shelf<KeptSlip>('aye-slips', 'slips');
export const ends = new Shelf<KeptEnd>('aye-ends', 'ends');
export const refusals = new Shelf<{ question: string; at: string }>('aye', 'refusals');

/** What only the browser that made a meeting has: the right to host it, and the secret of its link. */
export interface CreatedMeeting {
  readonly meeting: string;
  readonly hostKey: string;
  readonly secret: string;
  readonly title: string;
  /** When it was made, and the meeting whose room it continues; those made long ago do not say. */
  readonly at?: string;
  readonly after?: string;
}

const createdMeetings = new Shelf<CreatedMeeting>('aye', 'created');
const createdNow = new Map<string, CreatedMeeting>();

/** Keeps them on this device, or, where the browser stores nothing, for as long as the page lives. */
export async function rememberCreated(created: CreatedMeeting): Promise<void> {
  createdNow.set(created.meeting, created);
  try {
    await createdMeetings.put(created);
  } catch (failure) {
    console.warn('the right to host is known to this page only', failure);
  }
}

export async function createdMeeting(meeting: string): Promise<CreatedMeeting | undefined> {
  return createdNow.get(meeting) ?? (await createdMeetings.get(meeting).catch(() => undefined));
}

/** The newest meeting of each room that was made here, the newest room first. */
export async function createdRooms(): Promise<CreatedMeeting[]> {
  const kept = await createdMeetings.all().catch(() => []);
  const all = [...new Map([...kept, ...createdNow.values()].map((c) => [c.meeting, c])).values()];
  const continued = new Set(all.map((c) => c.after));
  return all.filter((c) => !continued.has(c.meeting)).sort((a, b) => (b.at ?? '').localeCompare(a.at ?? ''));
}

export async function slipsOf(meeting: string): Promise<KeptSlip[]> {
  return (await slips.all()).filter((s) => s.meeting === meeting);
}

/** Those of the slips that this device still has: not the ones of a receipt that was torn up. All, where it cannot tell. */
export async function stillKept(some: readonly KeptSlip[]): Promise<readonly KeptSlip[]> {
  try {
    const kept = new Set((await slips.all()).map((slip) => slip.handle));
    return some.filter((slip) => kept.has(slip.handle));
  } catch {
    return some;
  }
}

/** The receipt file of docs/protocol.md, which anyone can verify offline with the log's key. */
export function receiptFile(
  kept: Pick<KeptReceipt, 'receipt' | 'salt' | 'index' | 'proof'> & { readonly noticeText?: string },
): string {
  const { receipt, salt, index, proof, noticeText } = kept;
  return JSON.stringify({ receipt, salt, index, proof, ...(noticeText ? { noticeText } : {}) }, null, 2);
}

/** The name of that file, which is the same wherever it is saved from. */
export function receiptName(index: number): string {
  return `aye-receipt-${index}.json`;
}
