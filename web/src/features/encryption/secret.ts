import { concat, equal, utf8, type Bytes } from '../bytes/bytes';

/**
 * The key schedule of docs/protocol.md, "Meeting encryption". The link secret lets somebody knock; it never encrypts
 * media. Sender keys travel wrapped pairwise between ECDH keys that live as long as the page.
 */
async function hkdf(ikm: Bytes, salt: string, info: string, usage: 'hmac' | 'aes'): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: utf8(salt), info: utf8(info) },
    material,
    256,
  );
  return usage === 'hmac'
    ? crypto.subtle.importKey('raw', bits, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
    : crypto.subtle.importKey('raw', bits, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/**
 * What the server asks of those who come in, so that somebody who knows the meeting's id but not the whole link is
 * refused: it is given `door`, the hash, when the meeting is made, and `knock` by each who joins. Neither tells anything
 * about the link secret or a key.
 */
export async function knockAtDoor(linkSecret: Bytes): Promise<Bytes> {
  const material = await crypto.subtle.importKey('raw', linkSecret, 'HKDF', false, ['deriveBits']);
  const info = { name: 'HKDF', hash: 'SHA-256', salt: utf8('aye/door/1'), info: utf8('') };
  return new Uint8Array(await crypto.subtle.deriveBits(info, material, 256));
}

export async function knockMac(linkSecret: Bytes, meeting: string, record: string): Promise<Bytes> {
  const key = await hkdf(linkSecret, 'aye/knock/1', meeting, 'hmac');
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(record)));
}

export async function knockHolds(
  linkSecret: Bytes,
  meeting: string,
  record: string,
  mac: Bytes,
): Promise<boolean> {
  return equal(mac, await knockMac(linkSecret, meeting, record));
}

export async function ecdhPair(): Promise<{ privateKey: CryptoKey; point: Bytes }> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  return {
    privateKey: pair.privateKey,
    point: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
  };
}

/** x-coordinate of the shared point; throws when `point` is not on the curve. */
export async function sharedX(privateKey: CryptoKey, point: Bytes): Promise<Bytes> {
  const theirs = await crypto.subtle.importKey(
    'raw',
    point,
    { name: 'ECDH', namedCurve: 'P-256' },
    false,
    [],
  );
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, privateKey, 256));
}

/** iv(12) ‖ AES-256-GCM(HKDF(ikm, salt, info), plaintext). */
export async function seal(
  ikm: Bytes,
  salt: string,
  info: string,
  plaintext: Bytes,
  iv: Bytes,
): Promise<Bytes> {
  const key = await hkdf(ikm, salt, info, 'aes');
  return concat(iv, new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plaintext)));
}

export async function unseal(ikm: Bytes, salt: string, info: string, sealed: Bytes): Promise<Bytes> {
  const key = await hkdf(ikm, salt, info, 'aes');
  return new Uint8Array(
    await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.slice(0, 12) }, key, sealed.slice(12)),
  );
}
