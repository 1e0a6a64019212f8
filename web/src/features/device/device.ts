import { b64u, random } from '../bytes/bytes';
import { signJws, thumbprint, type PublicJwk } from './jws';
import { Shelf } from './shelf';

/** What a device keeps of one meeting: its signing key for it (never extractable), and what the meeting was called. */
export interface DeviceRecord {
  readonly meeting: string;
  readonly origin: string;
  readonly title: string;
  readonly key: CryptoKey;
  readonly jwk: PublicJwk;
  readonly since: string;
}

const devices = new Shelf<DeviceRecord>('aye', 'devices');

/** A device in a meeting: it proves possession of its key and signs what its person says. */
export class Device {
  readonly record: DeviceRecord;

  constructor(record: DeviceRecord) {
    this.record = record;
  }

  /** The device key for this meeting, made on the first call and found again on later ones. */
  static async forMeeting(meeting: string, origin: string, title: string, now: Date): Promise<Device> {
    const known = await devices.get(meeting);
    if (known && known.origin === origin) return new Device(known);
    const device = await Device.unkept(meeting, origin, title, now);
    await devices.put(device.record);
    return device;
  }

  /** A device that is forgotten with the page. */
  static async unkept(meeting: string, origin: string, title: string, now: Date): Promise<Device> {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ]);
    const { x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    return new Device({
      meeting,
      origin,
      title,
      key: pair.privateKey,
      jwk: { crv: 'P-256', kty: 'EC', x, y },
      since: now.toISOString(),
    });
  }

  static async all(): Promise<Device[]> {
    const records = await devices.all();
    return records.sort((a, b) => b.since.localeCompare(a.since)).map((r) => new Device(r));
  }

  person(): Promise<string> {
    return thumbprint(this.record.jwk);
  }

  sign(typ: string, payload: unknown): Promise<string> {
    return signJws(typ, payload, this.record.key, this.record.jwk);
  }

  joinProof(now: Date): Promise<string> {
    return this.sign('aye-device+jws', {
      aud: this.record.origin,
      meeting: this.record.meeting,
      iat: Math.floor(now.getTime() / 1000),
      jti: b64u(random(16)),
    });
  }

  requestProof(method: string, path: string, now: Date): Promise<string> {
    return this.sign('aye-request+jws', {
      aud: this.record.origin,
      method,
      path,
      iat: Math.floor(now.getTime() / 1000),
      jti: b64u(random(16)),
    });
  }
}

/**
 * The device for a meeting. Where the browser stores nothing it is one for this visit only, and `keeps` is false: its
 * person can meet, but is asked nothing, for they could never take back what they said.
 */
export async function keptDevice(
  meeting: string,
  origin: string,
  title: string,
  now: Date,
): Promise<{ readonly device: Device; readonly keeps: boolean }> {
  try {
    return { device: await Device.forMeeting(meeting, origin, title, now), keeps: true };
  } catch (failure) {
    console.warn('device: this browser stores nothing', failure);
    return { device: await Device.unkept(meeting, origin, title, now), keeps: false };
  }
}
