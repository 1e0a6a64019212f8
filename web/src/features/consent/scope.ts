import type { Meeting } from '../api/client';
import type { Scope } from './receiptReader';

export type { Scope };

export type WiderScope = Exclude<Scope, { kind: 'meeting' }>;

/** The kinds of scope, the narrowest first. */
export const SCOPES = ['meeting', 'room', 'organisation'] as const;

/** The most that an operator can allow. */
const MOST_DAYS = 730;

export const THIS_MEETING: Scope = { kind: 'meeting' };

/**
 * The reaches that an operator lets people choose from, the narrowest first; one alone is no choice. The wider ones end as
 * the last day begins that the operator allows.
 */
export function scopesOffered(meeting: Pick<Meeting, 'room' | 'scope'>, now: Date): readonly Scope[] {
  const { widest } = meeting.scope;
  const days = Math.min(meeting.scope.days, MOST_DAYS);
  // A number that no day can be counted by allows this meeting alone.
  if (!(days >= 1)) return [THIS_MEETING];
  const end = new Date(now);
  end.setDate(end.getDate() + days);
  end.setHours(0, 0, 0, 0);
  const until = new Date(Math.min(end.getTime(), now.getTime() + days * 86_400_000)).toISOString();
  const all: readonly Scope[] = [
    THIS_MEETING,
    { kind: 'room', id: meeting.room, until },
    { kind: 'organisation', until },
  ];
  return all.slice(0, Math.max(1, SCOPES.indexOf(widest) + 1));
}
