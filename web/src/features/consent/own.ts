import type { Device } from '../device/device';
import { unb64u } from '../bytes/bytes';
import { commitment, leaf } from '../log/leaf';
import { verifier } from '../log/note';
import { checkProof } from '../log/proof';
import { shownRow, type ShownRow } from './anew';
import type { KeptReceipt } from './keeping';
import type { Recipient } from './receipt';
import { readReceipt, type Scope, type SignedChoice } from './receiptReader';

/** One answer as this device itself signed it, from a receipt that the log was shown here to hold. */
export interface OwnChoice extends SignedChoice {
  readonly recipient: Recipient;
  /** Where the receipt is in the log: the later one counts. */
  readonly index: number;
  /** The meeting in which it was said. */
  readonly meeting: string;
  readonly scope: Scope;
  readonly issued: string;
  readonly controller: string;
  /** The row as it was shown: by the text that was kept, whose hash the receipt holds. */
  readonly shown: ShownRow;
}

/**
 * What a kept receipt says, if `device` signed it for its own meeting, or under a lasting key for more than one, and the
 * proof kept with it shows it in the log that `vkey` names; throws otherwise. Nothing is asked of anybody.
 */
export async function provedChoices(
  kept: KeptReceipt,
  device: Device,
  vkey: string,
): Promise<readonly OwnChoice[]> {
  const receipt = await readReceipt(kept.receipt);
  if (receipt.person !== (await device.person())) throw new Error('another device signed the receipt');
  const wider = device.record.lasting === true && receipt.scope.kind !== 'meeting';
  if ((receipt.meeting !== device.record.meeting && !wider) || receipt.origin !== device.record.origin)
    throw new Error('the receipt is about another meeting');
  const by = await verifier(vkey);
  if (kept.vkey !== vkey || receipt.origin !== by.name) throw new Error('the receipt is in another log');
  const data = leaf.answer(await commitment(unb64u(kept.salt, 32), kept.receipt));
  const { index } = await checkProof(kept.proof, data, by);
  const { recipient, meeting, scope, issued, controller } = receipt;
  return Promise.all(
    receipt.choices.map(async (choice) => {
      const shown = await shownRow(kept.noticeText, receipt.notice.hash, choice.purpose);
      if (!shown) throw new Error('the kept text is not the one that was signed');
      return { ...choice, recipient, meeting, scope, issued, controller, index, shown };
    }),
  );
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
