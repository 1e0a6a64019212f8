import { describe, expect, it, vi } from 'vitest';
import { freshDevice } from '../../../tests/devices';
import { b64u, random, unb64u, utf8, type Bytes } from '../bytes/bytes';
import { memberRecord, openMember } from './member';
import { Membership, type MembershipEdge } from './membership';
import { ecdhPair, seal, sharedX, unseal } from './secret';

vi.mock('livekit-client/e2ee-worker?worker', () => ({ default: class {} }));

/** People whose attributes reach each other at once and whose time moves only when told to. */
class Meeting {
  readonly secret = random(32);
  readonly people = new Map<string, Person>();
  readonly #waiting: (() => void)[] = [];

  async join(id: string, secret = this.secret): Promise<Person> {
    const device = await freshDevice('m1');
    const { privateKey, point } = await ecdhPair();
    const person: Person = { id, attributes: {}, keys: new Map(), own: [], membership: undefined as never };
    const edge: MembershipEdge = {
      setAttributes: (attributes) => {
        Object.assign(person.attributes, attributes);
        for (const other of this.people.values())
          if (other !== person) void other.membership.attributes(id, { ...person.attributes });
        return Promise.resolve();
      },
      useKey: (participant, key, index) => {
        if (participant === id) person.own.push({ key, index });
        else person.keys.set(`${participant}#${index}`, key);
        return Promise.resolve();
      },
      membersChanged: () => undefined,
      wait: () => new Promise((resolve) => this.#waiting.push(resolve)),
    };
    person.membership = new Membership({ meeting: 'm1', self: id, linkSecret: secret, privateKey, edge });
    person.attributes['aye.member'] = await memberRecord(device, secret, id, `Name of ${id}`, point);
    const present = new Map([...this.people.values()].map((p) => [p.id, { ...p.attributes }]));
    this.people.set(id, person);
    await person.membership.start(present);
    for (const other of this.people.values())
      if (other !== person) await other.membership.attributes(id, { ...person.attributes });
    await this.quiet();
    return person;
  }

  async leave(id: string): Promise<void> {
    this.people.delete(id);
    for (const other of this.people.values()) await other.membership.left(id);
    await this.quiet();
  }

  async settle(): Promise<void> {
    for (const go of this.#waiting.splice(0)) go();
    await this.quiet();
  }

  async quiet(): Promise<void> {
    for (let i = 0; i < 3; i++)
      for (const p of this.people.values()) await p.membership.attributes('nobody', {});
  }
}

interface Person {
  id: string;
  attributes: Record<string, string>;
  keys: Map<string, Bytes>;
  own: { key: Bytes; index: number }[];
  membership: Membership;
}

/** Whether `by` can decrypt what `from` sends now. */
function hears(by: Person, from: Person): boolean {
  const now = from.own.at(-1);
  const key = now && by.keys.get(`${from.id}#${now.index}`);
  return !!now && !!key && b64u(key) === b64u(now.key);
}

describe('members and sender keys', () => {
  it('lets everybody with the link hear everybody, under the name they signed', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    const c = await meeting.join('c');
    await meeting.settle();
    for (const x of [a, b, c]) for (const y of [a, b, c]) if (x !== y) expect(hears(x, y)).toBe(true);
    expect(a.membership.members.get('c')?.name).toBe('Name of c');
  });

  it('uses a new key only after it has settled, and never the one a leaver holds', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    const c = await meeting.join('c');
    await meeting.settle();
    const before = a.own.at(-1);
    await meeting.leave('c');
    expect(a.own.at(-1)).toBe(before);
    await meeting.settle();
    expect(a.own.at(-1)?.index).toBe(((before?.index ?? 0) + 1) % 16);
    expect(hears(b, a)).toBe(true);
    expect(hears(c, a)).toBe(false);
    expect(a.attributes['aye.k.c']).toBe('');
  });

  it('takes only the newest key into use when two changes follow each other', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    await meeting.join('c');
    await meeting.leave('c');
    await meeting.settle();
    expect(hears(b, a)).toBe(true);
    expect(a.own.length).toBe(2);
  });

  it('gives no key to somebody who does not know the link', async () => {
    const meeting = new Meeting();
    const a = await meeting.join('a');
    const stranger = await meeting.join('x', random(32));
    await meeting.settle();
    expect(a.membership.members.size).toBe(0);
    expect(a.attributes['aye.k.x']).toBeUndefined();
    expect(hears(stranger, a)).toBe(false);
  });
});

describe('member records', () => {
  it('hold for one meeting, one seat and one link', async () => {
    const device = await freshDevice('m1');
    const secret = random(32);
    const { point } = await ecdhPair();
    const value = await memberRecord(device, secret, 'p1', 'Ann', point);
    expect((await openMember(value, secret, 'm1', 'p1')).ecdh).toEqual(point);
    await expect(openMember(value, secret, 'm1', 'p2')).rejects.toThrow('another seat');
    await expect(openMember(value, random(32), 'm1', 'p1')).rejects.toThrow('another link');
    await expect(openMember(value, secret, 'm2', 'p1')).rejects.toThrow('another link');
  });
});

describe('sealing', () => {
  it('opens with the same purpose only', async () => {
    const [a, b] = [await ecdhPair(), await ecdhPair()];
    const ikm = await sharedX(a.privateKey, b.point);
    const sealed = await seal(ikm, 'aye/sender-key/1', 'm\na\nb\n0', utf8('x'.repeat(32)), random(12));
    expect(sealed.length).toBe(60);
    expect(
      await unseal(await sharedX(b.privateKey, a.point), 'aye/sender-key/1', 'm\na\nb\n0', sealed),
    ).toEqual(utf8('x'.repeat(32)));
    await expect(unseal(ikm, 'aye/sender-key/1', 'm\na\nb\n1', sealed)).rejects.toThrow();
    expect(() => unb64u('a=')).toThrow();
  });
});

describe('the encryption worker', () => {
  it('is never told to stop, and never to let frames of the server through', async () => {
    const { alwaysEncrypted } = await import('./frames');
    expect(alwaysEncrypted({ kind: 'setSifTrailer', data: {} })).toBeUndefined();
    expect(alwaysEncrypted({ kind: 'enable', data: { enabled: false, participantIdentity: 'a' } })).toEqual({
      kind: 'enable',
      data: { enabled: true, participantIdentity: 'a' },
    });
    const other = { kind: 'setKey', data: { keyIndex: 2 } };
    expect(alwaysEncrypted(other)).toBe(other);
  });
});
