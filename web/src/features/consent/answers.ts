import type { NoticeRow } from './notice';
import type { Answer, Recipient } from './receipt';
import { THIS_MEETING, type Scope } from './scope';

/**
 * What one person has answered so far, as the card shows it. Nothing is answered until they press a button; a refusal
 * they gave before to the very same question counts as pressed, and is said to be from then.
 */
export interface CardState {
  readonly answered: ReadonlyMap<
    string,
    {
      readonly yes: boolean;
      readonly from: 'now' | 'before' | 'given';
      /** Of a no: it is for this meeting only, and leaves a yes from elsewhere as it is. */
      readonly here?: true;
    }
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

/** A no to a row in this meeting only. */
export function refuseHere(state: CardState, row: NoticeRow, media: readonly string[]): CardState {
  const answered = new Map(state.answered);
  for (const medium of media)
    answered.set(keyOf(row.purpose, medium), { yes: false, from: 'now', here: true });
  return { answered };
}

/** A row is a yes while any of its media is, a no when all that were answered are no, else open. */
export function rowAnswer(state: CardState, row: NoticeRow): RowAnswer {
  const given = row.media.map(({ medium }) => state.answered.get(keyOf(row.purpose, medium)));
  if (given.some((a) => a?.yes)) return 'yes';
  return given.some((a) => a) ? 'no' : 'open';
}

/**
 * The answers that were given now and are to be signed, for as far as they are to reach. A row that is partly answered says
 * no to the rest.
 */
export function toSign(state: CardState, rows: readonly NoticeRow[], scope: Scope = THIS_MEETING): Answer[] {
  const answers: Answer[] = [];
  for (const row of rows) {
    const now = row.media.some(
      ({ medium }) => state.answered.get(keyOf(row.purpose, medium))?.from === 'now',
    );
    if (!now) continue;
    for (const { medium } of row.media) {
      const answer = state.answered.get(keyOf(row.purpose, medium));
      if (answer && answer.from !== 'now') continue;
      const said = { purpose: row.purpose, medium, yes: answer?.yes ?? false };
      answers.push(
        answer?.here ? { ...said, here: true } : scope.kind === 'meeting' ? said : { ...said, scope },
      );
    }
  }
  return answers;
}

/**
 * Answers as they are signed: a receipt for each reach, and one of its own for what is said to training, because an export
 * of training data carries the receipts of those in it and is to show nothing of what they said to other rows. What goes
 * into which receipt depends on the rows and the chosen reach, never on a plain yes or no, so that the log does not tell one
 * from the other. A no for this meeting only, and a yes said here over one from elsewhere, are signed for this meeting
 * whatever reach is chosen: beside answers that reach further they are a receipt more. So the log can show that somebody
 * kept one meeting apart from a wider yes, not who or what it was.
 */
export function inReceipts(
  answers: readonly Answer[],
  scopeOf: (answer: Answer) => Scope,
): readonly { readonly scope: Scope; readonly answers: readonly Answer[] }[] {
  const groups = new Map<string, { scope: Scope; answers: Answer[] }>();
  for (const one of answers) {
    const scope = scopeOf(one);
    const key = JSON.stringify([one.purpose === 'training', scope]);
    const group = groups.get(key) ?? { scope, answers: [] };
    group.answers.push(one);
    groups.set(key, group);
  }
  return [...groups.values()];
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
