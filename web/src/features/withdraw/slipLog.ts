import { b64u, sha256, utf8 } from '../bytes/bytes';
import { LogMismatch, type Verifier } from '../log/note';

/** What a slip tells of the log that its yes is in. */
export interface OfLog {
  readonly origin?: string;
  readonly log?: string;
}

/** The short name of a log's key in slips: the first 16 bytes of SHA-256 over its vkey. */
export async function logName(vkey: string): Promise<string> {
  return b64u((await sha256(utf8(vkey))).slice(0, 16));
}

/**
 * Throws unless `by` is the key of the log that the slip names: in another log, an entry about the slip says nothing.
 * Whether the slip names a key at all; those from before did not.
 */
export async function isLogOf(slip: OfLog, by: Verifier): Promise<boolean> {
  if (slip.origin !== undefined && slip.origin !== by.name)
    throw new LogMismatch('the slip belongs to another log');
  if (slip.log === undefined) return false;
  if (slip.log !== (await logName(by.vkey))) throw new LogMismatch('the slip belongs to another log');
  return true;
}
