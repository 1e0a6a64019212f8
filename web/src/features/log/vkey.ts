import { Shelf } from '../device/shelf';
import { LogMismatch } from './note';

/**
 * The key of this server's log as the browser came to know it: the one it remembers, else the one that the server
 * publishes at `/log/vkey`. The origin of the newest checkpoint tells which remembered one is meant.
 */
export async function currentVkey(): Promise<string> {
  const response = await fetch('/log/checkpoint', { cache: 'no-store' });
  if (!response.ok) throw new LogMismatch('the log does not answer');
  const origin = (await response.text()).split('\n')[0] ?? '';
  const known = await new Shelf<{ vkey: string }>('aye', 'checkpoints').get(origin).catch(() => undefined);
  if (known) return known.vkey;
  const published = await fetch('/log/vkey', { cache: 'no-store' });
  const vkey = published.ok ? (await published.text()).trim() : '';
  if (!vkey.startsWith(`${origin}+`)) throw new LogMismatch('the log does not say its key');
  return vkey;
}
