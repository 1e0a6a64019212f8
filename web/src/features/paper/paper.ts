import { b64u, sha256, unb64u } from '../bytes/bytes';
import { receipts } from '../consent/keeping';
import {
  BadReceipt,
  LARGEST_FILE,
  readReceipt,
  readReceiptFile,
  shownText,
  type Receipt,
  type ReceiptFile,
  type WrongText,
} from '../consent/receiptReader';
import { checkReceipt } from '../consent/signing';
import type { Notice } from '../consent/notice';
import { Shelf } from '../device/shelf';
import { commitment } from '../log/leaf';
import type { KnownLog } from '../log/memory';
import { unchecked } from '../log/unchecked';
import { currentVkey } from '../log/vkey';

/** A receipt with all that was found when it was checked, here and now: what the readable page draws. */
export interface Paper {
  readonly file: ReceiptFile;
  readonly receipt: Receipt;
  /** What the meeting was called, where this device knows. */
  readonly title: string | undefined;
  readonly text:
    | { readonly is: 'shown'; readonly notice: Notice }
    | { readonly is: 'absent' }
    | { readonly is: 'wrong'; readonly how: WrongText };
  readonly log:
    | { readonly is: 'proved'; readonly index: number; readonly size: number }
    | { readonly is: 'unproved'; readonly why: unknown }
    /** Nobody could be asked, or nothing compared: it may be as good as any. */
    | { readonly is: 'unchecked'; readonly why: unknown }
    /** It was made for a log that is not asked from here. */
    | { readonly is: 'elsewhere' };
  /** The key of the log that it was checked with. */
  readonly vkey: string | undefined;
  readonly checked: Date;
  /** SHA-256 of the recipient's public key. */
  readonly recipientKey: string;
  /** What the log holds of it. */
  readonly commitment: string;
}

/** What all checks together came to; what is not there to be checked is not held against the receipt. */
export function verdict({ text, log }: Paper): 'holds' | 'wrong' | 'elsewhere' | 'unchecked' {
  if (text.is === 'wrong' || log.is === 'unproved') return 'wrong';
  return log.is === 'proved' ? 'holds' : log.is;
}

/** Where a receipt was found, before it is read. */
export interface Found {
  readonly file: ReceiptFile;
  readonly title?: string;
  readonly vkey?: string;
  /** Why the key of the log could not be asked for. */
  readonly noKey?: unknown;
}

/** Reads and checks a receipt. Throws `BadReceipt` for what is none; whatever else is wrong with it is in the paper. */
export async function paperOf(
  found: Found,
  logOf: (vkey: string) => Promise<KnownLog>,
  now: Date,
): Promise<Paper> {
  const { file, title, vkey } = found;
  const receipt = await readReceipt(file.receipt);
  const shown = file.noticeText === undefined ? undefined : await shownText(receipt, file.noticeText);
  return {
    file,
    receipt,
    title,
    text:
      shown === undefined
        ? { is: 'absent' }
        : 'notice' in shown
          ? { is: 'shown', notice: shown.notice }
          : { is: 'wrong', how: shown.wrong },
    log: await proved(found, receipt, logOf, now),
    vkey,
    checked: now,
    recipientKey: b64u(await sha256(unb64u(receipt.recipient.key, 65))),
    commitment: b64u(await commitment(unb64u(file.salt, 32), file.receipt)),
  };
}

async function proved(
  { file, vkey, noKey }: Found,
  receipt: Receipt,
  logOf: (vkey: string) => Promise<KnownLog>,
  now: Date,
): Promise<Paper['log']> {
  if (noKey !== undefined) return { is: 'unchecked', why: noKey };
  if (vkey === undefined || !vkey.startsWith(`${receipt.origin}+`)) return { is: 'elsewhere' };
  try {
    return { is: 'proved', ...(await checkReceipt(file, await logOf(vkey), now)) };
  } catch (why) {
    console.warn('paper: the receipt is not proved', why);
    return { is: unchecked(why) ? 'unchecked' : 'unproved', why };
  }
}

/**
 * The receipt with this id as this device keeps it. Nobody is asked: a link that somebody else made must not have the browser
 * show its keys to a server. What the device lost comes back by My choices.
 */
export async function keptHere(id: string): Promise<Found | undefined> {
  const kept = await receipts.get(id);
  if (!kept) return undefined;
  const { receipt, salt, index, proof, noticeText, title, vkey } = kept;
  return { file: { receipt, salt, index, proof, noticeText }, title, vkey };
}

/** The same from the file itself, which is not even opened when it is too large to be one. */
export async function broughtAs(file: Blob): Promise<Found> {
  if (file.size > LARGEST_FILE) throw new BadReceipt('oversized', 'the file is too large for a receipt');
  return brought(readReceiptFile(new Uint8Array(await file.arrayBuffer())));
}

/** A receipt file that somebody brought, with the key of its log where this browser knows it. */
export async function brought(file: ReceiptFile): Promise<Found> {
  const { origin } = await readReceipt(file.receipt);
  return { file, ...(await keyFor(origin)) };
}

/** The key of a log: the one remembered under its name, else that of this server if it has that name. */
async function keyFor(origin: string): Promise<Pick<Found, 'vkey' | 'noKey'>> {
  const known = await new Shelf<{ vkey: string }>('aye', 'checkpoints').get(origin).catch(() => undefined);
  if (known) return { vkey: known.vkey };
  return currentVkey().then(
    (vkey) => ({ vkey }),
    (noKey: unknown) => ({ noKey }),
  );
}
