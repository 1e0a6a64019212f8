import { b64u, random } from '../bytes/bytes';
import { signJws, thumbprint, type PublicJwk } from './jws';
import { Shelf } from './shelf';

/**
 * What a device keeps of one meeting: its signing key for it (never extractable), and what the meeting was called. The key
 * is drawn for this meeting alone, unless it is lasting: then the same one stands in the record of each meeting that its
 * person let be linked.
 */
export interface DeviceRecord {
  readonly meeting: string;
  readonly origin: string;
  readonly title: string;
  readonly key: CryptoKey;
  readonly jwk: PublicJwk;
  readonly since: string;
  readonly lasting?: true;
}

const devices = new Shelf<DeviceRecord>('aye', 'devices');

/** A device in a meeting: it proves possession of its key and signs what its person says. */
export class Device {
  readonly record: DeviceRecord;

  constructor(record: DeviceRecord) {
    this.record = record;
  }

  /** A device with a key that nobody has seen. It is forgotten with the page unless it is kept. */
  static async draw(
    meeting: string,
    origin: string,
    title: string,
    now: Date,
    lasting = false,
  ): Promise<Device> {
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
      ...(lasting ? { lasting } : {}),
    });
  }

  /** The device that this browser kept for a meeting. */
  static async of(meeting: string, origin: string): Promise<Device | undefined> {
    const known = await devices.get(meeting);
    return known?.origin === origin ? new Device(known) : undefined;
  }

  static async all(): Promise<Device[]> {
    const records = await devices.all();
    return records.sort((a, b) => b.since.localeCompare(a.since)).map((r) => new Device(r));
  }

  /** The same lasting key in another meeting. */
  in(meeting: string, title: string, now: Date): Device {
    const { record } = this;
    if (record.meeting === meeting) return this;
    if (!record.lasting) throw new Error('the key of this device is for one meeting');
    return new Device({ ...record, meeting, title, since: now.toISOString() });
  }

  keep(): Promise<void> {
    return devices.put(this.record);
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
      ...(this.record.lasting ? { lasting: true } : {}),
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
