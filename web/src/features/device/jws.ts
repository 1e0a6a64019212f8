import { b64u, sha256, text, unb64u, utf8 } from '../bytes/bytes';

/** The public half of a device key as it stands in JWS headers: exactly these members (RFC 7517, P-256). */
export interface PublicJwk {
  readonly crv: 'P-256';
  readonly kty: 'EC';
  readonly x: string;
  readonly y: string;
}

/** Compact JWS, ES256 (signature is r‖s, as WebCrypto gives it), `jwk` in its header. */
export async function signJws(
  typ: string,
  payload: unknown,
  key: CryptoKey,
  jwk: PublicJwk,
): Promise<string> {
  const header = { alg: 'ES256', typ, jwk: { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } };
  const signed = `${b64u(utf8(JSON.stringify(header)))}.${b64u(utf8(JSON.stringify(payload)))}`;
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, utf8(signed));
  return `${signed}.${b64u(new Uint8Array(signature))}`;
}

export interface OpenedJws {
  readonly jwk: PublicJwk;
  readonly payload: Record<string, unknown>;
}

/** Opens a compact JWS that carries its own key; throws unless type, shape and signature are right. At most 16 KiB. */
export async function openJws(jws: string, typ: string): Promise<OpenedJws> {
  if (jws.length > 16384) throw new Error('the JWS is too long');
  const [header = '', payload = '', signature = '', ...rest] = jws.split('.');
  if (rest.length > 0) throw new Error('this is not a compact JWS');
  const head = record(JSON.parse(text(unb64u(header))));
  const jwk = record(head['jwk']);
  if (head['alg'] !== 'ES256' || head['typ'] !== typ) throw new Error('the JWS has another type');
  const { crv, kty, x, y } = jwk;
  if (crv !== 'P-256' || kty !== 'EC' || typeof x !== 'string' || typeof y !== 'string')
    throw new Error('the JWS has no P-256 key');
  unb64u(x, 32);
  unb64u(y, 32);
  const key = await crypto.subtle.importKey(
    'jwk',
    { crv, kty, x, y },
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['verify'],
  );
  const holds = await crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    key,
    unb64u(signature, 64),
    utf8(`${header}.${payload}`),
  );
  if (!holds) throw new Error('the signature of the JWS does not hold');
  return { jwk: { crv, kty, x, y }, payload: record(JSON.parse(text(unb64u(payload)))) };
}

/** RFC 7638 thumbprint: who a person is in one meeting. */
export async function thumbprint(jwk: PublicJwk): Promise<string> {
  return b64u(await sha256(utf8(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }))));
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as Record<string, unknown>;
}
