import type { Room } from 'livekit-client';
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
  readonly published: { by: string; index: number; using: number | undefined }[] = [];
  /** Whose attributes the server does not take. */
  readonly broken = new Set<string>();
  readonly #waiting: (() => void)[] = [];

  async join(id: string, secret = this.secret, called = `Name of ${id}`): Promise<Person> {
    const device = await freshDevice('m1');
    const { privateKey, point } = await ecdhPair();
    const person: Person = {
      id,
      name: called,
      attributes: {},
      keys: new Map(),
      own: [],
      membership: undefined as never,
    };
    const edge: MembershipEdge = {
      setAttributes: (attributes) => {
        Object.assign(person.attributes, attributes);
        for (const other of this.people.values())
          if (other !== person) void other.membership.attributes(id, { ...person.attributes }, person.name);
        const clear = Object.keys(attributes).some((k) => k.startsWith('aye.k.') && attributes[k] !== '');
        if (clear)
          this.published.push({ by: id, index: indexIn(attributes), using: person.own.at(-1)?.index });
        return this.broken.has(id) ? Promise.reject(new Error('timeout')) : Promise.resolve();
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
    const present = new Map(
      [...this.people.values()].map((p) => [p.id, { name: p.name, attributes: { ...p.attributes } }]),
    );
    this.people.set(id, person);
    await person.membership.start(present);
    for (const other of this.people.values())
      if (other !== person) await other.membership.attributes(id, { ...person.attributes }, called);
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
      for (const p of this.people.values()) await p.membership.attributes('nobody', {}, '');
  }
}

function indexIn(attributes: Record<string, string>): number {
  const key = Object.entries(attributes).find(([k, v]) => k.startsWith('aye.k.') && v !== '');
  return Number(key?.[1].split('.')[0]);
}

interface Person {
  id: string;
  name: string;
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
    await meeting.settle();
    for (const x of [a, b, c]) for (const y of [a, b, c]) if (x !== y) expect(hears(x, y)).toBe(true);
    expect(a.membership.members.get('c')?.name).toBe('Name of c');
  });

  it('uses a new key only after it has settled, and never the one a leaver holds', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    const c = await meeting.join('c');
    await meeting.settle();
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

  it('draws one key at a time, and each comes into use, however quickly people come and go', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    await meeting.settle();
    await meeting.settle();
    const drawn = () => meeting.published.filter((p) => p.by === 'a');
    const [before, used] = [drawn().length, a.own.length];
    const leavers: Person[] = [];
    for (let i = 0; i < 40; i++) {
      leavers.push(await meeting.join(`c${i}`));
      await meeting.leave(`c${i}`);
    }
    expect(drawn().length).toBe(before + 1);
    await meeting.settle();
    expect(a.own.length).toBe(used + 1);
    await meeting.settle();
    expect(a.own.length).toBe(used + 2);
    expect(hears(b, a)).toBe(true);
    for (const leaver of leavers) expect(hears(leaver, a)).toBe(false);
    await meeting.settle();
    expect(a.own.length).toBe(used + 2);
    for (const { index, using } of meeting.published) expect(index).not.toBe(using);
  });

  it('takes the first valid record of a participant for good: changing it holds back no new key', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    const leaver = await meeting.join('c');
    await meeting.settle();
    await meeting.settle();
    const published = () => meeting.published.filter((p) => p.by === 'a').length;
    const drawn = published();
    await meeting.leave('c');
    const first = b.attributes['aye.member'] ?? '';
    const device = await freshDevice('m1');
    for (let i = 0; i < 20; i++) {
      const { point } = await ecdhPair();
      const other = await memberRecord(device, meeting.secret, 'b', b.name, point);
      for (const record of [other, '', first])
        await a.membership.attributes('b', { ...b.attributes, 'aye.member': record }, b.name);
    }
    expect(published()).toBe(drawn + 1);
    const before = a.own.length;
    await meeting.settle();
    await meeting.settle();
    expect(a.own.length).toBe(before + 1);
    expect(hears(leaver, a)).toBe(false);
    expect(hears(b, a)).toBe(true);
  });

  it('tries again when the server did not take a new key, never over the one in use', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    const leaver = await meeting.join('c');
    await meeting.settle();
    await meeting.settle();
    meeting.broken.add('a');
    await meeting.leave('c');
    for (let i = 0; i < 20; i++) await meeting.settle();
    expect(hears(b, a)).toBe(true);
    meeting.broken.delete('a');
    await meeting.settle();
    await meeting.settle();
    expect(hears(leaver, a)).toBe(false);
    expect(hears(b, a)).toBe(true);
    for (const { index, using } of meeting.published) expect(index).not.toBe(using);
  });

  it('gives the others their keys though one member names no point of the curve', async () => {
    const meeting = new Meeting();
    const [a, b] = [await meeting.join('a'), await meeting.join('b')];
    const record = await memberRecord(
      await freshDevice('m1'),
      meeting.secret,
      'x',
      'X',
      new Uint8Array(65).fill(4),
    );
    await a.membership.attributes('x', { 'aye.member': record }, 'X');
    expect(a.membership.members.has('x')).toBe(false);
    const c = await meeting.join('c');
    await meeting.settle();
    await meeting.settle();
    expect(hears(b, a) && hears(c, a)).toBe(true);
  });

  it('takes nobody for a member whose record bears another name than they joined under', async () => {
    const meeting = new Meeting();
    const a = await meeting.join('a');
    const b = await meeting.join('b');
    await a.membership.left('b');
    await a.membership.attributes('b', { ...b.attributes }, 'Somebody else');
    expect(a.membership.members.size).toBe(0);
    await a.membership.attributes('b', { ...b.attributes }, b.name);
    expect(a.membership.members.get('b')?.name).toBe(b.name);
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

describe('what is written just as somebody comes', () => {
  it('waits until the key in use has gone to them', async () => {
    const meeting = new Meeting();
    const a = await meeting.join('a');
    await a.membership.settled();
    const b = await meeting.join('b');
    const before = a.own.at(-1);
    let settled = false;
    const told = a.membership.settled().then(() => (settled = true));
    await meeting.quiet();
    expect(settled, 'who came cannot read what is sent under the key in use').toBe(false);
    expect(a.own.at(-1)).toBe(before);
    await meeting.settle();
    await told;
    const inUse = a.own.at(-1);
    expect(b.keys.get(`a#${inUse?.index}`)).toEqual(inUse?.key);
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

describe('a message that comes before its key', () => {
  /**
   * A room that can open what somebody sent under the keys that it was given. Messages come as LiveKit hands them over,
   * one after the other, and time moves only when told to.
   */
  const room = async () => {
    const { KeyProviderEvent } = await import('livekit-client');
    const { decryptedPackets, SenderKeys } = await import('./frames');
    const keys = new SenderKeys();
    const given = new Set<string>();
    keys.on(KeyProviderEvent.SetKey, ({ participantIdentity, keyIndex }) =>
      given.add(`${participantIdentity} ${keyIndex}`),
    );
    const payload = utf8('hello');
    const e2eeManager = {
      handleEncryptedData: (_: Bytes, __: Bytes, participant: string, index: number) =>
        given.has(`${participant} ${index}`)
          ? Promise.resolve({ payload })
          : Promise.reject(new Error('No key set found')),
    };
    let clock = 0;
    let hurried = false;
    const waits: { readonly until: number; readonly over: () => void }[] = [];
    const decrypted = decryptedPackets(
      { engine: { e2eeManager } } as unknown as Room,
      keys,
      (ms) =>
        new Promise((over) => {
          waits.push({ until: clock + ms, over });
          if (hurried) pass(ms);
        }),
      () => clock,
    );
    let before: Promise<unknown> = Promise.resolve();
    const comes = (from: string, index: number) => {
      const message = before.then(() => e2eeManager.handleEncryptedData(payload, payload, from, index));
      before = message.catch(() => undefined);
      return message;
    };
    const pass = (ms: number) => {
      clock += ms;
      for (const { until, over } of waits) if (until <= clock) over();
    };
    /** How long a message waited whose key never comes. */
    const inVain = async (from: string, index: number): Promise<number> => {
      const began = clock;
      hurried = true;
      await expect(comes(from, index)).rejects.toThrow('No key');
      hurried = false;
      return clock - began;
    };
    return { keys, waits, decrypted, comes, pass, inVain, payload };
  };

  it('is opened when the key has come', async () => {
    const { keys, decrypted, comes, payload } = await room();
    const message = comes('bob', 3);
    await keys.use('ada', random(32), 3);
    await keys.use('bob', random(32), 2);
    expect(decrypted(payload)).toBe(false);
    await keys.use('bob', random(32), 3);
    expect((await message).payload).toBe(payload);
    expect(decrypted(payload)).toBe(true);
  });

  it('is given up after a while', async () => {
    const { inVain, decrypted, payload } = await room();
    expect(await inVain('bob', 3)).toBe(3_000);
    expect(decrypted(payload)).toBe(false);
  });

  it('can be opened later, though one waited in vain', async () => {
    const { keys, inVain, comes } = await room();
    await inVain('bob', 3);
    await keys.use('bob', random(32), 3);
    await expect(comes('bob', 3)).resolves.toBeDefined();
  });

  it('waits again for the next key under an index that one waited for in vain', async () => {
    const { keys, waits, inVain, comes } = await room();
    await inVain('bob', 3);
    const message = comes('bob', 3);
    await vi.waitFor(() => expect(waits).toHaveLength(2));
    await keys.use('bob', random(32), 3);
    await expect(message).resolves.toBeDefined();
  });

  it('holds up those of others for ten seconds in all, whatever the indexes', async () => {
    const { keys, inVain, comes } = await room();
    await keys.use('ada', random(32), 0);
    let heldUp = 0;
    for (let index = 0; index < 100; index++) heldUp += await inVain('bob', index);
    expect(heldUp).toBe(10_000);
    await expect(comes('ada', 0)).resolves.toBeDefined();
  });

  it('never waits for a key under an index that no membership uses', async () => {
    const { inVain } = await room();
    for (const index of [16, -1, 0.5, NaN, 2 ** 32 - 1]) expect(await inVain('bob', index)).toBe(0);
    expect(await inVain('bob', 15)).toBe(3_000);
  });

  it('uses up the time of its sender, though the key comes just in time', async () => {
    const { keys, waits, comes, pass } = await room();
    for (const [waited, index] of [0, 1, 2].entries()) {
      const message = comes('bob', index);
      await vi.waitFor(() => expect(waits).toHaveLength(waited + 1));
      pass(2_900);
      await keys.use('bob', random(32), index);
      await expect(message).resolves.toBeDefined();
    }
    const fourth = comes('bob', 3);
    await vi.waitFor(() => expect(waits).toHaveLength(4));
    pass(1_300);
    await expect(fourth).rejects.toThrow('No key');
    await expect(comes('bob', 4)).rejects.toThrow('No key');
    expect(waits).toHaveLength(4);
  });

  it('waits, though somebody else has used up their time', async () => {
    const { keys, waits, inVain, comes } = await room();
    for (let index = 0; index < 16; index++) await inVain('bob', index);
    const before = waits.length;
    const message = comes('ada', 3);
    await vi.waitFor(() => expect(waits).toHaveLength(before + 1));
    await keys.use('ada', random(32), 3);
    await expect(message).resolves.toBeDefined();
  });

  it('does not wait when a thousand others had to, so that their number costs no more', async () => {
    const { inVain } = await room();
    for (let other = 0; other < 1_000; other++) expect(await inVain(`bob${other}`, 0)).toBe(3_000);
    expect(await inVain('eve', 0)).toBe(0);
    expect(await inVain('bob0', 1), 'one of the thousand still may').toBe(3_000);
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
