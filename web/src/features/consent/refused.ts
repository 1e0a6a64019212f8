import { b64u, sha256, utf8 } from '../bytes/bytes';
import { questionOf } from './answers';
import { refusals, type KeptReceipt } from './keeping';
import { parseNotice, type Notice, type NoticeRow } from './notice';
import type { Answer, Recipient } from './receipt';
import { readReceipt } from './receiptReader';

/** A no is remembered for the same question, one for this meeting only apart; a yes forgets an earlier no. */
export async function rememberRefusals(
  notice: Notice,
  recipient: Recipient,
  answers: readonly Answer[],
  now: Date,
): Promise<void> {
  for (const row of notice.rows)
    for (const { medium } of row.media) {
      const given = answers.find((a) => a.purpose === row.purpose && a.medium === medium);
      if (!given) continue;
      const question = questionOf(notice.controller.name, row, medium, recipient);
      if (given.yes) await refusals.delete(question);
      else if (!given.here) await refusals.put({ question, at: now.toISOString() });
    }
}

/**
 * Remembers the nos among answers as soon as they are pressed, in each language of the question: whether one is signed,
 * takes back a yes or could not be recorded, its person has said it and is not asked again.
 */
export async function rememberNos(
  texts: Iterable<Notice>,
  recipient: Recipient,
  answers: readonly Answer[],
  now: Date,
): Promise<void> {
  const nos = answers.filter((a) => !a.yes);
  if (nos.length === 0) return;
  try {
    for (const text of texts) await rememberRefusals(text, recipient, nos, now);
  } catch (failure) {
    // It is said and takes effect all the same; only its memory is lost.
    console.warn('consent: a no could not be remembered', failure);
  }
}

/**
 * Remembers a no to what the yeses of these handles were said to, by the receipts that were kept of them; `translations`
 * gives the same text in the other languages, where they are at hand.
 */
export async function rememberTakenBack(
  handles: Iterable<string | undefined>,
  kept: readonly Pick<KeptReceipt, 'receipt' | 'noticeText'>[],
  now: Date,
  translations: (version: number) => readonly Notice[] = () => [],
): Promise<void> {
  const taken = new Set(handles);
  for (const { receipt: jws, noticeText } of kept)
    try {
      const { choices, notice, recipient } = await readReceipt(jws);
      const nos = choices
        .filter(({ handle }) => handle !== undefined && taken.has(handle))
        .map(({ purpose, medium }) => ({ purpose, medium, yes: false }));
      if (nos.length === 0 || b64u(await sha256(utf8(noticeText))) !== notice.hash) continue;
      const shown = await parseNotice(noticeText);
      await rememberNos([shown, ...translations(shown.version)], recipient, nos, now);
    } catch (failure) {
      console.warn('consent: what was taken back cannot be read', failure);
    }
}

/** The purposes of rows that were refused on this device as a whole, in an answer to the very same questions. */
export async function refusedBefore(
  notice: Notice,
  rows: readonly NoticeRow[],
  recipient: Recipient,
): Promise<ReadonlySet<string>> {
  try {
    const known = new Set((await refusals.all()).map((r) => r.question));
    const asks = (row: NoticeRow) =>
      row.media.map(({ medium }) => questionOf(notice.controller.name, row, medium, recipient));
    return new Set(rows.filter((row) => asks(row).every((q) => known.has(q))).map((row) => row.purpose));
  } catch (failure) {
    console.warn('consent: earlier answers cannot be read', failure);
    return new Set();
  }
}
