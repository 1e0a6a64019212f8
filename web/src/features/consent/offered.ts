import type { Meeting } from '../api/client';
import { locale } from '../../words/words';
import { reworded, type Reworded } from './anew';
import { keyOf, questionOf, type CardState } from './answers';
import { refusals } from './keeping';
import { parseNotice, type Notice, type NoticeRow } from './notice';
import { lapse } from './reach';
import { isTaken, type Standing } from './standing';

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

/**
 * What this device already answered: what it gave or took back that counts in this meeting, and refusals to the very same
 * questions.
 */
export async function answeredBefore(
  standing: Standing,
  notice: Notice,
  rows: readonly NoticeRow[],
  now: Date,
): Promise<Before> {
  const answered = new Map<string, { yes: boolean; from: 'before' | 'given'; here?: true }>();
  const anew = new Map<string, Reworded>();
  const { asked } = standing;
  const { recipient } = asked;
  if (!recipient) return { answered, reworded: anew };
  const slips = [...standing.slips.values()];
  for (const row of rows)
    for (const { medium } of row.media) {
      const key = keyOf(row.purpose, medium);
      const own = standing.own.get(key);
      const why = own && lapse(own, asked, now);
      const slip = standing.slips.get(own?.handle ?? '');
      const given = own?.state === 'given' && slip !== undefined && !isTaken(slip);
      const change = own && reworded(own.shown, asked.texts);
      const otherwise = given && why === 'words' ? change : standing.reworded.get(key);
      const takenHere = slips.some(
        (s) => s.meeting === asked.meeting && s.purpose === row.purpose && s.medium === medium && isTaken(s),
      );
      if (standing.refusedHere.has(key)) answered.set(key, { yes: false, from: 'before', here: true });
      else if (given && !why) answered.set(key, { yes: true, from: 'given' });
      else if (otherwise) anew.set(row.purpose, otherwise);
      else if (
        takenHere ||
        (own?.state === 'refused' && !why && !change) ||
        standing.takenBack.has(key) ||
        (await refusals.get(questionOf(notice.controller.name, row, medium, recipient)))
      )
        answered.set(key, { yes: false, from: 'before' });
    }
  return { answered, reworded: anew };
}
