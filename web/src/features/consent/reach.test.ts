import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import type { Meeting } from '../api/client';
import { b64u, random, unb64u } from '../bytes/bytes';
import { Device } from '../device/device';
import { openJws } from '../device/jws';
import { commitment, leaf } from '../log/leaf';
import { KnownLog } from '../log/memory';
import { Tiles } from '../log/tiles';
import { NOTHING_ANSWERED, refuseHere, rowAnswer, toSign } from './answers';
import { receipts, slips } from './keeping';
import { parseNotice } from './notice';
import { answeredBefore } from './offered';
import { provedChoices, type OwnChoice } from './own';
import { askedIn, inEffect, lapse, type Asked } from './reach';
import { scopesOffered, THIS_MEETING, type Scope } from './scope';
import { answer } from './signing';
import { deviceToJoin, endedBy, provedOf, rememberHere, standingIn, widerYesOf } from './standing';

const DAY = 86_400_000;
const MONDAY = new Date('2026-11-23T10:00:00.000Z');
const at = (days: number) => new Date(MONDAY.getTime() + days * DAY);
const until = (days: number) => at(days).toISOString();

const everywhere: Scope = { kind: 'organisation', until: until(90) };
const room = (id: string): Scope => ({ kind: 'room', id, until: until(90) });

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

interface Manner {
  readonly locale?: 'en' | 'nl';
  readonly purpose?: 'captions' | 'notes';
  readonly here?: boolean;
}

/** One server with a log and one browser; meetings that differ only where a test says so. */
async function world() {
  const log = await logInMemory(`log.example/${b64u(random(8))}`);
  const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap());
  const recipient = { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } };
  const name = b64u(random(8));
  const meeting = (id: string, change: Partial<Meeting> = {}): Meeting => ({
    id: `${name}-${id}`,
    title: id,
    room: 'r1',
    demo: false,
    ai: {
      purposes: ['captions', 'notes', 'training'],
      recipients: [{ name: 'Companion', keyIndex: 0, keyProof: '', ...recipient }],
    },
    notice: { version: 1, en: noticeText('en'), nl: noticeText('nl') },
    scope: { widest: 'organisation', days: 90 },
    log: { origin: log.origin, vkey: log.vkey },
    ...change,
  });
  /** Joins and answers as the page does; gives the device under which it did. */
  const say = async (
    where: Meeting,
    scope: Scope,
    yes: boolean,
    now: Date,
    { locale = 'en', purpose = 'captions', here = false }: Manner = {},
  ) => {
    const said = { purpose, medium: 'voice', yes } as const;
    const wanted = {
      ...said,
      ...(here ? { here: true as const } : {}),
      ...(scope.kind === 'meeting' ? {} : { scope }),
    };
    const { device } = await deviceToJoin(where, [wanted], now);
    await answer({
      api: {
        answer: async (_meeting, _seat, body) => {
          log.entries.push(leaf.answer(await commitment(unb64u(body.salt), body.receipt)));
          const index = log.entries.length - 1;
          return { index, proof: await log.proof(index), grants: [] };
        },
      },
      log: known,
      device,
      seat: 's',
      participant: 'p1',
      notice: await parseNotice(noticeText(locale)),
      recipient,
      answers: [wanted],
      scope,
      now,
    });
    return device;
  };
  const captions = async () => {
    const row = (await parseNotice(noticeText('en'))).rows.find((r) => r.purpose === 'captions');
    if (!row) throw new Error('no such row');
    return row;
  };
  /** How the row of captions stands on the card before joining. */
  const asked = async (where: Meeting, now: Date) => {
    const standing = await standingIn(where, now);
    const row = await captions();
    const card = await answeredBefore(standing, await parseNotice(noticeText('en')), [row], now);
    return { answer: rowAnswer(card, row), standing, row };
  };
  return { log, known, recipient, meeting, say, asked, captions };
}

describe('the key that lasts', () => {
  it('is never used by somebody who only answers for one meeting, and no two of their meetings have one key', async () => {
    const { meeting, say } = await world();
    const first = await say(meeting('m1'), THIS_MEETING, true, MONDAY);
    const second = await say(meeting('m2'), THIS_MEETING, false, at(1));
    const third = await say(meeting('m3'), everywhere, false, at(2));
    const people = await Promise.all([first, second, third].map((d) => d.person()));
    expect(new Set(people).size).toBe(3);
    for (const device of [first, second, third]) {
      expect(device.record.lasting).toBeUndefined();
      const proof = await openJws(await device.joinProof(MONDAY), 'aye-device+jws');
      expect(proof.payload).not.toHaveProperty('lasting');
    }
  });

  it('is drawn with a yes that reaches further, says so when joining, and cannot be taken out', async () => {
    const { meeting, say } = await world();
    const device = await say(meeting('m1'), everywhere, true, MONDAY);
    expect(device.record.lasting).toBe(true);
    expect(device.record.key.extractable).toBe(false);
    const { payload } = await openJws(await device.joinProof(MONDAY), 'aye-device+jws');
    expect(payload['lasting']).toBe(true);
  });

  it('comes back where such a yes reaches, and nowhere else', async () => {
    const { meeting, say } = await world();
    const person = await (await say(meeting('m1'), room('r1'), true, MONDAY)).person();
    const join = async (where: Meeting, now: Date) => {
      const { device } = await deviceToJoin(where, [], now);
      return { same: (await device.person()) === person, lasting: device.record.lasting ?? false };
    };
    expect(await join(meeting('m2'), at(7))).toEqual({ same: true, lasting: true });
    expect(await join(meeting('m3', { room: 'r2' }), at(7))).toEqual({ same: false, lasting: false });
    expect(await join(meeting('m4'), at(90))).toEqual({ same: false, lasting: false });
  });

  it('is one for all that reaches further at the same time', async () => {
    const { meeting, say } = await world();
    const first = await say(meeting('m1'), room('r1'), true, MONDAY);
    const second = await say(meeting('m2', { room: 'r2' }), room('r2'), true, at(1));
    expect(await second.person()).toBe(await first.person());
    expect(second.record.meeting).toBe(meeting('m2').id);
  });

  it('is another one once everything under the first was taken back or is over', async () => {
    const { meeting, say } = await world();
    const first = await say(meeting('m1'), everywhere, true, MONDAY);
    const more = await say(meeting('m2'), room('r1'), true, at(1), { purpose: 'notes' });
    expect(await more.person()).toBe(await first.person());
    for (const slip of await slips.all()) await slips.put({ ...slip, takenAt: until(2) });
    const next = await say(meeting('m3'), everywhere, true, at(3));
    expect(next.record.lasting).toBe(true);
    expect(await next.person()).not.toBe(await first.person());
  });

  it('does not come into a meeting in which the key of that meeting has signed', async () => {
    const { meeting, say, asked } = await world();
    const own = await say(meeting('m1'), THIS_MEETING, true, MONDAY);
    await say(meeting('m2'), everywhere, true, at(1));
    const { standing } = await asked(meeting('m1'), at(2));
    expect(standing.canReachFurther).toBe(false);
    const { device } = await deviceToJoin(
      meeting('m1'),
      [{ purpose: 'notes', medium: 'voice', yes: true, scope: { kind: 'organisation', until: until(90) } }],
      at(2),
    );
    expect(await device.person()).toBe(await own.person());
  });
});

/** A notice that differs in one thing from the one that was answered. */
function otherwise(change: (notice: Record<string, unknown>, captions: Record<string, unknown>) => void) {
  const notice = JSON.parse(noticeText('en')) as Record<string, unknown>;
  const rows = notice['rows'] as Record<string, unknown>[];
  change(notice, rows.find((r) => r['purpose'] === 'captions') ?? {});
  return { notice: { version: 2, en: JSON.stringify(notice), nl: noticeText('nl') } };
}

function asks(change: object, purposes = ['captions', 'notes', 'training']) {
  const recipient = { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } };
  return {
    ai: { purposes, recipients: [{ name: 'Companion', keyIndex: 0, keyProof: '', ...recipient, ...change }] },
  };
}

describe('a yes from another meeting', () => {
  it('stands in every meeting that it reaches, on any day before its end', async () => {
    const { meeting, say, asked } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY);
    const later = meeting('m2', { room: 'r2' });
    const { answer: shown, standing, row } = await asked(later, new Date(at(90).getTime() - 1));
    expect(shown).toBe('yes');
    expect(widerYesOf(standing, row, at(89))).toEqual({
      scope: everywhere,
      since: MONDAY,
      elsewhere: true,
      media: ['voice'],
    });
    expect((await asked(later, at(90))).answer).toBe('open');
  });

  it('stands also where it was said in the other language', async () => {
    const { meeting, say, asked } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY, { locale: 'nl' });
    expect((await asked(meeting('m2'), at(1))).answer).toBe('yes');
    const dutch = noticeText('nl').replace('Je stem wordt tekst', 'Je stem wordt een tekst');
    const changed = { notice: { version: 2, en: noticeText('en'), nl: dutch } };
    expect((await asked(meeting('m3', changed), at(1))).answer).toBe('open');
  });

  it.each<[string, Partial<Meeting>, Scope?]>([
    ['of another room', { room: 'r2' }, room('r1')],
    ['whose operator no longer lets it reach so far', { scope: { widest: 'room', days: 90 } }],
    ['that does not ask for it', asks({}, ['notes'])],
    ['with another recipient', asks({ id: 'somebody' })],
    ['with another key of the recipient', asks({ key: `C${'A'.repeat(86)}` })],
    ['on another host', asks({ processor: { host: 'elsewhere', model: 'w' } })],
    ['with another model', asks({ processor: { host: 'h', model: 'x' } })],
    ['with no recipient', { ai: { purposes: ['captions'], recipients: [] } }],
    [
      'of another controller',
      otherwise((n) => Object.assign(n['controller'] as object, { name: 'Other Org' })),
    ],
    ...['label', 'sentence', 'recipient', 'retention', 'basis', 'undo'].map(
      (field): [string, Partial<Meeting>] => [
        `that asks with another ${field}`,
        otherwise((_, captions) => Object.assign(captions, { [field]: 'In other words.' })),
      ],
    ),
    [
      'that names its medium otherwise',
      otherwise((_, captions) =>
        Object.assign(captions, { media: [{ medium: 'voice', label: 'All sound' }] }),
      ),
    ],
    [
      'that asks for one medium more',
      otherwise((_, captions) => (captions['media'] as object[]).push({ medium: 'chat', label: 'Chat' })),
    ],
    ['whose text cannot be read', { notice: { version: 2, en: '{}', nl: noticeText('nl') } }],
  ])('gives nothing in a meeting %s', async (_what, change, scope = everywhere) => {
    const { log, meeting, say, asked } = await world();
    const device = await say(meeting('m1'), scope, true, MONDAY);
    expect((await asked(meeting('m2'), at(1))).answer).toBe('yes');
    const other = meeting('m3', change);
    const { answer: shown, standing } = await asked(other, at(1));
    expect(shown).toBe('open');
    expect(standing.device).toBeUndefined();
    // Nor does it for somebody who sits there under the lasting key in any case.
    const said = await provedOf(await receipts.all(), device.in(other.id, '', at(1)), log.vkey);
    const known = await askedIn(other);
    expect([...inEffect(said, known).values()].filter((c) => lapse(c, known, at(1)) === undefined)).toEqual(
      [],
    );
  });

  it('stands whatever else is written differently in the text, and in which order its media are', async () => {
    const { meeting, say, asked } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY, { purpose: 'notes' });
    const change = otherwise((notice) => {
      Object.assign(notice['controller'] as object, { contact: 'new@example.org' });
      notice['full'] = ['Another paragraph.'];
      const rows = notice['rows'] as { media: object[] }[];
      rows[1]?.media.reverse();
    });
    const { standing } = await asked(meeting('m2', change), at(1));
    expect(standing.own.get('notes voice')).toBeDefined();
    expect(standing.device?.record.lasting).toBe(true);
  });

  it('gives nothing without its slip, and is a no once it was taken back', async () => {
    const { meeting, say, asked } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY);
    const [slip] = (await slips.all()).filter((s) => s.meeting === meeting('m1').id);
    if (!slip) throw new Error('no slip was drawn');
    await slips.delete(slip.handle);
    const { answer: shown, standing } = await asked(meeting('m2'), at(1));
    expect(shown).toBe('open');
    expect(standing.device).toBeUndefined();
    await slips.put({ ...slip, takenAt: until(1) });
    const taken = await asked(meeting('m2'), at(2));
    expect(taken.answer).toBe('no');
    expect(taken.standing.device).toBeUndefined();
  });

  it('is proved by its own signature, text, log and place in it, and only under the key that signed it', async () => {
    const { log, meeting, say } = await world();
    const device = await say(meeting('m1'), everywhere, true, MONDAY);
    const [kept] = (await receipts.all()).filter((r) => r.meeting === meeting('m1').id);
    if (!kept) throw new Error('no receipt was kept');
    const there = device.in(meeting('m2').id, '', at(1));
    expect(await provedChoices(kept, there, log.vkey)).toMatchObject([{ state: 'given', scope: everywhere }]);
    const stranger = await Device.draw(meeting('m2').id, log.origin, '', at(1), true);
    await expect(provedChoices(kept, stranger, log.vkey)).rejects.toThrow('another device');
    const { lasting: _, ...once } = there.record;
    await expect(provedChoices(kept, new Device(once), log.vkey)).rejects.toThrow('another meeting');
    const elsewhere = new Device({ ...there.record, origin: 'other.example/aye' });
    await expect(provedChoices(kept, elsewhere, log.vkey)).rejects.toThrow('another meeting');
    const second = await logInMemory(log.origin);
    await expect(provedChoices(kept, there, second.vkey)).rejects.toThrow('another log');
    const reworded = { ...kept, noticeText: kept.noticeText.replace('shown live', 'kept for ever') };
    await expect(provedChoices(reworded, there, log.vkey)).rejects.toThrow('not the one that was signed');
    const salted = { ...kept, salt: b64u(random(32)) };
    await expect(provedChoices(salted, there, log.vkey)).rejects.toThrow();
    const narrow = await say(meeting('m4'), THIS_MEETING, true, at(1));
    const [one] = (await receipts.all()).filter((r) => r.meeting === meeting('m4').id);
    const under = new Device({ ...narrow.record, meeting: meeting('m5').id, lasting: true });
    if (!one) throw new Error('no receipt was kept');
    await expect(provedChoices(one, under, log.vkey)).rejects.toThrow('another meeting');
  });
});

describe('a no for one meeting', () => {
  it('lies over the yes there and nowhere else, and is signed for that meeting alone', async () => {
    const { meeting, say, asked, captions } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY);
    const card = refuseHere(NOTHING_ANSWERED, await captions(), ['voice']);
    expect(toSign(card, [await captions()], everywhere)).toEqual([
      { purpose: 'captions', medium: 'voice', yes: false, here: true },
    ]);
    await say(meeting('m2'), THIS_MEETING, false, at(1), { here: true });
    expect((await asked(meeting('m2'), at(2))).answer).toBe('no');
    expect((await asked(meeting('m3'), at(2))).answer).toBe('yes');
    // Nor is it remembered as a no once the yes is over.
    expect((await asked(meeting('m3'), at(90))).answer).toBe('open');
  });

  it('stands from the moment it is pressed, recorded or not', async () => {
    const { meeting, say, asked } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY);
    const where = { purpose: 'captions', medium: 'voice' };
    await rememberHere(meeting('m2').id, where, true, at(1));
    expect((await asked(meeting('m2'), at(1))).answer).toBe('no');
    await rememberHere(meeting('m2').id, where, false, at(1));
    expect((await asked(meeting('m2'), at(1))).answer).toBe('yes');
  });
});

describe('the reaches to choose from', () => {
  it('begin with this meeting, go as far as the operator lets them and end within its days', () => {
    const offered = (widest: 'meeting' | 'room' | 'organisation', days = 90) =>
      scopesOffered({ room: 'r1', scope: { widest, days } }, MONDAY);
    expect(offered('meeting')).toEqual([THIS_MEETING]);
    expect(offered('room').map((s) => s.kind)).toEqual(['meeting', 'room']);
    expect(offered('organisation').map((s) => s.kind)).toEqual(['meeting', 'room', 'organisation']);
    for (const days of [1, 2, 30, 90, 730])
      for (const hour of [0, 1, 12, 23])
        for (const scope of scopesOffered(
          { room: 'r1', scope: { widest: 'organisation', days } },
          new Date(2026, 9, 24, hour, 30),
        )) {
          if (scope.kind === 'meeting') continue;
          const end = Date.parse(scope.until);
          const now = new Date(2026, 9, 24, hour, 30).getTime();
          expect(end).toBeGreaterThan(now);
          expect(end).toBeLessThanOrEqual(now + days * DAY);
        }
  });

  it('are read from whatever a server says, and never break the page', () => {
    const offered = (scope: unknown) => scopesOffered({ room: 'r1', scope } as Meeting, MONDAY);
    for (const days of [Infinity, 1e300, 8.64e15, 731]) {
      const all = offered({ widest: 'organisation', days });
      expect(all, String(days)).toHaveLength(3);
      for (const scope of all)
        if (scope.kind !== 'meeting') expect(Date.parse(scope.until)).toBeLessThanOrEqual(at(730).getTime());
    }
    for (const days of [NaN, -1, 0, 'x', undefined, {}])
      expect(offered({ widest: 'organisation', days }), JSON.stringify(days)).toEqual([THIS_MEETING]);
    expect(offered({ widest: 'galaxy', days: 90 })).toEqual([THIS_MEETING]);
  });
});

/** Random histories against the rule in its plainest form. */
describe('what counts in a meeting', () => {
  it('is what was said in it, else the later of what reaches it, and only that', async () => {
    const notice = (await askedIn((await world()).meeting('m'))).texts.get('en');
    const [captions] = notice?.rows ?? [];
    if (!notice || !captions) throw new Error('no notice');
    const recipient = { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } };
    let seed = 20261122;
    const pick = <T>(from: readonly T[]): T => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return from[(seed >>> 16) % from.length] as T;
    };
    for (let round = 0; round < 3000; round++) {
      const asked: Asked = {
        meeting: pick(['m1', 'm2']),
        room: pick(['r1', 'r2']),
        widest: pick(['meeting', 'room', 'organisation']),
        purposes: ['captions'],
        recipient,
        texts: new Map([['en', notice]]),
      };
      const now = pick([0, 5, 20]);
      const said = Array.from({ length: pick([0, 1, 2, 3, 4]) }, (_, index): OwnChoice => {
        const ends = until(pick([3, 10, 30]));
        return {
          purpose: 'captions',
          medium: 'voice',
          state: pick(['given', 'given', 'refused']),
          handle: `h${index}`,
          recipient,
          index,
          meeting: pick(['m1', 'm2', 'm3']),
          scope: pick<Scope>([
            THIS_MEETING,
            { kind: 'room', id: pick(['r1', 'r2']), until: ends },
            { kind: 'organisation', until: ends },
          ]),
          issued: until(-1),
          controller: notice.controller.name,
          shown: { locale: 'en', row: captions },
        };
      });
      const here = said.filter((c) => c.meeting === asked.meeting);
      const reaching = said.filter(
        ({ scope }) => scope.kind === 'organisation' || (scope.kind === 'room' && scope.id === asked.room),
      );
      const last = (here.length > 0 ? here : reaching).at(-1);
      const over = last && last.scope.kind !== 'meeting' && at(now) >= new Date(last.scope.until);
      const rank = { meeting: 0, room: 1, organisation: 2 };
      const tooFar = last && here.length === 0 && rank[last.scope.kind] > rank[asked.widest];
      const gives = last?.state === 'given' && !over && !tooFar ? last.handle : undefined;
      const found = inEffect(
        said.toSorted(() => pick([-1, 1])),
        asked,
      ).get('captions voice');
      const live = found?.state === 'given' && lapse(found, asked, at(now)) === undefined;
      expect(live ? found?.handle : undefined, JSON.stringify({ asked, now, round })).toBe(gives);
    }
  });
});

describe('a no', () => {
  const no = { purpose: 'captions', medium: 'voice', yes: false } as const;
  const ended = async (...args: Parameters<typeof endedBy>) =>
    (await endedBy(...args)).map((s) => s.meeting.split('-').at(-1));

  it('ends the yeses that reach no further, under whichever key and in whichever meeting they were said', async () => {
    const { meeting, say } = await world();
    await say(meeting('m1'), room('r1'), true, MONDAY);
    const elsewhere = meeting('m2', { room: 'r2' });
    expect(await ended([{ ...no, scope: everywhere }], elsewhere, at(1))).toEqual(['m1']);
    expect(await ended([no], elsewhere, at(1)), 'for one meeting that the yes does not reach').toEqual([]);
    expect(await ended([{ ...no, here: true }], meeting('m3'), at(1)), 'in this meeting only').toEqual([]);
    expect(await ended([{ ...no, medium: 'chat', scope: everywhere }], elsewhere, at(1))).toEqual([]);
    const other = { ...everywhere, kind: 'room', id: 'r2' } as const;
    expect(await ended([{ ...no, scope: other }], elsewhere, at(1)), 'for another room').toEqual([]);
  });

  it('ends the yes that was asked about in other words', async () => {
    const { meeting, say } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY);
    const other = meeting(
      'm2',
      otherwise((_, c) => Object.assign(c, { sentence: 'In other words.' })),
    );
    expect(await ended([no], other, at(1))).toEqual(['m1']);
  });

  it('leaves what has run out: what was kept under it is taken back by itself', async () => {
    const { meeting, say } = await world();
    await say(meeting('m1'), everywhere, true, MONDAY);
    expect(await ended([{ ...no, scope: everywhere }], meeting('m2'), at(400))).toEqual([]);
  });
});
