import type { Meeting } from '../api/client';
import { b64u, sha256, utf8 } from '../bytes/bytes';
import { keyOf, questionOf, type CardState } from '../consent/answers';
import { textsOf } from '../consent/anew';
import type { Notice, NoticeRow } from '../consent/notice';
import type { Recipient } from '../consent/receipt';
import { scopesOffered, THIS_MEETING, type Scope } from '../consent/scope';

/**
 * What somebody chose for one meeting before joining it. It is on this device alone, unsigned: a note to oneself, apart
 * from what was signed. Nobody is sent it.
 *
 * It lies in `localStorage`, one entry a meeting, because a write there is done when it returns: whoever turns a yes into
 * a no and leaves the page in the same instant finds the no again. A write to IndexedDB would be cut off.
 */
interface Chosen {
  readonly at: string;
  readonly answers: readonly ChosenAnswer[];
  /** How far they are to reach; of this meeting alone there is none. */
  readonly scope?: Scope;
}

interface ChosenAnswer {
  readonly purpose: string;
  readonly medium: string;
  readonly yes: boolean;
  /** Of a no: for this meeting only. */
  readonly here?: true;
  /** The hash of what it was chosen for: the words of the row in each language, who asks, and who gets it. */
  readonly of: string;
  /** The question of `questionOf`: a no stands while this is the same, whatever the words. */
  readonly question: string;
}

const PREFIX = 'aye-choices:';

/** Longer than a meeting can be open: what is older is of no use to anybody. */
const LONGEST_MS = 8 * 24 * 3600 * 1000;

/** What a yes to each row would be to, in this meeting; what was chosen is kept with it. */
export type Prints = ReadonlyMap<string, string>;

/**
 * Keeps what was chosen on the card and is not signed yet; with nothing chosen, nothing is kept. When it returns, it is
 * kept, or it threw.
 */
export function keepChosen(
  meeting: Meeting,
  notice: Notice,
  rows: readonly NoticeRow[],
  prints: Prints,
  card: CardState,
  now: Date,
  scope: Scope = THIS_MEETING,
): void {
  const [recipient] = meeting.ai.recipients;
  if (!recipient) return;
  const answers = rows.flatMap((row) =>
    row.media.flatMap(({ medium }): ChosenAnswer[] => {
      const answer = card.answered.get(keyOf(row.purpose, medium));
      const of = prints.get(row.purpose);
      if (answer?.from !== 'now' || of === undefined) return [];
      const question = questionOf(notice.controller.name, row, medium, recipient);
      const here = answer.here ? { here: true as const } : {};
      return [{ purpose: row.purpose, medium, yes: answer.yes, of, question, ...here }];
    }),
  );
  if (answers.length === 0) forgetChosen(meeting.id);
  else {
    const reach = scope.kind === 'meeting' ? {} : { scope };
    const chosen: Chosen = { at: now.toISOString(), answers, ...reach };
    localStorage.setItem(PREFIX + meeting.id, JSON.stringify(chosen));
  }
}

/**
 * What was chosen before and is still for the very same thing. What was chosen for other words or somebody else is
 * dropped, and `dropped` says so; what is left of meetings long over goes too.
 */
export async function chosenFor(
  meeting: Meeting,
  notice: Notice,
  rows: readonly NoticeRow[],
  now: Date,
): Promise<{
  readonly card: CardState;
  readonly dropped: boolean;
  readonly scope: Scope;
  readonly prints: Prints;
}> {
  sweep(now);
  const answered = new Map<string, { yes: boolean; from: 'now'; here?: true }>();
  const [recipient] = meeting.ai.recipients;
  const prints: Prints = recipient ? await fingerprints(meeting, recipient) : new Map();
  const kept = read(PREFIX + meeting.id);
  if (!kept || !recipient) return { card: { answered }, dropped: false, scope: THIS_MEETING, prints };
  let dropped = false;
  for (const { purpose, medium, yes, here, of, question } of kept.answers) {
    const row = rows.find((r) => r.purpose === purpose);
    if (!row) continue;
    const same = row.media.some((m) => m.medium === medium) && prints.get(purpose) === of;
    const sameNo =
      !yes &&
      row.media.some(
        (m) =>
          m.medium === medium && questionOf(notice.controller.name, row, m.medium, recipient) === question,
      );
    if (same || sameNo) answered.set(keyOf(purpose, medium), { yes, from: 'now', ...(here ? { here } : {}) });
    else dropped = true;
  }
  return { card: { answered }, dropped, scope: stillOffered(kept.scope, meeting, now), prints };
}

/** How far was chosen, if that is still offered; else this meeting alone. */
function stillOffered(chosen: Scope | undefined, meeting: Meeting, now: Date): Scope {
  if (chosen === undefined || chosen.kind === 'meeting') return THIS_MEETING;
  const most = scopesOffered(meeting, now).find((scope) => scope.kind === chosen.kind);
  const end = Date.parse(chosen.until);
  const fits = most !== undefined && most.kind !== 'meeting' && end <= Date.parse(most.until);
  const same = chosen.kind !== 'room' || chosen.id === meeting.room;
  return fits && same && now.getTime() < end ? chosen : THIS_MEETING;
}

/** For a meeting that was joined, so that it is signed now, or is over, or whose choices were cleared. */
export function forgetChosen(meeting: string): void {
  localStorage.removeItem(PREFIX + meeting);
}

/** What is kept there; anything else than what this page writes counts as nothing. */
function read(key: string): Chosen | undefined {
  const text = localStorage.getItem(key);
  if (text === null) return undefined;
  try {
    const chosen = JSON.parse(text) as Chosen;
    return typeof chosen.at === 'string' && Array.isArray(chosen.answers) ? chosen : undefined;
  } catch {
    return undefined;
  }
}

function sweep(now: Date): void {
  const keys = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i));
  for (const key of keys) {
    if (!key?.startsWith(PREFIX)) continue;
    const at = Date.parse(read(key)?.at ?? '');
    if (!(now.getTime() - at <= LONGEST_MS)) localStorage.removeItem(key);
  }
}

/** For each row, the hash of all that a yes to it would be to. */
async function fingerprints(meeting: Meeting, recipient: Recipient): Promise<Prints> {
  const texts = [...(await textsOf(meeting.notice)).values()];
  const purposes = new Set(texts.flatMap((text) => text.rows.map((row) => row.purpose)));
  const prints = new Map<string, string>();
  for (const purpose of purposes) {
    const of = JSON.stringify([
      texts.map(({ locale, controller, rows }) => [
        locale,
        controller,
        rows.find((row) => row.purpose === purpose),
      ]),
      [recipient.id, recipient.key, recipient.processor.host, recipient.processor.model],
    ]);
    prints.set(purpose, b64u(await sha256(utf8(of))));
  }
  return prints;
}
