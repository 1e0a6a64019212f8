import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import type { Meeting } from '../api/client';
import { receipts, slips } from '../consent/keeping';
import { en } from '../../words/en';

import { SAID, forget, next, quiet, row, server, soon } from '../../../tests/rooms';

describe('a no in the room', () => {
  it('to a row that was given withdraws it with its slip, and shows as a no at once', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    expect(said('captions')).toBe('given');
    const told = room.decide(row('captions'), false);
    expect(said('captions')).toBe('withdrawn');
    await told;
    expect(story).toContain('no, answers');
    expect(said('captions')).toBe('withdrawn');
    expect((await slips.get(slip.handle))?.usedAt).toBeDefined();
    expect(room.store.get().standings.has(slip.handle)).toBe(true);
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
    await room.leave();
  });

  it('is not undone by a reload while the server cannot be reached', async () => {
    const { scene, story, yes, load } = await server();
    const slip = await yes('captions');
    await yes('notes');
    const before = await load();
    await before.room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    scene.reach = 'silent';
    void before.room.decide(row('captions'), false);
    await soon(() => expect(story).toContain('no, silent'));
    expect((await slips.get(slip.handle))?.takenAt).toBeDefined();
    await before.room.leave();

    story.length = 0;
    scene.reach = 'unreachable';
    const after = await load();
    await after.room.enter([]);
    await soon(() => expect(after.said('notes')).toBe('given'));
    await soon(() => expect(story).toContain('no, unreachable'));
    expect(after.said('captions')).toBe('withdrawn');
    expect(story).not.toContain('open');

    scene.reach = 'answers';
    await soon(() => expect(story).toContain('open'));
    expect(story.indexOf('no, answers')).toBeLessThan(story.indexOf('open'));
    expect(after.said('captions')).toBe('withdrawn');
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
    await after.room.leave();
  });

  it('on the card before joining takes back what was given, before anything is opened', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    await soon(async () => expect((await slips.get(slip.handle))?.usedAt).toBeDefined());
    await soon(() => expect(said('captions')).toBe('withdrawn'));
    expect(story).toContain('no, answers');
    expect(story).not.toContain('open');
    await room.leave();
  });

  it('where the slip is lost goes by the key that signed the yes, and is not undone by a reload', async () => {
    const { scene, story, sent, yes, load, device } = await server();
    await device.keep();
    const slip = await yes('captions');
    await yes('notes');
    await slips.delete(slip.handle);
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    expect(said('captions')).toBe('given');
    // No answer is written down just now, and none is needed.
    scene.refuses = 'captions';
    scene.reach = 'unreachable';
    void room.decide(row('captions'), false);
    expect(said('captions')).toBe('withdrawn');
    await soon(() => expect(story).toContain('no by key, unreachable'));
    await room.leave();

    story.length = 0;
    const after = await load();
    await after.room.enter([]);
    await soon(() => expect(story).toContain('no by key, unreachable'));
    await quiet();
    expect(after.said('captions')).toBe('withdrawn');
    expect(story, 'the server would take it for captions, too').not.toContain('open');
    scene.reach = 'answers';
    await soon(() => expect(story).toContain('open'));
    expect(story.indexOf('no by key, answers')).toBeLessThan(story.indexOf('open'));
    await soon(() => expect(after.room.store.get().standings.get(slip.handle)?.is).toBe('inLog'));
    expect(after.said('captions')).toBe('withdrawn');
    expect(sent, 'nothing was signed').toEqual([]);
    await after.room.leave();
  });

  it('on the card before joining goes by the key, too, where the slip is lost', async () => {
    const { story, sent, yes, load, device } = await server();
    await device.keep();
    const slip = await yes('captions');
    await slips.delete(slip.handle);
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    await soon(() => expect(story).toEqual(['no by key, answers']));
    expect(said('captions')).toBe('withdrawn');
    expect(sent).toEqual([]);
    await room.leave();
  });

  it('said after leaving opens nothing for what remains', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    await yes('notes');
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    await room.leave();
    await room.withdraw([slip.handle]);
    expect(story).toContain('no, answers');
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
  });
});

describe('a no that takes back a yes', () => {
  const asksIn = async ({ load, tell }: Awaited<ReturnType<typeof server>>, after: Meeting) => {
    const fewer = { ...after, ai: { ...after.ai, purposes: ['notes'] } };
    const { room } = await load(fewer, true, undefined, ['notes']);
    await room.enter([]);
    tell('meeting', after);
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toContain('training'));
    const asked = room.store.get().fresh.map((r) => r.purpose);
    await room.leave();
    return asked;
  };

  it('is not asked again in the next meeting, in either language, nor when it is switched on in its midst', async () => {
    await forget();
    const all = await server();
    await all.yes('captions');
    const { room } = await all.load();
    await room.enter([]);
    expect((await next(all.meeting)).captions).toBeUndefined();
    await room.decide(row('captions'), false);
    await room.leave();
    for (const locale of ['en', 'nl'] as const)
      expect((await next(all.meeting, locale)).captions, locale).toEqual(SAID);
    expect(await asksIn(all, (await next(all.meeting)).after)).toEqual(['training']);
  });

  it('after a no and a yes is the last word, and a yes after it forgets it', async () => {
    await forget();
    const { load, meeting, story } = await server();
    const { room } = await load();
    await room.enter([]);
    await room.decide(row('captions'), false);
    expect((await next(meeting)).captions).toEqual(SAID);
    await room.decide(row('captions'), true);
    expect((await next(meeting)).captions).toBeUndefined();
    await room.decide(row('captions'), false);
    expect(story).toContain('no, answers');
    expect((await next(meeting)).captions).toEqual(SAID);
    await room.decide(row('captions'), true);
    expect((await next(meeting)).captions).toBeUndefined();
    await room.leave();
  });

  it('on the card before joining, or after leaving, is remembered, too', async () => {
    await forget();
    const before = await server();
    await before.yes('captions');
    const { room } = await before.load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    expect((await next(before.meeting)).captions).toEqual(SAID);
    await room.leave();

    await forget();
    const after = await server();
    const slip = await after.yes('captions');
    const left = (await after.load()).room;
    await left.enter([]);
    await left.leave();
    await left.withdraw([slip.handle]);
    for (const locale of ['en', 'nl'] as const)
      expect((await next(after.meeting, locale)).captions, locale).toEqual(SAID);
  });

  it('is remembered also where the server cannot be told, and a wider one for every meeting', async () => {
    await forget();
    const { scene, yes, load, meeting } = await server(true);
    await yes('captions', 'voice', {
      kind: 'organisation',
      until: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const { room } = await load({ ...meeting, scope: { widest: 'organisation', days: 90 } });
    await room.enter([]);
    scene.reach = 'unreachable';
    void room.decide(row('captions'), false);
    await soon(async () => expect((await next(meeting)).captions).toEqual(SAID));
    scene.reach = 'answers';
    await room.leave();
  });

  it('in this meeting only is not remembered for another one', async () => {
    await forget();
    const { yes, load, meeting } = await server(true);
    await yes('captions', 'voice', {
      kind: 'room',
      id: 'r1',
      until: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const { room, said } = await load({ ...meeting, scope: { widest: 'room', days: 90 } });
    await room.enter([]);
    await room.refuseHere(row('captions'));
    expect(said('captions')).toBe('refused');
    expect((await next(meeting)).captions).toBeUndefined();
    await room.leave();
  });

  it('that is not one, because a yes is said anew for one that was never proved, is not remembered', async () => {
    await forget();
    const { scene, story, load, meeting } = await server();
    scene.answering = 'lost';
    const before = await load();
    await before.room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await before.room.leave();
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    await room.decide(row('captions'), true);
    expect(story).toContain('no, answers');
    expect((await next(meeting)).captions).toBeUndefined();
    await room.leave();
  });
});

describe('a no that the server does not confirm', () => {
  /** The words of the page that was loaded last. */
  const inEnglish = async () => {
    const { default: words } = await import('i18next');
    await words.init({ lng: 'en', defaultNS: 'words', resources: { en: { words: en } } });
  };
  const words = (key: string) => (en.errors as unknown as Record<string, string>)[key];

  it('is told as the no that it is, without pressing; a yes is told as one that does not count', async () => {
    const { scene, load } = await server();
    const { room, said } = await load();
    await inEnglish();
    await room.enter([]);
    for (const reason of ['not-stored', 'not-witnessed-yet', 'disk-full']) {
      scene.refuses = 'captions';
      scene.reason = reason;
      await room.decide(row('captions'), false);
      expect(room.store.get().trouble, reason).toBe(words('no'));
      await room.sign([
        { purpose: 'captions', medium: 'voice', yes: false },
        { purpose: 'notes', medium: 'voice', yes: true },
      ]);
      expect(room.store.get().trouble, reason).toMatch(/.\. What you said no to stays a no\.$/);
      room.clearTrouble();
      // The yes to notes was not recorded either; the slip that was drawn for it is used up before the next.
      await room.decide(row('notes'), false);
      room.clearTrouble();
    }
    await room.decide(row('captions'), true);
    expect(room.store.get().trouble).not.toContain(words('noBeside'));
    expect(said('captions')).toBe('requested');
    await room.leave();
  });

  it('says what became of the yes that it was to end', async () => {
    const { scene, yes, load, meeting } = await server();
    const slip = await yes('captions');
    await slips.delete(slip.handle);
    for (const { id, meeting: of } of await receipts.all()) if (of === meeting.id) await receipts.delete(id);
    const { room } = await load();
    await inEnglish();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    scene.refuses = 'captions';
    await room.decide(row('captions'), false);
    expect(room.store.get().trouble).toBe(words('noAfterYes'));
    await room.leave();
  });

  it('for this meeting only says so, lets nothing of its medium out until it is recorded, and can be pressed again', async () => {
    const { scene, story, sent, yes, load, meeting } = await server(true);
    const wide = { kind: 'room', id: 'r1', until: new Date(Date.now() + 3_600_000).toISOString() } as const;
    await yes('captions', 'voice', wide);
    await yes('notes', 'voice', wide);
    const { room, said } = await load({ ...meeting, scope: { widest: 'room', days: 90 } });
    await inEnglish();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    scene.refuses = 'captions';
    await room.refuseHere(row('captions'));
    expect(room.store.get().trouble).toBe(words('noHere'));
    await quiet();
    expect(said('notes')).toBe('given');
    expect(room.store.get().listening.is).toBe('off');
    expect(
      story.filter((s) => s === 'open'),
      'the server would take it for captions, too',
    ).toHaveLength(1);
    scene.refuses = undefined;
    sent.length = 0;
    await room.decide(row('captions'), false);
    expect(sent).toEqual([['captions voice refused']]);
    await soon(() => expect(story.filter((s) => s === 'open')).toHaveLength(2));
    expect(story).not.toContain('no, answers');
    await room.leave();
  });
});

describe('a no that overtakes a yes', () => {
  /** The server keeps its replies to answers back while `which` says so, until the returned function is called. */
  const holdsBack = (which: () => boolean) => {
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await honest(path, init);
      if (path.endsWith('/answers') && which()) await slow;
      return reply;
    });
    return () => release();
  };

  it('is shown and silences at once, and takes the yes back when it is known what became of it', async () => {
    const { story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    let answers: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (answers = resolve));
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      if (path.endsWith('/answers')) await slow;
      return honest(path, init);
    });
    const yes = room.decide(row('captions'), true);
    await quiet();
    const no = room.decide(row('captions'), false);
    expect([...room.store.get().refusing]).toEqual(['captions voice']);
    await room.decide(row('captions'), false);
    answers();
    await Promise.all([yes, no]);
    await quiet();
    expect(asked, 'a no by withdrawal, and only one').toEqual(['captions given']);
    expect(story).toEqual(['no, answers']);
    expect(said('captions')).toBe('withdrawn');
    expect(room.store.get().refusing.size).toBe(0);
    await room.leave();
  });

  it('before the yes has left tears it up: it is not sent, and no slip of it stays', async () => {
    const { sent, story, load, meeting } = await server();
    const { room, said } = await load();
    await room.enter([]);
    await Promise.all([room.decide(row('captions'), true), room.decide(row('captions'), false)]);
    await quiet();
    expect(sent).toEqual([['captions voice refused']]);
    expect(story).toEqual([]);
    expect((await slips.all()).filter((s) => s.meeting === meeting.id)).toEqual([]);
    expect(said('captions')).toBe('refused');
    await room.leave();
  });

  it('tears up only its own row of what is signed together', async () => {
    const { sent, asked, load } = await server();
    const { room, said } = await load();
    const entering = room.enter([
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'notes', medium: 'voice', yes: true },
    ]);
    const before = crypto.subtle.sign.bind(crypto.subtle);
    let no: Promise<void> | undefined;
    const signs = vi.spyOn(crypto.subtle, 'sign').mockImplementation((...args) => {
      if (room.store.get().phase === 'in' && room.store.get().busy.size > 0)
        no ??= room.decide(row('captions'), false);
      return before(...args);
    });
    await entering;
    signs.mockRestore();
    expect(no, 'pressed while the receipt was being signed').toBeDefined();
    await no;
    expect(new Set(sent.map((receipt) => receipt.join()))).toEqual(
      new Set(['captions voice refused', 'notes voice given']),
    );
    expect(asked).toHaveLength(2);
    expect([said('captions'), said('notes')]).toEqual(['refused', 'given']);
    await room.leave();
  });

  it('is not undone where the page is closed before the server has replied to the yes', async () => {
    await forget();
    const { asked, story, log, load, meeting } = await server();
    const { room } = await load();
    await room.enter([]);
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await honest(path, init);
      return path.endsWith('/answers') ? new Promise<Response>(() => undefined) : reply;
    });
    void room.decide(row('captions'), true);
    await soon(() => expect(asked).toEqual(['captions given']));
    void room.decide(row('captions'), false);
    await quiet();
    expect(story, 'nothing was opened, nothing told').toEqual([]);

    vi.stubGlobal('fetch', honest);
    expect((await next(meeting)).captions).toEqual(SAID);
    const after = await load();
    await after.room.enter([]);
    await soon(() => expect(story).toEqual(['no, answers']));
    expect(log.entries, 'the key, the yes and its end').toHaveLength(3);
    expect(after.said('captions')).toBe('withdrawn');
    await after.room.leave();
  });

  it('takes back a yes whose reply never came, once the page has waited long enough, and says nothing of the yes', async () => {
    const { story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    const waits = new Map<string, AbortController>();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      const wait = new AbortController();
      waits.set(`${ms}`, wait);
      return wait.signal;
    });
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await honest(path, init);
      if (!path.endsWith('/answers') || asked.length > 1) return reply;
      return new Promise<Response>((_resolve, reject) =>
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)),
      );
    });
    const yes = room.decide(row('captions'), true);
    await soon(() => expect(asked).toEqual(['captions given']));
    const no = room.decide(row('captions'), false);
    await quiet();
    const patience = waits.get('30000');
    expect(patience).toBeDefined();
    patience?.abort(new DOMException('it took too long', 'TimeoutError'));
    await Promise.all([yes, no]);
    timeout.mockRestore();
    expect(story).toEqual(['no, answers']);
    // Should the yes come to the server only now, it is older than this no.
    expect(asked).toEqual(['captions given', 'captions refused']);
    expect(said('captions')).toBe('refused');
    expect(room.store.get().trouble).toBeUndefined();
    await room.leave();
  });

  it('ends only what came before it where a yes was pressed since', async () => {
    const { scene, story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    const answers = holdsBack(() => asked.length === 1);
    const presses = [room.decide(row('captions'), true)];
    await soon(() => expect(asked).toHaveLength(1));
    presses.push(room.decide(row('captions'), false));
    await quiet();
    presses.push(room.decide(row('captions'), true));
    await quiet();
    expect(asked, 'it comes after what is under way').toHaveLength(1);
    answers();
    await Promise.all(presses);
    await quiet();
    expect(asked).toEqual(['captions given', 'captions given']);
    expect(story.filter((s) => s.startsWith('no'))).toEqual([`no, ${scene.reach}`]);
    expect(said('captions')).toBe('given');
    await room.leave();
  });

  it('is the last word of what no yes was pressed to since', async () => {
    const { asked, load } = await server();
    const { room } = await load();
    const learning = row('training');
    await room.enter([]);
    const answers = holdsBack(() => asked.length === 2);
    const presses = [room.decide(learning, true)];
    await soon(() => expect(asked).toHaveLength(2));
    presses.push(room.decide(learning, false));
    await quiet();
    presses.push(room.decide(learning, true, ['chat']));
    await quiet();
    answers();
    await Promise.all(presses);
    await quiet();
    expect(room.choice('training', 'voice')).toBe('withdrawn');
    expect(room.choice('training', 'chat')).toBe('given');
    await room.leave();
  });

  it('is the last word also over a yes that was put by before it, and that another one came between', async () => {
    const { sent, asked, load } = await server();
    const { room, said } = await load();
    const answers = holdsBack(() => asked.length === 1);
    // Two receipts: the one for Learning is signed when the other is recorded.
    const entering = room.enter([
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'training', medium: 'voice', yes: true },
    ]);
    await soon(() => expect(asked).toEqual(['captions given']));
    const presses = [];
    for (const yes of [false, true, false]) {
      presses.push(room.decide(row('training'), yes, ['voice']));
      await quiet();
    }
    answers();
    await Promise.all([entering, ...presses]);
    await quiet();
    expect(sent.flat().filter((one) => one === 'training voice given')).toHaveLength(1);
    expect(said('training' as 'notes')).toBe('withdrawn');
    expect(said('captions')).toBe('given');
    await room.leave();
  });

  it('is not said any more by a page that was left', async () => {
    const { sent, asked, load } = await server();
    const { room } = await load();
    const answers = holdsBack(() => asked.length === 1);
    const entering = room.enter([
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'training', medium: 'voice', yes: true },
    ]);
    await soon(() => expect(asked).toEqual(['captions given']));
    await room.leave();
    answers();
    await entering;
    await quiet();
    expect(sent).toEqual([['captions voice given']]);
  });

  it('is not said by a page that is left while it connects, which never comes back', async () => {
    const { sent, load } = await server();
    const { room } = await load();
    const entering = room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await room.leave();
    await entering;
    await quiet();
    expect(sent).toEqual([]);
    expect(room.store.get().phase).toBe('out');
  });

  it('silences its medium at once while the yes is on its way, whatever else was given, and no longer', async () => {
    const { asked, story, yes, load } = await server();
    await yes('notes');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    const answers = holdsBack(() => asked.at(-1) === 'captions given');
    const presses = [room.decide(row('captions'), true)];
    await soon(() => expect(asked.at(-1)).toBe('captions given'));
    expect(room.store.get().listening.is).toBe('on');
    presses.push(room.decide(row('captions'), false));
    expect(room.store.get().listening.is, 'at once').not.toBe('on');
    await quiet();
    expect(room.store.get().listening.is, 'and while it waits').not.toBe('on');
    answers();
    await Promise.all(presses);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    expect([said('captions'), said('notes')]).toEqual(['withdrawn', 'given']);
    expect(story.filter((one) => one.startsWith('no'))).toEqual(['no, answers']);
    await room.leave();
  });

  it('takes back a yes whose reply was lost while another receipt is still on its way', async () => {
    const { asked, story, load } = await server();
    const { room } = await load();
    const answers = holdsBack(() => asked.length > 1);
    const held = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await held(path, init);
      if (path.endsWith('/answers') && asked.length === 1) throw new TypeError('no network');
      return reply;
    });
    const entering = room.enter([
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'training', medium: 'voice', yes: true },
    ]);
    await soon(() => expect(asked).toEqual(['captions given', 'training given']));
    const no = room.decide(row('captions'), false);
    await soon(() => expect(story).toEqual(['no, answers']));
    answers();
    await Promise.all([entering, no]);
    await quiet();
    expect(room.choice('training', 'voice')).toBe('given');
    await room.leave();
  });

  it('after leaving takes back also a yes of which nothing was heard', async () => {
    const { scene, story, yes, load } = await server();
    const slip = await yes('notes');
    const { room } = await load();
    await room.enter([]);
    scene.answering = 'lost';
    await room.decide(row('captions'), true);
    scene.answering = 'honest';
    await room.leave();
    story.length = 0;
    await room.withdraw([slip.handle]);
    expect(story).toEqual(['no, answers', 'no, answers']);
  });

  it('from the door does not undo a yes that was pressed in the room since', async () => {
    const { sent, asked, load } = await server();
    const { room } = await load();
    const answers = holdsBack(() => asked.length === 1);
    const entering = room.enter([
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'training', medium: 'voice', yes: false },
    ]);
    await soon(() => expect(asked).toEqual(['captions given']));
    const presses = [];
    for (const yes of [false, true]) {
      presses.push(room.decide(row('training'), yes, ['voice']));
      await quiet();
    }
    answers();
    await Promise.all([entering, ...presses]);
    await quiet();
    expect(sent.flat().filter((one) => one.startsWith('training'))).toEqual([
      'training voice refused',
      'training voice given',
    ]);
    expect(room.choice('training', 'voice')).toBe('given');
    await room.leave();
  });

  it('to what never was proved silences its medium until the server knows, whatever else was given', async () => {
    const { scene, story, yes, load } = await server();
    await yes('notes');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    scene.answering = 'lost';
    await room.decide(row('captions'), true);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    scene.answering = 'honest';
    scene.reach = 'unreachable';
    void room.decide(row('captions'), false);
    expect(room.store.get().listening.is, 'at once').not.toBe('on');
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    expect(said('notes')).toBe('given');
    scene.reach = 'answers';
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    expect(story.at(-1)).toBe('open');
    await room.leave();
  });

  it('after a no and a yes of which nothing was heard is signed, too', async () => {
    const { scene, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    await room.decide(row('captions'), false);
    scene.answering = 'lost';
    await room.decide(row('captions'), true);
    scene.answering = 'honest';
    await room.decide(row('captions'), false);
    expect(asked).toEqual(['captions refused', 'captions given', 'captions refused']);
    expect(said('captions')).toBe('refused');
    await room.leave();
  });

  it('while what stood before is being ended is the last word: the yes is never signed', async () => {
    const { scene, story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    scene.answering = 'lost';
    await room.decide(row('captions'), true);
    expect(asked).toEqual(['captions given']);
    scene.answering = 'honest';
    let ended: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (ended = resolve));
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      if (path === '/api/withdrawals') await slow;
      return honest(path, init);
    });
    const yes = room.decide(row('captions'), true);
    await quiet();
    const no = room.decide(row('captions'), false);
    await quiet();
    ended();
    await Promise.all([yes, no]);
    await quiet();
    expect(
      asked.filter((a) => a === 'captions given'),
      'the yes whose reply was lost, and no other',
    ).toHaveLength(1);
    expect(story).not.toContain('open');
    expect(said('captions')).not.toBe('given');
    await room.leave();
  });

  it('pressed while the page still connects comes after the yes that was chosen at the door', async () => {
    const { story, asked, load } = await server();
    const { room, said } = await load();
    const entering = room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await Promise.all([entering, room.decide(row('captions'), false)]);
    await quiet();
    expect(asked).toEqual(['captions refused']);
    expect(story).not.toContain('open');
    expect(said('captions')).toBe('refused');
    await room.leave();
  });

  it('does not stand in the way of a yes that comes after it', async () => {
    const { asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    await room.decide(row('captions'), false);
    const yes = room.decide(row('captions'), true);
    expect(room.store.get().refusing.size).toBe(0);
    await yes;
    expect(asked).toEqual(['captions refused', 'captions given']);
    expect(said('captions')).toBe('given');
    await room.leave();
  });
});
