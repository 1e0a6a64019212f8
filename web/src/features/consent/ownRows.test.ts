import { describe, expect, it } from 'vitest';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import type { Choice } from '../api/client';
import { keyOf } from './answers';
import type { KeptSlip } from './keeping';
import { parseNotice, type Notice } from './notice';
import type { OwnChoice } from './own';
import { OwnRows } from './ownRows';
import { inEffect, lapse, type Asked } from './reach';
import { THIS_MEETING, type Scope } from './scope';

const HERE = 'm1';
const DAY = 86_400_000;
const at = (days: number) => new Date(Date.parse('2026-11-23T10:00:00.000Z') + days * DAY);
const recipient = { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } };
const nobody = new Set<string>();

const notice = await parseNotice(noticeText('en'));
const reworded = await parseNotice(noticeText('en').replace('then forgotten', 'then kept'));

function asks(change: Partial<Asked> = {}, text: Notice = notice): Asked {
  return {
    meeting: HERE,
    room: 'r1',
    widest: 'organisation',
    purposes: ['captions', 'notes'],
    recipient,
    texts: new Map([['en', text]]),
    ...change,
  };
}

function said(index: number, change: Partial<OwnChoice> = {}): OwnChoice {
  const purpose = change.purpose ?? 'captions';
  const row = notice.rows.find((r) => r.purpose === purpose);
  if (!row) throw new Error(purpose);
  return {
    purpose: row.purpose,
    medium: 'voice',
    state: 'given',
    handle: `h${index}`,
    recipient,
    index,
    meeting: HERE,
    scope: THIS_MEETING,
    issued: at(0).toISOString(),
    controller: notice.controller.name,
    shown: { locale: 'en', row },
    ...change,
  };
}

const slip = (of: OwnChoice, change: Partial<KeptSlip> = {}): KeptSlip => ({
  origin: 'o',
  title: '',
  secret: 's',
  meeting: of.meeting,
  purpose: of.purpose,
  medium: of.medium,
  handle: of.handle ?? '',
  ...change,
});

const told = (of: OwnChoice, state: string = of.state): Choice => ({
  purpose: of.purpose,
  medium: of.medium,
  state,
  ...(of.handle === undefined ? {} : { handle: of.handle }),
});

/** Rows of one meeting, with what this device keeps; the clock stands where `clock.days` puts it. */
function rows(kept: readonly OwnChoice[], slips = kept.map((k) => slip(k)), asked = asks()) {
  const clock = { days: 1 };
  const of = new OwnRows(HERE, () => at(clock.days));
  of.asks(asked);
  of.keeps(kept, slips, []);
  return { of, clock };
}

const state = (of: OwnRows) => of.statement(nobody).choices.get(keyOf('captions', 'voice'))?.state;

describe('a row that was said yes to', () => {
  it('is live before the server spoke, and while it says the same', () => {
    const yes = said(0);
    const { of } = rows([yes]);
    expect(of.live()).toEqual([{ handle: 'h0', medium: 'voice' }]);
    of.isTold([told(yes)]);
    expect(of.live()).toHaveLength(1);
    expect(of.statement(nobody).disagrees).toBeUndefined();
  });

  it('is dead for whatever else the server says, and that is told as a contradiction unless it ends it', () => {
    for (const [choices, expected, disagrees] of [
      [[told(said(0), 'withdrawn')], 'withdrawn', undefined],
      [[told(said(0), 'revoked')], 'revoked', undefined],
      [[told(said(0), 'refused')], 'given', 'otherwise'],
      [[told(said(7))], 'given', 'otherwise'],
      [[], 'given', 'otherwise'],
    ] as const) {
      const { of } = rows([said(0)]);
      of.isTold(choices);
      expect(of.live(), JSON.stringify(choices)).toEqual([]);
      expect(state(of)).toBe(expected);
      expect(of.statement(nobody).disagrees).toBe(disagrees);
    }
  });

  it('is dead from the moment it is taken back, with all of that medium until the server knows', () => {
    const notes = said(1, { purpose: 'notes' });
    const { of } = rows([said(0), notes]);
    expect(of.takes(['h0']).slips).toHaveLength(1);
    expect(of.live()).toEqual([]);
    expect(of.knowsOf('h0')).toBe(true);
    expect(of.live()).toEqual([{ handle: 'h1', medium: 'voice' }]);
    of.isTold([told(said(0)), told(notes)]);
    expect(of.live(), 'it answered, and takes it for a yes all the same').toEqual([]);
    expect(state(of)).toBe('withdrawn');
    of.isTold([told(said(0), 'withdrawn'), told(notes)]);
    expect(of.live().map((g) => g.handle)).toEqual(['h1']);
  });

  it('and was taken back before a reload holds its medium until the server knows, and is no contradiction', () => {
    const [yes, notes] = [said(0), said(1, { purpose: 'notes' })];
    const takenAt = at(0).toISOString();
    const { of } = rows([yes, notes], [slip(yes, { takenAt }), slip(notes)]);
    of.isTold([told(yes), told(notes)]);
    expect(of.live()).toEqual([]);
    expect(of.statement(nobody).disagrees).toBeUndefined();
    expect(of.knowsOf('h0')).toBe(true);
    expect(of.live()).toEqual([]);
    of.isTold([told(yes, 'withdrawn'), told(notes)]);
    expect(of.live().map((g) => g.handle)).toEqual(['h1']);
    const known = rows([yes, notes], [slip(yes, { takenAt, usedAt: takenAt }), slip(notes)]);
    expect(known.of.live().map((g) => g.handle)).toEqual(['h1']);
  });

  it('on another page of this device is no contradiction, and is not sent by this one', () => {
    const { of } = rows([]);
    of.isTold([told(said(0))]);
    expect(of.lacks('proof')).toBe(true);
    expect(of.statement(nobody).disagrees).toBe('otherwise');
    of.areElsewhere([said(0)]);
    expect(of.statement(nobody).disagrees).toBeUndefined();
    expect(of.live()).toEqual([]);
  });

  it('of before is dead where its slip is gone or was used, in other words, and for somebody else', () => {
    const yes = said(0);
    for (const { of } of [
      rows([yes], []),
      rows([yes], [slip(yes, { takenAt: at(0).toISOString() })]),
      rows([yes], [slip(yes)], asks({}, reworded)),
      rows([yes], [slip(yes)], asks({ recipient: { ...recipient, id: 'somebody' } })),
      rows([yes], [slip(yes)], asks({ purposes: ['notes'] })),
    ])
      expect(of.live()).toEqual([]);
  });
});

describe('a yes from elsewhere', () => {
  const wide: Scope = { kind: 'organisation', until: at(30).toISOString() };

  it('is told with its end and taken back by the no of its row, and one beside it is not', () => {
    const yes = said(0, { meeting: 'm0', scope: wide });
    const other = said(1, { meeting: 'm0', scope: wide, purpose: 'notes' });
    const { of } = rows([yes, other]);
    expect(of.statement(nobody).wider.get('captions voice')).toMatchObject({ scope: wide, elsewhere: true });
    expect(of.slipsOf('captions', 'voice').map((s) => s.handle)).toEqual(['h0']);
    of.refuses([{ purpose: 'captions', medium: 'voice', yes: false, here: true }]);
    expect(of.live(), 'nothing of its medium while the server may take it for a yes').toEqual([]);
    expect(of.slipsOf('captions', 'voice')).toEqual([]);
    expect(of.owed([], notice.rows)).toMatchObject([{ purpose: 'captions', yes: false, here: true }]);
    of.signed([said(2, { state: 'refused' })], [], []);
    expect(of.owed([], notice.rows), 'it is recorded').toEqual([]);
    expect(of.live().map((g) => g.handle)).toEqual(['h1']);
  });

  it('is not ended by a new yes here, which is for this meeting', () => {
    const yes = said(0, { meeting: 'm0', scope: wide });
    const { of } = rows([yes]);
    of.refuses([{ purpose: 'captions', medium: 'voice', yes: false, here: true }]);
    const anew = { purpose: 'captions', medium: 'voice', yes: true, scope: wide } as const;
    expect(of.stale([anew])).toEqual([]);
    expect(of.scopeOf(anew)).toEqual(THIS_MEETING);
    expect(of.scopeOf({ ...anew, purpose: 'notes' })).toEqual(wide);
  });

  it('lets time pass over it once, and is over', () => {
    const { of, clock } = rows([said(0, { meeting: 'm0', scope: wide })]);
    expect(of.ages()).toBe(false);
    clock.days = 30;
    expect(of.live()).toEqual([]);
    expect(of.ages()).toBe(true);
    expect(of.ages()).toBe(false);
    expect(state(of)).toBe('requested');
  });
});

/** Random lives of a page, with a server that says anything. */
describe('the word of the server', () => {
  it('never makes anything live: it is the receipts, slips and time of this device, or less', () => {
    let seed = 20261122;
    const pick = <T>(from: readonly T[]): T => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return from[(seed >>> 16) % from.length] as T;
    };
    let lived = 0;
    for (let round = 0; round < 2000; round++) {
      const kept = Array.from({ length: pick([1, 2, 3, 4]) }, (_, index) => {
        const ends = at(pick([2, 10])).toISOString();
        return said(index, {
          purpose: pick(['captions', 'notes'] as const),
          state: pick(['given', 'given', 'given', 'refused'] as const),
          meeting: pick([HERE, HERE, 'm0']),
          scope: pick<Scope>([
            THIS_MEETING,
            { kind: 'room', id: pick(['r1', 'r2']), until: ends },
            { kind: 'organisation', until: ends },
          ]),
        });
      });
      const asked = asks(
        {
          widest: pick(['meeting', 'room', 'organisation'] as const),
          purposes: pick([['captions', 'notes'], ['notes']]),
        },
        pick([notice, notice, notice, reworded]),
      );
      const slips = kept.filter(() => pick([true, true, false])).map((k) => slip(k));
      const { of, clock } = rows(kept, slips, asked);
      const gone = new Set<string>();
      const silent = new Set<string>();
      const untold = new Map<string, string>();
      for (let step = 0; step < 6; step++) {
        const one = pick(kept);
        switch (pick(['told', 'told', 'take', 'known', 'here', 'time'] as const)) {
          case 'told':
            of.isTold(
              kept
                .filter(() => pick([true, false]))
                .map((k) =>
                  told(
                    { ...k, handle: pick(kept).handle } as OwnChoice,
                    pick(['given', 'given', 'refused', 'withdrawn', 'requested']),
                  ),
                ),
            );
            break;
          case 'take':
            for (const t of of.takes([one.handle ?? '']).slips) untold.set(t.handle, t.medium);
            gone.add(one.handle ?? '');
            break;
          case 'known':
            of.knowsOf(one.handle ?? '');
            untold.delete(one.handle ?? '');
            break;
          case 'here':
            of.refuses([{ purpose: one.purpose, medium: one.medium, yes: false, here: true }]);
            silent.add(keyOf(one.purpose, one.medium));
            break;
          case 'time':
            clock.days = pick([1, 3, 11]);
            break;
        }
        for (const { handle } of of.live()) {
          lived++;
          const own = [...inEffect(kept, asked).values()].find((o) => o.handle === handle);
          expect(own?.state).toBe('given');
          expect(own && lapse(own, asked, at(clock.days))).toBeUndefined();
          expect(slips.some((s) => s.handle === handle)).toBe(true);
          expect(gone.has(handle)).toBe(false);
          expect(silent.has(keyOf(own?.purpose ?? '', own?.medium ?? ''))).toBe(false);
          expect([...untold.values()]).not.toContain('voice');
        }
      }
    }
    expect(lived, 'and yet much is live').toBeGreaterThan(500);
  });
});

describe('a slip that was taken back', () => {
  it('stays so, also when its yes did not count as the page read its slips', () => {
    const until = at(30).toISOString();
    const old = said(0, { meeting: 'm0', scope: { kind: 'room', id: 'r1', until } });
    const kept = [slip(old, { takenAt: at(0).toISOString(), usedAt: at(0).toISOString() })];
    const { of } = rows([old], kept, asks({ room: 'r2' }));
    expect(of.live()).toEqual([]);
    of.asks(asks({ room: 'r1' }));
    of.isTold([told(old)]);
    expect(of.live()).toEqual([]);
    of.holds(kept);
    expect(of.live()).toEqual([]);
  });
  it('stays so, also when a later, narrower yes lay over its own', () => {
    const until = at(30).toISOString();
    const org = said(0, { meeting: 'm0', scope: { kind: 'organisation', until } });
    const room = said(1, { meeting: 'm0', scope: { kind: 'room', id: 'r1', until } });
    const kept = [slip(org, { takenAt: at(0).toISOString(), usedAt: at(0).toISOString() }), slip(room)];
    const { of } = rows([org, room], kept, asks());
    of.asks(asks({ room: 'r9' }));
    of.isTold([told(org)]);
    of.holds(kept);
    expect(of.live()).toEqual([]);
  });
});
