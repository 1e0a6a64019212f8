import type { Device } from '../device/device';
import { openJws, thumbprint } from '../device/jws';
import { unb64u } from '../bytes/bytes';
import { commitment, leaf } from '../log/leaf';
import { verifier } from '../log/note';
import { checkProof } from '../log/proof';
import { shownRow, type ShownRow } from './anew';
import { keyOf } from './answers';
import type { KeptReceipt } from './keeping';
import { MEDIA, PURPOSES } from './notice';
import type { Recipient } from './receipt';

/** One answer as this device itself signed it, from a receipt that the log was shown here to hold. */
export interface OwnChoice {
  readonly purpose: string;
  readonly medium: string;
  readonly state: 'given' | 'refused';
  /** Of a yes only. */
  readonly handle?: string;
  readonly recipient: Recipient;
  /** Where the receipt is in the log: the later one counts. */
  readonly index: number;
  /** The row as it was shown: by the text that was kept, whose hash the receipt holds. */
  readonly shown: ShownRow;
}

/** The members of a receipt that say what was agreed to. Throws on any other form. */
export function readClaims(payload: Record<string, unknown>): {
  readonly meeting: string;
  readonly origin: string;
  readonly noticeHash: string;
  readonly issued: string;
  readonly recipient: Recipient;
  readonly choices: readonly Pick<OwnChoice, 'purpose' | 'medium' | 'state' | 'handle'>[];
} {
  const recipient = record(payload['recipient']);
  const processor = record(recipient['processor']);
  const choices = payload['choices'];
  if (!Array.isArray(choices)) throw new Error('the receipt is malformed');
  return {
    meeting: string(payload['meeting']),
    origin: string(payload['origin']),
    noticeHash: string(record(payload['notice'])['hash']),
    issued: string(payload['issued']),
    recipient: {
      id: string(recipient['id']),
      key: string(recipient['key']),
      processor: { host: string(processor['host']), model: string(processor['model']) },
    },
    choices: choices.map((value) => {
      const choice = record(value);
      const purpose = PURPOSES.find((p) => p === choice['purpose']);
      const medium = MEDIA.find((m) => m === choice['medium']);
      const state = choice['state'];
      if (!purpose || !medium || (state !== 'given' && state !== 'refused'))
        throw new Error('the receipt is malformed');
      return state === 'given'
        ? { purpose, medium, state, handle: string(choice['handle']) }
        : { purpose, medium, state };
    }),
  };
}

/**
 * What a kept receipt says, if `device` signed it for its own meeting and the proof kept with it shows it in the log
 * that `vkey` names; throws otherwise. Nothing is asked of anybody.
 */
export async function provedChoices(
  kept: KeptReceipt,
  device: Device,
  vkey: string,
): Promise<readonly OwnChoice[]> {
  const { jwk, payload } = await openJws(kept.receipt, 'aye-receipt+jws');
  const claims = readClaims(payload);
  if ((await thumbprint(jwk)) !== (await device.person()))
    throw new Error('another device signed the receipt');
  if (claims.meeting !== device.record.meeting || claims.origin !== device.record.origin)
    throw new Error('the receipt is about another meeting');
  const by = await verifier(vkey);
  if (kept.vkey !== vkey || claims.origin !== by.name) throw new Error('the receipt is in another log');
  const data = leaf.answer(await commitment(unb64u(kept.salt, 32), kept.receipt));
  const { index } = await checkProof(kept.proof, data, by);
  return Promise.all(
    claims.choices.map(async (choice) => {
      const shown = await shownRow(kept.noticeText, claims.noticeHash, choice.purpose);
      if (!shown) throw new Error('the kept text is not the one that was signed');
      return { ...choice, recipient: claims.recipient, index, shown };
    }),
  );
}

/** How each row stands by one's own receipts: for each, the answer that came last. */
export function newest(choices: readonly OwnChoice[]): ReadonlyMap<string, OwnChoice> {
  const rows = new Map<string, OwnChoice>();
  for (const choice of choices) {
    const key = keyOf(choice.purpose, choice.medium);
    const known = rows.get(key);
    if (!known || known.index <= choice.index) rows.set(key, choice);
  }
  return rows;
}

/** Whether a yes to `signed` is a yes to `now`: another key, host or model is another recipient. */
export function sameRecipient(signed: Recipient, now: Recipient): boolean {
  return (
    signed.id === now.id &&
    signed.key === now.key &&
    signed.processor.host === now.processor.host &&
    signed.processor.model === now.processor.model
  );
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('the receipt is malformed');
  return value as Record<string, unknown>;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new Error('the receipt is malformed');
  return value;
}
