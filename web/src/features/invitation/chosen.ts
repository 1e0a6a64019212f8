import type { Meeting } from '../api/client';
import { b64u, sha256, utf8 } from '../bytes/bytes';
import { keyOf, questionOf, type CardState } from '../consent/answers';
import { textsOf } from '../consent/anew';
import type { Notice, NoticeRow } from '../consent/notice';
import type { Recipient } from '../consent/receipt';
import { scopesOffered, THIS_MEETING, type Scope } from '../consent/scope';
import { Shelf } from '../device/shelf';

/**
 * What somebody chose for one meeting before joining it. It is on this device alone, unsigned: a note to oneself, in a
 * database apart from what was signed. Nobody is sent it.
 */
interface Chosen {
  readonly meeting: string;
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

const shelf = new Shelf<Chosen>('aye-choices', 'choices');

/** Longer than a meeting can be open: what is older is of no use to anybody. */
const LONGEST_MS = 8 * 24 * 3600 * 1000;

/** Keeps what was chosen on the card and is not signed yet; with nothing chosen, nothing is kept. */
export async function keepChosen(
  meeting: Meeting,
  notice: Notice,
  rows: readonly NoticeRow[],
  card: CardState,
  now: Date,
  scope: Scope = THIS_MEETING,
): Promise<void> {
  const [recipient] = meeting.ai.recipients;
  if (!recipient) return;
  const prints = await fingerprints(meeting, recipient);
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
  if (answers.length === 0) await shelf.delete(meeting.id);
  else
    await shelf.put({
      meeting: meeting.id,
      at: now.toISOString(),
      answers,
      ...(scope.kind === 'meeting' ? {} : { scope }),
    });
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
): Promise<{ readonly card: CardState; readonly dropped: boolean; readonly scope: Scope }> {
  await sweep(now);
  const answered = new Map<string, { yes: boolean; from: 'now'; here?: true }>();
  const [recipient] = meeting.ai.recipients;
  const kept = await shelf.get(meeting.id);
  if (!kept || !recipient) return { card: { answered }, dropped: false, scope: THIS_MEETING };
  const prints = await fingerprints(meeting, recipient);
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
  return { card: { answered }, dropped, scope: stillOffered(kept.scope, meeting, now) };
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
export async function forgetChosen(meeting: string): Promise<void> {
  await shelf.delete(meeting);
}

async function sweep(now: Date): Promise<void> {
  for (const { meeting, at } of await shelf.all())
    if (now.getTime() - Date.parse(at) > LONGEST_MS) await shelf.delete(meeting);
}

/** For each row, the hash of all that a yes to it would be to. */
async function fingerprints(meeting: Meeting, recipient: Recipient): Promise<ReadonlyMap<string, string>> {
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
