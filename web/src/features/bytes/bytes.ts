/** Byte strings as WebCrypto takes them, and their encodings on the wire. */
export type Bytes = Uint8Array<ArrayBuffer>;

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let different = 0;
  for (let i = 0; i < a.length; i++) different |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return different === 0;
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Standard base64 with padding (signed notes, proofs). */
export function b64(bytes: Uint8Array): string {
  let binary = '';
  for (const b of bytes) binary += String.fromCharCode(b);
  return btoa(binary);
}

/** Strict standard base64; throws on anything that does not encode back to itself. */
export function unb64(encoded: string): Bytes {
  let binary: string;
  try {
    binary = atob(encoded);
  } catch {
    throw new Error('not base64');
  }
  const out = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  if (b64(out) !== encoded) throw new Error('not canonical base64');
  return out;
}

/** base64url without padding, the project's `b64u`. */
export function b64u(bytes: Uint8Array): string {
  return b64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Strict base64url; of `length` bytes when given. */
export function unb64u(encoded: string, length?: number): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(encoded)) throw new Error('not base64url');
  const out = unb64(
    encoded.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (encoded.length % 4)) % 4),
  );
  if (length !== undefined && out.length !== length)
    throw new Error(`expected ${length} bytes, got ${out.length}`);
  return out;
}
