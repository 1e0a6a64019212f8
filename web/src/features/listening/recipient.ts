import i18next from 'i18next';
import { unb64u, type Bytes } from '../bytes/bytes';
import { leaf } from '../log/leaf';
import type { KnownLog } from '../log/memory';
import { LogMismatch } from '../log/note';
import { checkProof } from '../log/proof';

/** A recipient's public key, once the log is shown to hold its `KEY` leaf at the index that the server names. */
export async function provenKey(
  recipient: { key: string; keyIndex: number; keyProof: string },
  log: KnownLog,
  now: Date,
): Promise<Bytes> {
  await log.sound();
  const point = unb64u(recipient.key, 65);
  const { index, checkpoint } = await checkProof(recipient.keyProof, leaf.key(point), log.by);
  if (index !== recipient.keyIndex) throw new LogMismatch('the key is at another place in the log');
  await log.remember(checkpoint, now);
  return point;
}

/** Whether a recipient works on the server of this page. */
export function here(host: string): boolean {
  return (
    host === '' ||
    /^(this server|local|localhost|embedded|127\.0\.0\.1)$/i.test(host) ||
    host === location.hostname
  );
}

/** What a recipient is called in the language of the page; a name that this page does not know stands as it is. */
export function nameOf(recipient: { readonly id: string; readonly name: string }): string {
  return recipient.id === 'companion' ? i18next.t('companion') : recipient.name;
}
