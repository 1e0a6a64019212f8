import type { Meeting } from '../api/client';
import { locale } from '../../words/words';
import { reworded, shownRow, textsOf, type Reworded } from './anew';
import { keyOf, questionOf, type CardState } from './answers';
import { receipts, refusals, slipsOf, type KeptSlip } from './keeping';
import { parseNotice, type Notice, type NoticeRow } from './notice';
import { sameRecipient } from './own';
import type { Recipient } from './receipt';
import { readReceipt } from './receiptReader';

/** The notice of a meeting in the person's language, or none when its text cannot be drawn: then nothing is asked. */
export async function noticeOf(meeting: Meeting): Promise<Notice | undefined> {
  if (meeting.ai.purposes.length === 0) return undefined;
  try {
    return await parseNotice(meeting.notice[locale()]);
  } catch (failure) {
    console.warn('the notice cannot be shown', failure);
    return undefined;
  }
}

/** What this device knows of the rows of a card before anything is pressed on it. */
export interface Before extends CardState {
  /** By purpose, what a yes of before was said to in other words: it covers nothing now, and the row is asked anew. */
  readonly reworded: ReadonlyMap<string, Reworded>;
}

/** What this device already answered: refusals to the very same questions, and what it gave or took back in this meeting. */
export async function answeredBefore(
  meeting: Meeting,
  notice: Notice,
  rows: readonly NoticeRow[],
): Promise<Before> {
  const answered = new Map<string, { yes: boolean; from: 'before' | 'given' }>();
  const anew = new Map<string, Reworded>();
  const recipient = meeting.ai.recipients[0];
  if (!recipient) return { answered, reworded: anew };
  const held = await slipsOf(meeting.id);
  const given = held.filter((s) => s.takenAt === undefined && s.usedAt === undefined);
  const taken = held.filter((s) => s.takenAt !== undefined || s.usedAt !== undefined);
  const standing = await signedFor(meeting, given, recipient);
  for (const row of rows)
    for (const { medium } of row.media) {
      const of = (slip: KeptSlip) => slip.purpose === row.purpose && slip.medium === medium;
      const said = given.filter(of).flatMap((s) => standing.get(s.handle) ?? []);
      if (said.some((s) => s === 'stands'))
        answered.set(keyOf(row.purpose, medium), { yes: true, from: 'given' });
      else if (said.length > 0) {
        for (const change of said) if (change !== 'stands') anew.set(row.purpose, change);
      } else if (
        taken.some(of) ||
        (await refusals.get(questionOf(notice.controller.name, row, medium, recipient)))
      )
        answered.set(keyOf(row.purpose, medium), { yes: false, from: 'before' });
    }
  return { answered, reworded: anew };
}

/**
 * How the slips stand whose receipt this device keeps, if it was signed for `recipient`: to another it is asked anew,
 * and so is a row whose words are not those that were signed.
 */
async function signedFor(
  meeting: Meeting,
  held: readonly KeptSlip[],
  recipient: Recipient,
): Promise<ReadonlyMap<string, 'stands' | Reworded>> {
  const handles = new Map<string, 'stands' | Reworded>();
  const texts = await textsOf(meeting.notice);
  for (const kept of (await receipts.all()).filter((r) => r.meeting === meeting.id))
    try {
      const signed = await readReceipt(kept.receipt);
      if (!sameRecipient(signed.recipient, recipient)) continue;
      for (const { purpose, handle } of signed.choices) {
        if (handle === undefined || !held.some((s) => s.handle === handle)) continue;
        const shown = await shownRow(kept.noticeText, signed.notice.hash, purpose);
        if (shown) handles.set(handle, reworded(shown, texts) ?? 'stands');
      }
    } catch (failure) {
      console.warn('a kept receipt cannot be read', failure);
    }
  return handles;
}
