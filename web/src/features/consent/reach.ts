import type { Meeting } from '../api/client';
import { reworded, textsOf } from './anew';
import { keyOf } from './answers';
import type { Notice } from './notice';
import { sameRecipient, type OwnChoice } from './own';
import type { Recipient } from './receipt';
import { SCOPES, type Scope } from './scope';

/**
 * What a meeting asks at this moment, as far as it decides whether something said before is an answer to it. The words
 * are those of every language that can be read: a yes is compared with the language it was said in.
 */
export interface Asked {
  readonly meeting: string;
  readonly room: string;
  readonly widest: Scope['kind'];
  readonly purposes: readonly string[];
  readonly recipient: Recipient | undefined;
  readonly texts: ReadonlyMap<string, Notice>;
}

export async function askedIn(meeting: Meeting): Promise<Asked> {
  return {
    meeting: meeting.id,
    room: meeting.room,
    widest: meeting.scope.widest,
    purposes: meeting.ai.purposes,
    recipient: meeting.ai.recipients[0],
    texts: await textsOf(meeting.notice),
  };
}

/** Whether an answer says anything in that meeting: it was given there, or its scope has it in it. */
export function reaches({ meeting, scope }: Pick<OwnChoice, 'meeting' | 'scope'>, asked: Asked): boolean {
  if (meeting === asked.meeting) return true;
  return scope.kind === 'organisation' || (scope.kind === 'room' && scope.id === asked.room);
}

/**
 * What counts for each row in a meeting: what was said in it, else the later of what reaches it from elsewhere, standing or
 * not. So nothing comes back to life when what came after it ends.
 */
export function inEffect(said: Iterable<OwnChoice>, asked: Asked): ReadonlyMap<string, OwnChoice> {
  const rows = new Map<string, OwnChoice>();
  for (const choice of said) {
    if (!reaches(choice, asked)) continue;
    const key = keyOf(choice.purpose, choice.medium);
    const known = rows.get(key);
    if (!known || !before(choice, known, asked)) rows.set(key, choice);
  }
  return rows;
}

function before(one: OwnChoice, other: OwnChoice, asked: Asked): boolean {
  const here = (choice: OwnChoice) => choice.meeting === asked.meeting;
  return here(one) === here(other) ? one.index < other.index : here(other);
}

/** Why an answer that counts for a row is none to what is asked now. */
export type Lapse = 'recipient' | 'controller' | 'over' | 'ceiling' | 'words' | 'unasked';

/**
 * Why an answer gives nothing in a meeting, or undefined while it stands: a yes is for the recipient, key, host and model
 * that it was signed for, for its row in the very words that were shown, and until its end; from another meeting also for
 * the same controller, and only as far as the operator still lets it reach.
 */
export function lapse(said: OwnChoice, asked: Asked, now: Date): Lapse | undefined {
  if (!reaches(said, asked)) return 'ceiling';
  if (said.scope.kind !== 'meeting' && !(now.getTime() < Date.parse(said.scope.until))) return 'over';
  if (said.state === 'refused') return undefined;
  if (!(asked.recipient && sameRecipient(said.recipient, asked.recipient))) return 'recipient';
  if (said.meeting !== asked.meeting) {
    if (SCOPES.indexOf(said.scope.kind) > SCOPES.indexOf(asked.widest)) return 'ceiling';
    if (asked.texts.get(said.shown.locale)?.controller.name !== said.controller) return 'controller';
  }
  if (reworded(said.shown, asked.texts)) return 'words';
  return asked.purposes.includes(said.purpose) ? undefined : 'unasked';
}
