import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { en } from '../../words/en';
import { nl } from '../../words/nl';
import {
  latest,
  MeModel,
  progressOf,
  saidThen,
  spells,
  standing,
  standOf,
  takenHere,
  underWay,
  USED,
  widerAnswers,
  type MeetingOfMine,
} from './meModel';
import { freshDevice } from '../../../tests/devices';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import { logInMemory } from '../../../tests/log-in-memory';
import { Problem } from '../api/client';
import { b64u, unb64u } from '../bytes/bytes';
import { receipts, slips } from '../consent/keeping';
import { parseNotice } from '../consent/notice';
import { signReceipt } from '../consent/receipt';
import type { Scope } from '../consent/scope';
import { Device } from '../device/device';
import { Shelf } from '../device/shelf';
import { commitment, leaf } from '../log/leaf';
import type { Said } from '../withdraw/outbox';

const STANDING = '../../../../learn/src/main/java/dev/aye/learn/Standing.java';

describe("the page of one's own", () => {
  it('follows what was taken back until it is accounted for, also before its first step', () => {
    const listed = (steps: readonly string[], account?: string) => [
      {
        handle: 'h',
        meeting: 'm',
        purpose: 'notes',
        medium: 'voice',
        at: '',
        steps: steps.map((state) => ({ step: 'shred', state: state as 'done' })),
        ...(account === undefined ? {} : { account }),
      },
    ];
    expect(underWay(listed([]), [])).toBe(true);
    expect(underWay(listed(['done', 'waiting']), [])).toBe(true);
    expect(underWay(listed(['done', 'done']), [])).toBe(true);
    expect(underWay(listed(['done', 'failed'], 'signed'), [])).toBe(false);
    expect(underWay(listed(['done', 'doing'], 'signed'), []), 'the account is there before its step is').toBe(
      true,
    );
    expect(underWay([], [['h', { is: 'sending' }]])).toBe(true);
    expect(underWay([], [['h', { is: 'unchecked' }]])).toBe(false);
    expect(underWay(listed(['done'], 'signed'), [['h', { is: 'inLog' }]])).toBe(false);
    expect(underWay([], [])).toBe(false);
  });

  it('says purpose and minute of what is held once, and leaves nothing out', () => {
    const held = (kind: 'notes' | 'training', at: string, text: string) => ({
      kind,
      meeting: 'm',
      at: `2026-11-22T${at}Z`,
      text,
      block: text,
    });
    const all = [
      held('notes', '10:42:01.000', 'a'),
      held('notes', '10:42:59.999', 'b'),
      held('training', '10:42:01.000', 'c'),
      held('notes', '10:43:00.000', 'd'),
    ];
    const told = spells(all);
    expect(told.map((s) => [s.kind, s.pieces.map((p) => p.text).join('')])).toEqual([
      ['notes', 'ab'],
      ['training', 'c'],
      ['notes', 'd'],
    ]);
    expect(told.flatMap((s) => s.pieces)).toHaveLength(all.length);
  });

  it('has words in both languages for every state in which the server has a data set or model', async () => {
    const source = await readFile(new URL(STANDING, import.meta.url), 'utf8');
    const names = [...source.matchAll(/^ {2}([A-Z]+),?$/gm)].map((m) => (m[1] ?? '').toLowerCase());
    expect(names).toContain('shredded');
    expect(USED).toEqual(expect.arrayContaining(names));
    for (const words of [en, nl]) expect(Object.keys(words.me.usedStates).sort()).toEqual([...USED].sort());
  });
});

describe('what the server shows beside a receipt', () => {
  async function signed(yes: boolean, issued = 0, device = freshDevice('m1')) {
    const by = await device;
    const { receipt, slips } = await signReceipt({
      device: by,
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient: { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } },
      answers: [
        { purpose: 'captions', medium: 'voice', yes },
        { purpose: 'notes', medium: 'voice', yes: false },
      ],
      now: new Date(issued),
      vkey: 'v',
    });
    const handle = slips[0]?.handle;
    const answer = {
      meeting: 'm1',
      title: '',
      receipt,
      salt: '',
      index: 0,
      proof: '',
      noticeText: noticeText('en'),
      choices: [
        yes
          ? { purpose: 'captions', medium: 'voice', state: 'given', handle: handle ?? '' }
          : { purpose: 'captions', medium: 'voice', state: 'refused' },
        { purpose: 'notes', medium: 'voice', state: 'refused' },
      ],
    };
    return { device: by, answer, handle: handle ?? '' };
  }

  it('is taken for what was signed only when text and choices are those of the receipt', async () => {
    const { device, answer, handle } = await signed(true);
    expect(await saidThen(answer, device)).toMatchObject({ differs: undefined });
    const differs = async (change: object) => (await saidThen({ ...answer, ...change }, device)).differs;
    expect(await differs({ noticeText: noticeText('nl') })).toBe('text');
    expect(await differs({ noticeText: answer.noticeText.replace('then forgotten', 'then kept') })).toBe(
      'text',
    );
    const [captions, notes] = answer.choices;
    for (const choices of [
      [captions],
      [captions, { ...notes, purpose: 'training' }],
      [captions, { ...notes, state: 'given', handle }],
      [{ ...captions, medium: 'video' }, notes],
      [{ ...captions, handle: 'another' }, notes],
      [{ purpose: 'captions', medium: 'voice', state: 'refused' }, notes],
      [captions, captions, notes],
    ])
      expect(await differs({ choices }), JSON.stringify(choices)).toBe('choices');
    const ended = await saidThen(
      { ...answer, choices: [{ ...captions, state: 'withdrawn' }, notes] as never },
      device,
    );
    expect(ended.differs).toBeUndefined();
    expect(ended.told.get(handle), 'what the server says became of it').toBe('withdrawn');
    expect(latest([ended])[0]).toMatchObject({ purpose: 'captions', state: 'given' });
  });

  it('is not what was said: that comes from the receipts of this device, the newest last', async () => {
    const first = await signed(true, 1000);
    const second = await signed(false, 2000, Promise.resolve(first.device));
    const lie = { ...second.answer, choices: [{ purpose: 'captions', medium: 'voice', state: 'given' }] };
    const said = [await saidThen(lie, first.device), await saidThen(first.answer, first.device)];
    expect(latest(said).map((c) => [c.purpose, c.state])).toEqual([
      ['captions', 'refused'],
      ['notes', 'refused'],
    ]);
    const other = await signed(true);
    const foreign = await saidThen(other.answer, first.device);
    expect(foreign.differs).toBe('signer');
    expect(latest([foreign])).toEqual([]);
    const elsewhere = await signed(true, 0, freshDevice('m2'));
    expect((await saidThen(elsewhere.answer, first.device)).differs).toBe('signer');
  });
});

describe('answers for more than one meeting', () => {
  afterEach(() => vi.unstubAllGlobals());
  const MONDAY = Date.parse('2026-11-23T10:00:00.000Z');
  const DAY = 86_400_000;
  const days = (n: number) => new Date(MONDAY + n * DAY);
  const until = (n: number) => days(n).toISOString();

  async function answered(
    by: Device,
    scope: Scope,
    yes: boolean,
    at: Date,
    state = yes ? 'given' : 'refused',
  ) {
    const { receipt, slips } = await signReceipt({
      device: by,
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient: { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } },
      answers: [{ purpose: 'notes', medium: 'voice', yes }],
      scope,
      now: at,
      vkey: 'v',
    });
    const handle = slips[0]?.handle;
    return {
      meeting: by.record.meeting,
      title: '',
      receipt,
      salt: '',
      index: 0,
      proof: '',
      noticeText: noticeText('en'),
      choices: [{ purpose: 'notes', medium: 'voice', state, ...(handle === undefined ? {} : { handle }) }],
    };
  }

  /** The page of a browser in which one lasting key sat in three meetings, and what the server answers to it. */
  async function page(answers: (first: Device) => Promise<Awaited<ReturnType<typeof answered>>[]>) {
    const fresh = await freshDevice('me-1');
    const first = new Device({ ...fresh.record, lasting: true });
    for (const device of [first, first.in('me-2', 'Second', days(7)), first.in('me-3', 'Third', days(14))])
      await device.keep();
    const account = {
      person: await first.person(),
      answers: await answers(first),
      held: [{ kind: 'notes', meeting: 'me-2', at: until(7), text: 'lantern', block: 'b' }],
      used: [{ kind: 'model', id: 'x', index: 3, state: 'current' }],
      withdrawals: [],
    };
    const asked: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      asked.push(path);
      return Promise.resolve(
        path === '/api/me' ? new Response(JSON.stringify(account)) : new Response('{}', { status: 404 }),
      );
    });
    const model = new MeModel();
    await model.load();
    model.close();
    const { meetings } = model.store.get();
    const mine = meetings.filter((m) => m.device.record.meeting.startsWith('me-'));
    return { asked, mine };
  }

  it('are asked for once and told once, and each meeting has what belongs to it', async () => {
    const everywhere: Scope = { kind: 'organisation', until: until(90) };
    const { asked, mine } = await page(async (first) => [await answered(first, everywhere, true, days(0))]);
    expect(asked.filter((path) => path === '/api/me')).toHaveLength(1);
    expect(
      mine.map((m) => [m.device.record.meeting, m.account?.held.length, m.account?.answers.length]),
    ).toEqual([
      ['me-3', 0, 0],
      ['me-2', 1, 0],
      ['me-1', 0, 1],
    ]);
    const all = widerAnswers(mine, days(14));
    expect(all.map(({ scope, controller, over, since }) => ({ scope, controller, over, since }))).toEqual([
      { scope: everywhere, controller: 'Example Org', over: false, since: days(0) },
    ]);
    expect(all[0]?.choices).toMatchObject([{ purpose: 'notes', medium: 'voice', state: 'given' }]);
    expect(
      mine.flatMap((m) => latest(m.said.values())),
      'and not in its meeting, too',
    ).toEqual([]);
  });

  it('are over from their end on, and a yes under which something may be kept is never hidden by a later one', async () => {
    const first: Scope = { kind: 'organisation', until: until(5) };
    const second: Scope = { kind: 'organisation', until: until(90) };
    const { mine } = await page(async (device) => [
      await answered(device, first, true, days(0)),
      await answered(device.in('me-2', '', days(7)), second, true, days(7)),
    ]);
    const told = (now: Date) => widerAnswers(mine, now).map(({ scope, over }) => [scope, over]);
    expect(told(new Date(days(5).getTime() - 1))).toEqual([
      [second, false],
      [first, false],
    ]);
    expect(told(days(5))).toEqual([
      [second, false],
      [first, true],
    ]);
  });

  it('are told as they were said last, for each reach, and a yes stays until its end is seen in the log', async () => {
    const everywhere: Scope = { kind: 'organisation', until: until(90) };
    const room: Scope = { kind: 'room', id: 'r1', until: until(90) };
    const { mine } = await page(async (device) => [
      await answered(device, everywhere, true, days(0), 'withdrawn'),
      await answered(device.in('me-2', '', days(7)), everywhere, false, days(7)),
      await answered(device.in('me-3', '', days(14)), room, true, days(14)),
    ]);
    const told = () =>
      widerAnswers(mine, days(20)).map(({ scope, choices }) => [scope.kind, choices[0]?.state]);
    expect(told()).toEqual([
      ['room', 'given'],
      ['organisation', 'refused'],
      ['organisation', 'given'],
    ]);
    const [, , first] = mine;
    const handle = [...(first?.said.values() ?? [])][0]?.choices[0]?.handle ?? '';
    mine[2] = { ...first, ended: new Map([[handle, 'slip']]) } as MeetingOfMine;
    expect(told()).toEqual([
      ['room', 'given'],
      ['organisation', 'refused'],
    ]);
  });
});

describe('a server that lies about what stands', () => {
  afterEach(() => vi.unstubAllGlobals());
  beforeEach(async () => {
    for (const { id } of await receipts.all()) await receipts.delete(id);
    for (const { handle } of await slips.all()) await slips.delete(handle);
  });

  /** A browser in which a lasting key said yes to every meeting here, in a meeting of that name, and its log. */
  async function said(meeting: string) {
    const log = await logInMemory();
    await new Shelf('aye', 'checkpoints').delete(log.origin);
    const fresh = await freshDevice(meeting);
    const device = new Device({ ...fresh.record, lasting: true });
    await device.keep();
    const signed = await signReceipt({
      device,
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient: { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } },
      answers: [{ purpose: 'training', medium: 'voice', yes: true }],
      scope: { kind: 'organisation', until: '2199-01-01T00:00:00.000Z' },
      now: new Date(),
      vkey: log.vkey,
    });
    const [slip] = signed.slips;
    if (!slip) throw new Error('a yes has a slip');
    log.entries.push(leaf.answer(await commitment(signed.salt, signed.receipt)));
    const kept = {
      id: signed.id,
      meeting,
      title: 'A meeting',
      receipt: signed.receipt,
      salt: b64u(signed.salt),
      index: 0,
      proof: await log.proof(0),
      noticeText: noticeText('en'),
      vkey: log.vkey,
      at: new Date().toISOString(),
    };
    await receipts.put(kept);
    await slips.put(slip);
    const handle = slip.handle;
    const gone = (index: number) => ({
      handle,
      meeting,
      purpose: 'training',
      medium: 'voice',
      state: 'withdrawn',
      at: '2026-11-22T10:00:00.000Z',
      index,
      steps: [{ step: 'stop', state: 'done' }],
      account: 'x',
    });
    const page = async (account: object) => {
      vi.stubGlobal('fetch', async (path: string) => {
        if (path.startsWith('/log/')) return new Response(await log.fetch(path));
        if (path !== '/api/me') return new Response(JSON.stringify({ log: { vkey: log.vkey } }));
        const nothing = { person: '', answers: [], held: [], used: [], withdrawals: [] };
        return new Response(JSON.stringify({ ...nothing, ...account }));
      });
      const model = new MeModel();
      await model.load();
      model.close();
      const state = model.store.get();
      const mine = state.meetings.find((m) => m.device.record.meeting === meeting);
      if (!mine) throw new Error('the meeting is not listed');
      const [wider] = widerAnswers([mine], new Date(), takenHere(state));
      const [choice] = wider?.choices ?? [];
      return {
        stand: choice && standOf(choice, mine, takenHere(state)),
        hidden: mine.hidden,
        issued: [...mine.said.values()][0]?.issued,
        standing: standing(state, new Date()).map((yes) => yes.choice.handle),
      };
    };
    const choices = (state: string) => [{ purpose: 'training', medium: 'voice', state, handle }];
    return { log, kept, slip, gone, choices, page };
  }

  it('hides no wider yes: what this device signed stands, and is said to be hidden', async () => {
    const { page, kept, slip } = await said('lie-1');
    expect(await page({})).toMatchObject({
      stand: { state: 'given', stands: true, claimed: false },
      hidden: new Set([kept.receipt]),
      standing: [slip.handle],
    });
  });

  it('ends none by its word, also with an entry of the log that is about something else', async () => {
    const { page, kept, slip, log, gone, choices } = await said('lie-2');
    log.entries.push(leaf.withdraw(new Uint8Array(32)), leaf.revoke(new Uint8Array(32)));
    for (const withdrawals of [[], [gone(0)], [gone(1)], [gone(2)], [gone(3)], [gone(-1)]]) {
      const answers = [{ ...kept, choices: choices('withdrawn') }];
      expect(await page({ answers, withdrawals })).toMatchObject({
        stand: { state: 'given', stands: true, claimed: true },
        hidden: new Set(),
        standing: [slip.handle],
      });
    }
  });

  it('is believed once the log shows the end, by the slip or by the server', async () => {
    for (const how of ['slip', 'server'] as const) {
      const { page, kept, slip, log, gone, choices } = await said(`true-${how}`);
      const by = {
        slip: () => leaf.withdraw(unb64u(slip.secret)),
        server: () => leaf.revoke(unb64u(slip.handle)),
      };
      log.entries.push(by[how]());
      const answers = [{ ...kept, choices: choices('withdrawn') }];
      const told = await page({ answers, withdrawals: [gone(1)] });
      expect(told.standing).not.toContain(slip.handle);
      expect(told.stand?.state).toBe(how === 'slip' ? 'withdrawn' : 'revoked');
    }
  });

  it('shows a receipt that this device lost, which is kept again once it is proved', async () => {
    const { page, kept, choices } = await said('lost-1');
    await receipts.delete(kept.id);
    await page({ answers: [{ ...kept, proof: 'none', choices: choices('given') }] });
    expect(await receipts.get(kept.id)).toBeUndefined();
    const told = await page({ answers: [{ ...kept, choices: choices('given') }] });
    expect(told.stand?.stands).toBe(true);
    expect(await receipts.get(kept.id)).toEqual({ ...kept, at: told.issued });
  });
});

describe('taking back everything', () => {
  it('counts what is done, in the log, not told yet, and unknown', () => {
    const at = { stopped: new Date(), meeting: 'm' };
    const by = new Date();
    const said = new Map<string, Said>([
      ['a', { is: 'inLog', index: 1, by, ...at }],
      ['b', { is: 'promised', by, ...at }],
      ['c', { is: 'sending', ...at }],
      ['d', { is: 'sending', why: new Problem('offline', 0, ''), ...at }],
      ['e', { is: 'unchecked', why: new Problem('unknown-yes', 404, ''), ...at }],
      ['f', { is: 'unchecked', why: new Error('the log is away'), ...at }],
    ]);
    expect(progressOf(['a', 'b', 'c', 'd', 'e', 'f', 'g'], said)).toEqual({
      count: 7,
      done: 3,
      logged: 1,
      away: 1,
      unknown: 1,
    });
  });
});
