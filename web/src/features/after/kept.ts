import type { PersonAccount } from '../api/client';
import type { Said } from '../withdraw/outbox';

/** What the server answered of what it holds of somebody; `unasked` when it did not answer. */
export type Kept = 'asking' | 'nothing' | 'deleting' | 'something' | 'unasked';

/** `nothing` only when the server said so and everything taken back is accounted for. */
export function keptBy(
  account: Pick<PersonAccount, 'held' | 'withdrawals'>,
  said: Iterable<Pick<Said, 'is'>>,
): Kept {
  const untold = [...said].some(({ is }) => is === 'sending');
  const deleting = untold || account.withdrawals.some((w) => w.account === undefined);
  if (deleting) return 'deleting';
  return account.held.length === 0 ? 'nothing' : 'something';
}
