import type { NoticeRow } from './notice';
import type { Answer, Recipient } from './receipt';

/**
 * What one person has answered so far, as the card shows it. Nothing is answered until they press a button; a refusal
 * they gave before to the very same question counts as pressed, and is said to be from then.
 */
export interface CardState {
  readonly answered: ReadonlyMap<
    string,
    { readonly yes: boolean; readonly from: 'now' | 'before' | 'given' }
  >;
}

export type RowAnswer = 'yes' | 'no' | 'open';

export const NOTHING_ANSWERED: CardState = { answered: new Map() };

export function keyOf(purpose: string, medium: string): string {
  return `${purpose} ${medium}`;
}

/** Answers a whole row: yes grants exactly the media it names. */
export function answerRow(state: CardState, row: NoticeRow, yes: boolean): CardState {
  return row.media.reduce((s, { medium }) => answerMedium(s, row, medium, yes), state);
}

export function answerMedium(state: CardState, row: NoticeRow, medium: string, yes: boolean): CardState {
  const answered = new Map(state.answered);
  answered.set(keyOf(row.purpose, medium), { yes, from: 'now' });
  return { answered };
}

/** A row is a yes while any of its media is, a no when all that were answered are no, else open. */
export function rowAnswer(state: CardState, row: NoticeRow): RowAnswer {
  const given = row.media.map(({ medium }) => state.answered.get(keyOf(row.purpose, medium)));
  if (given.some((a) => a?.yes)) return 'yes';
  return given.some((a) => a) ? 'no' : 'open';
}

/** The answers that were given now and are to be signed. A row that is partly answered says no to the rest. */
export function toSign(state: CardState, rows: readonly NoticeRow[]): Answer[] {
  const answers: Answer[] = [];
  for (const row of rows) {
    const now = row.media.some(
      ({ medium }) => state.answered.get(keyOf(row.purpose, medium))?.from === 'now',
    );
    if (!now) continue;
    for (const { medium } of row.media) {
      const answer = state.answered.get(keyOf(row.purpose, medium));
      if (answer && answer.from !== 'now') continue;
      answers.push({ purpose: row.purpose, medium, yes: answer?.yes ?? false });
    }
  }
  return answers;
}

/**
 * The question that a refusal answers: who asks, for what, which medium, who gets it, how long. Any change of these is
 * another question; a new wording alone is not asked again after a no (and is never covered by an old yes).
 */
export function questionOf(
  controller: string,
  row: NoticeRow,
  medium: string,
  recipient: Pick<Recipient, 'id' | 'processor'>,
): string {
  return JSON.stringify([
    controller,
    row.purpose,
    medium,
    recipient.id,
    recipient.processor.host,
    recipient.processor.model,
    row.retention,
  ]);
}
