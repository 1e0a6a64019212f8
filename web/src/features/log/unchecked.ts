import { Problem } from '../api/client';
import { CannotVerify } from './note';

/**
 * Whether a check could not be made at all: the server was away or too busy, this browser stores nothing or lacks
 * Ed25519. Then nothing is known against the thing that was to be checked. Proofs throw no `DOMException`; storage does.
 */
export function unchecked(failure: unknown): boolean {
  if (failure instanceof Problem)
    return failure.slug === 'offline' || failure.status === 429 || failure.status >= 500;
  return failure instanceof CannotVerify || failure instanceof DOMException;
}
