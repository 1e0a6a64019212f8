import { b64u, unb64u, type Bytes } from '../bytes/bytes';
import type { Device } from '../device/device';
import { openJws, thumbprint } from '../device/jws';
import { knockHolds, knockMac } from './secret';

/** A person in the meeting whose signed record holds: only members get sender keys, under the name they signed. */
export interface Member {
  readonly participant: string;
  readonly name: string;
  readonly ecdh: Bytes;
  readonly person: string;
}

export const MEMBER_ATTRIBUTE = 'aye.member';

/** The value of `aye.member`: the signed record and the MAC that shows knowledge of the link. */
export async function memberRecord(
  device: Device,
  linkSecret: Bytes,
  participant: string,
  name: string,
  ecdh: Bytes,
): Promise<string> {
  const meeting = device.record.meeting;
  const jws = await device.sign('aye-member+jws', { meeting, participant, name, ecdh: b64u(ecdh) });
  return `${jws}.${b64u(await knockMac(linkSecret, meeting, jws))}`;
}

/** The member that `value` describes, or why it describes none. */
export async function openMember(
  value: string,
  linkSecret: Bytes,
  meeting: string,
  participant: string,
): Promise<Member> {
  const cut = value.lastIndexOf('.');
  const jws = value.slice(0, cut);
  if (!(await knockHolds(linkSecret, meeting, jws, unb64u(value.slice(cut + 1), 32))))
    throw new Error('the knock was made with another link');
  const { payload, jwk } = await openJws(jws, 'aye-member+jws');
  if (payload['meeting'] !== meeting || payload['participant'] !== participant)
    throw new Error('the record is about another seat');
  const { name, ecdh } = payload;
  if (typeof name !== 'string' || typeof ecdh !== 'string' || name.length > 200)
    throw new Error('the record is malformed');
  return { participant, name, ecdh: unb64u(ecdh, 65), person: await thumbprint(jwk) };
}
