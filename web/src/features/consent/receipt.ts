import { b64u, random, sha256, unb64u, type Bytes } from '../bytes/bytes';
import type { Device } from '../device/device';
import { logName, type OfLog } from '../withdraw/slipLog';
import { PURPOSE_IRIS, type Medium, type Notice, type Purpose } from './notice';
import { THIS_MEETING, type Scope, type WiderScope } from './scope';

/** What a person said to one purpose and medium. */
export interface Answer {
  readonly purpose: Purpose;
  readonly medium: Medium;
  readonly yes: boolean;
  /** How far it reaches, where that is further than this meeting. */
  readonly scope?: WiderScope;
  /** Of a no: it leaves a yes from elsewhere as it is, and lies over it in this meeting. */
  readonly here?: true;
}

/** Who gets it, as the receipt names them: a changed processor or key is another recipient. */
export interface Recipient {
  readonly id: string;
  readonly key: string;
  readonly processor: { readonly host: string; readonly model: string };
}

/** The secret that withdraws one grant. Its SHA-256, the handle, is in the receipt; it itself never leaves unused. */
export interface Slip {
  readonly origin: string;
  readonly meeting: string;
  readonly title: string;
  readonly purpose: Purpose;
  readonly medium: Medium;
  readonly handle: string;
  readonly secret: string;
  /** The short name of the key of the log that the yes is in; slips from before have none. */
  readonly log?: string;
}

export interface Signed {
  readonly id: string;
  readonly receipt: string;
  readonly salt: Bytes;
  readonly slips: readonly Slip[];
}

export const RECEIPT_LIMIT = 16384;

/** Signs answers of one scope on this device: the receipt, its salt, and a slip for each yes. */
export async function signReceipt(args: {
  device: Device;
  participant: string;
  notice: Notice;
  recipient: Recipient;
  answers: readonly Answer[];
  scope?: Scope;
  now: Date;
  /** The key of the log that is to hold the receipt. */
  vkey: string;
}): Promise<Signed> {
  const { device, participant, notice, recipient, answers, now } = args;
  const log = await logName(args.vkey);
  const { meeting, origin, title } = device.record;
  const slips: Slip[] = [];
  const choices: Record<string, string>[] = [];
  for (const { purpose, medium, yes } of answers) {
    const choice = { purpose, purposeIri: PURPOSE_IRIS[purpose], medium };
    if (!yes) {
      choices.push({ ...choice, state: 'refused' });
      continue;
    }
    const secret = random(32);
    const handle = b64u(await sha256(secret));
    slips.push({ origin, meeting, title, purpose, medium, handle, secret: b64u(secret), log });
    choices.push({ ...choice, state: 'given', handle });
  }
  const id = b64u(random(16));
  const receipt = await device.sign('aye-receipt+jws', {
    schema: 'urn:aye:receipt:1',
    id,
    origin,
    meeting,
    participant,
    issued: now.toISOString(),
    notice: { version: notice.version, locale: notice.locale, hash: notice.hash },
    controller: notice.controller.name,
    recipient: { id: recipient.id, key: recipient.key, processor: { ...recipient.processor } },
    scope: args.scope ?? THIS_MEETING,
    choices,
  });
  if (receipt.length > RECEIPT_LIMIT) throw new Error('the receipt is too long');
  return { id, receipt, salt: random(32), slips };
}

/** The slip file of docs/protocol.md, for one meeting. */
export function slipFile(slips: readonly Slip[]): string {
  const first = slips[0];
  return JSON.stringify(
    {
      schema: 'urn:aye:slip:1',
      origin: first?.origin ?? '',
      ...(first?.log === undefined ? {} : { log: first.log }),
      meeting: first?.meeting ?? '',
      slips: slips.map(({ purpose, medium, handle, secret }) => ({ purpose, medium, handle, secret })),
    },
    null,
    2,
  );
}

export function slipLink(base: string, slips: readonly Pick<Slip, 'secret' | 'log'>[]): string {
  const [first] = slips;
  const log = first?.log !== undefined && slips.every((s) => s.log === first.log) ? `~${first.log}` : '';
  return `${base}/withdraw#${slips.map((s) => s.secret).join('.')}${log}`;
}

/** A secret as somebody brings it back: from a link or a file. What they withdraw is known from a file only. */
export interface BroughtSlip extends OfLog {
  readonly secret: string;
  readonly purpose?: string;
  readonly medium?: string;
}

/** Reads a slip link's fragment or a slip file; at most 64 slips. Throws when it is neither. */
export function readSlips(input: string): BroughtSlip[] {
  const trimmed = input.trim();
  let found: BroughtSlip[];
  if (trimmed.startsWith('{')) {
    const file = JSON.parse(trimmed) as {
      schema?: unknown;
      origin?: unknown;
      log?: unknown;
      slips?: unknown;
    };
    if (file.schema !== 'urn:aye:slip:1' || !Array.isArray(file.slips)) throw new Error('not a slip');
    found = file.slips.map((slip: Record<string, unknown>) => ({
      secret: String(slip['secret']),
      ...(typeof file.origin === 'string' ? { origin: file.origin } : {}),
      ...(typeof file.log === 'string' ? { log: file.log } : {}),
      ...(typeof slip['purpose'] === 'string' ? { purpose: slip['purpose'] } : {}),
      ...(typeof slip['medium'] === 'string' ? { medium: slip['medium'] } : {}),
    }));
  } else {
    const fragment = trimmed.includes('#') ? trimmed.slice(trimmed.indexOf('#') + 1) : trimmed;
    const [secrets = '', log, ...rest] = fragment.split('~');
    if (rest.length > 0) throw new Error('not a slip');
    found = secrets.split('.').map((secret) => (log === undefined ? { secret } : { secret, log }));
  }
  if (found.length === 0 || found.length > 64) throw new Error('not a slip');
  for (const { secret } of found) unb64u(secret, 32);
  return found;
}
