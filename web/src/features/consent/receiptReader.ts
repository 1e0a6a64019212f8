import { b64u, sha256, unb64u, utf8, type Bytes } from '../bytes/bytes';
import { thumbprint, type PublicJwk } from '../device/jws';
import { MEDIA, parseNotice, PURPOSE_IRIS, PURPOSES, type Medium, type Notice, type Purpose } from './notice';
import { RECEIPT_LIMIT, type Recipient } from './receipt';
import { Fields, NotStrict, strictJson } from './strictJson';

/**
 * A receipt as its exact bytes have it: signature and form are good, and every member is one that is known here.
 * Whether it fits a meeting, a person and a log is asked by whoever uses it. It is read as the server reads it
 * (`Receipt` and `DeviceToken` in the consent module), with the same verdicts: receipt-vectors.json, receipt-fuzz.json.
 */
export interface Receipt {
  /** The exact text that was signed. */
  readonly jws: string;
  /** The thumbprint of the key that signed. */
  readonly person: string;
  readonly id: string;
  readonly origin: string;
  readonly meeting: string;
  readonly participant: string;
  /** A UTC time with milliseconds, as the device wrote it. */
  readonly issued: string;
  readonly notice: { readonly version: number; readonly locale: string; readonly hash: string };
  readonly controller: string;
  readonly recipient: Recipient;
  readonly scope: Scope;
  readonly choices: readonly SignedChoice[];
}

/** How far an answer reaches. `until` is after the moment of the answer. */
export type Scope =
  | { readonly kind: 'meeting' }
  | { readonly kind: 'room'; readonly id: string; readonly until: string }
  | { readonly kind: 'organisation'; readonly until: string };

/** One row, answered; each purpose and medium at most once, and each yes with a handle of its own. */
export interface SignedChoice {
  readonly purpose: Purpose;
  readonly medium: Medium;
  readonly state: 'given' | 'refused';
  /** Of a yes only. */
  readonly handle?: string;
}

/** Why a text is no receipt, by the slugs of the server's refusals. */
export type Flaw = 'oversized' | 'not-a-token' | 'bad-key' | 'bad-signature' | 'malformed';

/** The only thing that reading a receipt throws. It names what is wrong, never what stood there. */
export class BadReceipt extends Error {
  readonly slug: Flaw;

  constructor(slug: Flaw, detail: string) {
    super(`the receipt is not good (${slug}): ${detail}`);
    this.slug = slug;
  }
}

/** Reads a receipt and checks its signature. */
export async function readReceipt(jws: string): Promise<Receipt> {
  const { person, payload } = await openToken(jws);
  return flawed('malformed', () => claims(jws, person, payload));
}

function claims(jws: string, person: string, payload: Bytes): Receipt {
  const body = Fields.of(strictJson(payload), 'receipt').having([
    'schema',
    'id',
    'origin',
    'meeting',
    'participant',
    'issued',
    'notice',
    'controller',
    'recipient',
    'scope',
    'choices',
  ]);
  body.exactly('schema', 'urn:aye:receipt:1');
  const issued = body.time('issued');
  const notice = body.object('notice').having(['version', 'locale', 'hash']);
  return {
    jws,
    person,
    id: body.base64url('id', 16),
    origin: body.text('origin', 255),
    meeting: body.shaped('meeting', ID),
    participant: body.shaped('participant', ID),
    issued,
    notice: {
      version: notice.integer('version', 1, 1_000_000),
      locale: notice.text('locale', 35),
      hash: notice.base64url('hash', 32),
    },
    controller: body.text('controller', 200),
    recipient: recipient(body.object('recipient')),
    scope: scope(body.object('scope'), issued),
    choices: choices(body),
  };
}

const TYPE = 'aye-receipt+jws';
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const RECIPIENT_ID = /^[a-z][a-z0-9-]{0,31}$/;
const MOST_CHOICES = PURPOSES.length * MEDIA.length;
/** The prime of P-256: a coordinate is less, so that one point has one spelling (SEC 1, 2.3.5). */
const FIELD = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;

/** A compact JWS (RFC 7515) with ES256, whose header is exactly `alg`, `typ` and the P-256 key that signed. */
async function openToken(jws: string): Promise<{ person: string; payload: Bytes }> {
  if (jws.length > RECEIPT_LIMIT)
    throw new BadReceipt('oversized', `longer than ${RECEIPT_LIMIT} characters`);
  const parts = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(jws);
  if (!parts) throw new BadReceipt('not-a-token', 'not three parts of base64url');
  const [header, payload, signature] = [part(parts[1]), part(parts[2]), part(parts[3])];
  if (signature.length !== 64) throw new BadReceipt('bad-signature', 'the signature is not 64 bytes');
  const jwk = keyIn(header);
  if (!onField(jwk.x) || !onField(jwk.y)) throw new BadReceipt('bad-key', 'the point is not on P-256');
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const key = await crypto.subtle.importKey('jwk', { ...jwk }, ecdsa, false, ['verify']).catch(() => {
    throw new BadReceipt('bad-key', 'the point is not on P-256');
  });
  const signed = utf8(jws.slice(0, jws.lastIndexOf('.')));
  if (!(await crypto.subtle.verify(ecdsa, key, signature, signed)))
    throw new BadReceipt('bad-signature', 'the signature does not match');
  return { person: await thumbprint(jwk), payload };
}

function part(encoded: string | undefined): Bytes {
  try {
    return unb64u(encoded ?? '');
  } catch {
    throw new BadReceipt('not-a-token', 'a part is not the canonical base64url');
  }
}

function keyIn(header: Bytes): PublicJwk {
  return flawed('not-a-token', () => {
    const fields = Fields.of(strictJson(header), 'header').having(['alg', 'typ', 'jwk']);
    fields.exactly('alg', 'ES256');
    fields.exactly('typ', TYPE);
    const jwk = fields.object('jwk').having(['crv', 'kty', 'x', 'y']);
    jwk.exactly('crv', 'P-256');
    jwk.exactly('kty', 'EC');
    return { crv: 'P-256', kty: 'EC', x: jwk.base64url('x', 32), y: jwk.base64url('y', 32) };
  });
}

function onField(coordinate: string): boolean {
  const hex = Array.from(unb64u(coordinate, 32), (b) => b.toString(16).padStart(2, '0')).join('');
  return BigInt(`0x${hex}`) < FIELD;
}

/** Whatever is not strict in what `read` reads is a flaw of this kind. */
function flawed<T>(slug: Flaw, read: () => T): T {
  try {
    return read();
  } catch (failure) {
    if (failure instanceof NotStrict) throw new BadReceipt(slug, failure.message);
    throw failure;
  }
}

function recipient(fields: Fields): Recipient {
  fields.having(['id', 'key', 'processor']);
  const processor = fields.object('processor').having(['host', 'model']);
  return {
    id: fields.shaped('id', RECIPIENT_ID),
    key: fields.base64url('key', 65),
    processor: { host: processor.text('host', 200), model: processor.text('model', 200) },
  };
}

function scope(fields: Fields, issued: string): Scope {
  fields.having(['kind'], ['id', 'until']);
  const found = reach(fields);
  if (found.kind !== 'meeting' && Date.parse(found.until) <= Date.parse(issued))
    throw new NotStrict('scope.until is not after issued');
  return found;
}

function reach(fields: Fields): Scope {
  switch (fields.text('kind', 16)) {
    case 'meeting':
      fields.having(['kind']);
      return { kind: 'meeting' };
    case 'room':
      fields.having(['kind', 'id', 'until']);
      return { kind: 'room', id: fields.shaped('id', ID), until: fields.time('until') };
    case 'organisation':
      fields.having(['kind', 'until']);
      return { kind: 'organisation', until: fields.time('until') };
    default:
      throw new NotStrict('scope.kind is unknown');
  }
}

function choices(body: Fields): SignedChoice[] {
  const rows = new Set<string>();
  const handles = new Set<string>();
  return body.objects('choices', MOST_CHOICES).map((fields) => {
    fields.having(['purpose', 'purposeIri', 'medium', 'state'], ['handle']);
    const purpose = fields.oneOf('purpose', PURPOSES);
    fields.exactly('purposeIri', PURPOSE_IRIS[purpose]);
    const medium = fields.oneOf('medium', MEDIA);
    if (rows.size === rows.add(`${purpose} ${medium}`).size)
      throw new NotStrict('a purpose and medium is answered twice');
    const state = fields.oneOf('state', ['given', 'refused'] as const);
    if (state === 'refused') {
      fields.having(['purpose', 'purposeIri', 'medium', 'state']);
      return { purpose, medium, state };
    }
    const handle = fields.base64url('handle', 32);
    if (handles.size === handles.add(handle).size) throw new NotStrict('two choices have the same handle');
    return { purpose, medium, state, handle };
  });
}

/** What a receipt file holds, read but not yet checked against anything (docs/protocol.md, "Receipt"). */
export interface ReceiptFile {
  readonly receipt: string;
  readonly salt: string;
  readonly index: number;
  readonly proof: string;
  readonly noticeText?: string;
}

/** More bytes than a receipt file has. */
export const LARGEST_FILE = 256 * 1024;
const LARGEST_NOTICE = 64 * 1024;

/** Reads the bytes of a receipt file; throws `BadReceipt` for whatever is none. */
export function readReceiptFile(bytes: Bytes): ReceiptFile {
  if (bytes.length > LARGEST_FILE) throw new BadReceipt('oversized', 'the file is too large for a receipt');
  return flawed('malformed', () => {
    const fields = Fields.of(strictJson(bytes), 'file').having(
      ['receipt', 'salt', 'index', 'proof'],
      ['noticeText'],
    );
    return {
      receipt: fields.text('receipt', RECEIPT_LIMIT),
      salt: fields.base64url('salt', 32),
      index: fields.integer('index', 0, 2 ** 52),
      proof: fields.text('proof', 64 * 1024),
      ...(fields.has('noticeText') ? { noticeText: fields.text('noticeText', LARGEST_NOTICE) } : {}),
    };
  });
}

/** In what a text is not the one that a receipt was signed for. */
export type WrongText = 'hash' | 'unreadable' | 'version' | 'controller' | 'unasked';

/** The notice that a receipt was signed for, from the text that is said to be it; or why it is not. */
export async function shownText(
  receipt: Receipt,
  text: string,
): Promise<{ readonly notice: Notice } | { readonly wrong: WrongText }> {
  if (b64u(await sha256(utf8(text))) !== receipt.notice.hash) return { wrong: 'hash' };
  let notice: Notice;
  try {
    notice = await parseNotice(text);
  } catch {
    return { wrong: 'unreadable' };
  }
  if (notice.version !== receipt.notice.version || notice.locale !== receipt.notice.locale)
    return { wrong: 'version' };
  if (notice.controller.name !== receipt.controller) return { wrong: 'controller' };
  const asks = ({ purpose, medium }: SignedChoice) =>
    notice.rows.some((row) => row.purpose === purpose && row.media.some((m) => m.medium === medium));
  return receipt.choices.every(asks) ? { notice } : { wrong: 'unasked' };
}
