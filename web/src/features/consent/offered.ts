import type { Meeting } from '../api/client';
import { locale } from '../../words/words';
import { keyOf, questionOf, type CardState } from './answers';
import { receipts, refusals, slipsOf } from './keeping';
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

/** What this device already answered: refusals to the very same questions, and what it gave or took back in this meeting. */
export async function answeredBefore(
  meeting: Meeting,
  notice: Notice,
  rows: readonly NoticeRow[],
): Promise<CardState> {
  const answered = new Map<string, { yes: boolean; from: 'before' | 'given' }>();
  const recipient = meeting.ai.recipients[0];
  if (!recipient) return { answered };
  const held = await slipsOf(meeting.id);
  const given = held.filter((s) => s.takenAt === undefined && s.usedAt === undefined);
  const taken = held.filter((s) => s.takenAt !== undefined || s.usedAt !== undefined);
  const standing = await signedFor(meeting.id, recipient);
  for (const row of rows)
    for (const { medium } of row.media) {
      if (given.some((s) => s.purpose === row.purpose && s.medium === medium && standing.has(s.handle)))
        answered.set(keyOf(row.purpose, medium), { yes: true, from: 'given' });
      else if (taken.some((s) => s.purpose === row.purpose && s.medium === medium))
        answered.set(keyOf(row.purpose, medium), { yes: false, from: 'before' });
      else if (await refusals.get(questionOf(notice.controller.name, row, medium, recipient)))
        answered.set(keyOf(row.purpose, medium), { yes: false, from: 'before' });
    }
  return { answered };
}

/** Handles of yeses whose receipt this device keeps and that were said to `recipient`: to another it is asked anew. */
async function signedFor(meeting: string, recipient: Recipient): Promise<ReadonlySet<string>> {
  const handles = new Set<string>();
  for (const kept of (await receipts.all()).filter((r) => r.meeting === meeting))
    try {
      const signed = await readReceipt(kept.receipt);
      if (!sameRecipient(signed.recipient, recipient)) continue;
      for (const { handle } of signed.choices) if (handle !== undefined) handles.add(handle);
    } catch (failure) {
      console.warn('a kept receipt cannot be read', failure);
    }
  return handles;
}
