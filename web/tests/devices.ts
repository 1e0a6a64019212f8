import 'fake-indexeddb/auto';
import { Device } from '../src/features/device/device';

/** A device of its own in `meeting`: a fresh key that no other device has. */
export async function freshDevice(meeting = 'm1', origin = 'log.example/aye'): Promise<Device> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ]);
  const { x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return new Device({
    meeting,
    origin,
    title: 'A meeting',
    key: pair.privateKey,
    jwk: { crv: 'P-256', kty: 'EC', x, y },
    since: '2026-11-22T10:00:00.000Z',
  });
}
