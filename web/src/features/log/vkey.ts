import { text } from '../bytes/bytes';
import { Shelf } from '../device/shelf';
import { LogMismatch } from './note';
import { fetchFromServer } from './tiles';

/**
 * The key of this server's log as the browser came to know it: the one it remembers, else the one that the server
 * publishes at `/log/vkey`. The origin of the newest checkpoint tells which remembered one is meant.
 */
export async function currentVkey(): Promise<string> {
  const origin = text(await fetchFromServer('/log/checkpoint')).split('\n')[0] ?? '';
  const known = await new Shelf<{ vkey: string }>('aye', 'checkpoints').get(origin).catch(() => undefined);
  if (known) return known.vkey;
  const vkey = text(await fetchFromServer('/log/vkey', true)).trim();
  if (!vkey.startsWith(`${origin}+`)) throw new LogMismatch('the log does not say its key');
  return vkey;
}

/** A log's key for a command that somebody copies into a terminal; `KEY` where it could end the quotes around it. */
export function typeable(vkey: string | undefined): string {
  return vkey !== undefined && /^[A-Za-z0-9.:/_+=-]+$/.test(vkey) ? vkey : 'KEY';
}
