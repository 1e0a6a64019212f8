import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Meeting } from '../api/client';
import { b64u } from '../bytes/bytes';
import { receipts, refusals, slips } from '../consent/keeping';
import { readReceipt } from '../consent/receiptReader';
import { THIS_MEETING, type Scope } from '../consent/scope';
import { ecdhPair } from '../encryption/secret';
import type { RoomModel } from './roomModel';

import { quiet, row, server, soon } from '../../../tests/rooms';

describe('an answer to Learning', () => {
  const everyRow = (yes: boolean) => [
    { purpose: 'captions' as const, medium: 'voice' as const, yes },
    { purpose: 'training' as const, medium: 'voice' as const, yes },
    { purpose: 'notes' as const, medium: 'voice' as const, yes: !yes },
    { purpose: 'training' as const, medium: 'chat' as const, yes: !yes },
  ];

  it('is a receipt of its own, whatever is said, and one stream is opened for all', async () => {
    for (const yes of [true, false]) {
      const { story, sent, log, load } = await server();
      const { room } = await load();
      const before = log.entries.length;
      await room.enter(everyRow(yes));
      const said = (given: boolean) => (given ? 'given' : 'refused');
      expect(sent).toEqual([
        [`captions voice ${said(yes)}`, `notes voice ${said(!yes)}`],
        [`training voice ${said(yes)}`, `training chat ${said(!yes)}`],
      ]);
      expect(log.entries.length - before).toBe(2);
      expect(room.store.get().receipts).toHaveLength(2);
      await soon(() => expect(room.store.get().listening.is).toBe('on'));
      expect(story.filter((s) => s === 'open')).toHaveLength(1);
      await room.leave();
    }
  });

  it('that was not recorded shows as none, beside those that were; pressed again, it alone is sent', async () => {
    const { scene, sent, story, load } = await server();
    scene.refuses = 'training';
    const { room, said } = await load();
    await room.enter(everyRow(true));
    expect(said('captions')).toBe('given');
    expect(said('notes')).toBe('refused');
    expect(room.choice('training', 'voice')).toBe('requested');
    expect(room.choice('training', 'chat')).toBe('requested');
    expect(room.store.get().trouble).toBeDefined();
    await soon(() => expect(story).toEqual(['open']));

    scene.refuses = undefined;
    sent.length = 0;
    await room.decide(row('training'), true);
    expect(sent).toEqual([['training voice given', 'training chat given']]);
    expect(room.choice('training', 'voice')).toBe('given');
    expect(room.store.get().trouble).toBeUndefined();
    await room.leave();
  });

  it('is sent also when the others could not be recorded', async () => {
    const { scene, sent, load } = await server();
    scene.refuses = 'captions';
    const { room, said } = await load();
    await room.enter(everyRow(true));
    expect(sent).toHaveLength(2);
    expect(said('captions')).toBe('requested');
    expect(said('notes')).toBe('requested');
    expect(room.choice('training', 'voice')).toBe('given');
    expect(room.store.get().trouble).toBeDefined();
    await room.leave();
  });
});

describe('a stream', () => {
  it('is for the purpose and medium that were signed, whatever the server says of the handle', async () => {
    const { scene, yes, load } = await server();
    const chat = await yes('notes', 'chat');
    scene.mine = [
      { purpose: 'notes', medium: 'chat', state: 'given', handle: chat.handle },
      { purpose: 'quiet', medium: 'voice', state: 'given', handle: chat.handle },
      { purpose: 'captions', medium: 'voice', state: 'given', handle: chat.handle },
    ];
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await quiet();
    expect(room.store.get().listening).toEqual({ is: 'on', voice: false, chat: true });
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBe('otherwise');
    await room.leave();
  });

  it('ends when the text of what is asked can no longer be shown in the language of the page', async () => {
    const { yes, load, meeting, tell } = await server();
    await yes('captions');
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    tell('meeting', { ...meeting, notice: { ...meeting.notice, en: '{}' } });
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    expect(room.store.get().notice).toBeUndefined();
    tell('meeting', meeting);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await room.leave();
  });

  it('is not opened when the only medium that the server names is another than was signed', async () => {
    const { scene, yes, load } = await server();
    const chat = await yes('notes', 'chat');
    scene.mine = [{ purpose: 'quiet', medium: 'voice', state: 'given', handle: chat.handle }];
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    await quiet();
    expect(room.store.get().listening).not.toMatchObject({ voice: true });
    await room.leave();
  });

  it('is not opened under a wrong proof, neither then nor after a reload', async () => {
    const { scene, story, load } = await server();
    scene.answering = 'wrongProof';
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await quiet();
    expect(story).not.toContain('open');
    await soon(() => expect(said('captions')).toBe('requested'));
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    await room.leave();
    const after = await load();
    await after.room.enter([]);
    await quiet();
    expect(story).not.toContain('open');
    expect(after.said('captions')).toBe('requested');
    await soon(() => expect(after.room.store.get().disagrees).toBe('unproved'));
    await after.room.leave();
  });

  it('is not opened after a lost reply, and its yes can be taken back or said anew', async () => {
    const { scene, story, load } = await server();
    scene.answering = 'lost';
    const before = await load();
    await before.room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await before.room.leave();
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    expect(story).toEqual([]);
    scene.answering = 'honest';
    await room.decide(row('captions'), true);
    expect(story.slice(0, 2)).toEqual(['no, answers', 'open']);
    expect(said('captions')).toBe('given');
    await soon(() => expect(room.store.get().disagrees).toBeUndefined());
    await room.leave();
  });

  it('goes on when a yes that stands is pressed again on the card before joining', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    expect(story).toEqual(['open']);
    expect(said('captions')).toBe('given');
    expect((await slips.get(slip.handle))?.takenAt).toBeUndefined();
    await room.leave();
  });

  it('stays closed after a no that the server keeps as a yes, which is told', async () => {
    const { scene, yes, load, meeting, tellMine } = await server();
    const slip = await yes('captions');
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }];
    await slips.delete(slip.handle);
    let later = 0;
    const { room, said } = await load(meeting, true, () => new Date(Date.now() + later));
    await room.enter([]);
    expect(said('captions')).toBe('given');
    await room.sign([{ purpose: 'captions', medium: 'voice', yes: false }]);
    expect(said('captions')).toBe('refused');
    tellMine();
    await quiet();
    expect(room.store.get().disagrees, 'it may not have heard yet').toBeUndefined();
    later = 6_000;
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    expect(said('captions')).toBe('refused');
    expect(room.store.get().listening.is).toBe('off');
    await room.leave();
  });

  it('ends when the server takes the grant away', async () => {
    const { scene, story, yes, load, tellMine } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'revoked', handle: slip.handle }];
    tellMine();
    await soon(() => expect(story).toEqual(['open', 'close']));
    expect(said('captions')).toBe('revoked');
    await room.leave();
  });

  it('is not opened for a yes that the server denies, which is told', async () => {
    const { scene, story, yes, load } = await server();
    await yes('captions');
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'refused' }];
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    await quiet();
    expect(story).not.toContain('open');
    await room.leave();
  });

  it('goes to nobody but the recipient that was signed: another one is asked about anew', async () => {
    const { story, yes, load, meeting, tell } = await server();
    await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    const [companion] = meeting.ai.recipients;
    const moved = (change: object): Meeting => ({
      ...meeting,
      ai: { ...meeting.ai, recipients: [{ ...companion, ...change } as never] },
    });
    tell('meeting', moved({ processor: { host: 'elsewhere.example', model: 'w' } }));
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(said('captions')).toBe('requested'));
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toEqual(['captions']));
    await room.leave();
    for (const change of [
      { processor: { host: 'h', model: 'another' } },
      { key: b64u((await ecdhPair()).point) },
      { id: 'somebody' },
    ]) {
      story.length = 0;
      const other = await load(moved(change));
      await other.room.enter([]);
      await quiet();
      expect(story, JSON.stringify(change)).toEqual([]);
      expect(other.said('captions')).toBe('requested');
      await other.room.leave();
    }
  });
});

describe('a row that is asked in other words than were signed', () => {
  const reword = (meeting: Meeting, was: string, is: string): Meeting => {
    const en = meeting.notice.en.replace(was, is);
    expect(en).not.toBe(meeting.notice.en);
    return { ...meeting, notice: { ...meeting.notice, version: 2, en } };
  };

  it('sends nothing under the old yes, and is asked once, with what this device kept of the difference', async () => {
    const { scene, story, asked, yes, load, meeting, tell, tellMine } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    const longer = reword(meeting, 'then forgotten', 'then kept for a day');
    tell('meeting', longer);
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'requested', handle: slip.handle }];
    tellMine();
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBeUndefined();
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toEqual(['captions']));
    expect(room.store.get().reworded.get('captions')).toEqual({
      locale: 'en',
      changed: [
        {
          field: 'sentence',
          before: 'Your voice is turned into text, shown live, then forgotten.',
          after: 'Your voice is turned into text, shown live, then kept for a day.',
        },
      ],
    });
    room.dismissFresh();
    tell('meeting', longer);
    await quiet();
    expect(room.store.get().fresh).toEqual([]);
    expect(story.filter((s) => s === 'open')).toHaveLength(1);

    scene.mine = undefined;
    await room.decide(row('captions'), true);
    expect(asked).toEqual(['captions given', 'captions given']);
    expect(story).not.toContain('no, answers');
    await soon(() => expect(story.filter((s) => s === 'open')).toHaveLength(2));
    expect(said('captions')).toBe('given');
    expect(room.store.get().reworded.size).toBe(0);
    await room.leave();
  });

  it('is that also where the server does not say so', async () => {
    const { story, yes, load, meeting } = await server();
    await yes('captions');
    const { room, said } = await load(reword(meeting, 'then forgotten', 'then kept for a day'));
    await room.enter([]);
    await quiet();
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(story).toEqual([]);
    await room.leave();
  });

  it('sends nothing for a text that the kept receipt does not hold', async () => {
    const { story, yes, load, meeting } = await server();
    await yes('captions');
    const [kept] = (await receipts.all()).filter((r) => r.meeting === meeting.id);
    if (!kept) throw new Error('no receipt');
    await receipts.put({ ...kept, noticeText: kept.noticeText.replace('then forgotten', 'then sold') });
    const { room, said } = await load();
    await room.enter([]);
    await quiet();
    await soon(() => expect(said('captions')).toBe('requested'));
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    expect(story).toEqual([]);
    await room.leave();
  });

  it('is not asked again after a no, unless the question is another one', async () => {
    const { asked, load, meeting, tell } = await server();
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    await soon(() => expect(asked).toEqual(['captions refused']));
    tell('meeting', reword(meeting, 'then forgotten', 'and then forgotten'));
    await quiet();
    expect(said('captions')).toBe('refused');
    expect(room.store.get().fresh).toEqual([]);
    tell('meeting', reword(meeting, 'Gone when the line leaves the screen.', 'Kept for a day.'));
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toEqual(['captions']));
    expect(
      room.store
        .get()
        .reworded.get('captions')
        ?.changed.map((c) => c.field),
    ).toEqual(['retention']);
    await room.leave();
  });
});

describe('the card that asks in the midst of a meeting', () => {
  beforeEach(async () => {
    for (const { question } of await refusals.all()) await refusals.delete(question);
  });

  const asking = (room: RoomModel, purpose: string) => {
    const asked = room.store.get().fresh.find((r) => r.purpose === purpose);
    if (!asked) throw new Error(`${purpose} is not asked`);
    return asked;
  };

  it('leaves each row where it is until all of it is answered, so that none comes under a finger meant for another', async () => {
    const { asked, load, meeting, tell } = await server();
    const none = { ...meeting, ai: { ...meeting.ai, purposes: [] } };
    const { room } = await load(none, true, undefined, []);
    await room.enter([]);
    tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes: ['notes', 'training'] } });
    const card = () => room.store.get().fresh.map((r) => r.purpose);
    await soon(() => expect(card()).toEqual(['notes', 'training']));
    await room.decide(asking(room, 'notes'), true);
    expect(new Set(asked)).toEqual(new Set(['notes given']));
    expect(card()).toEqual(['notes', 'training']);
    // What is offered besides comes below what is there already.
    tell('meeting', meeting);
    await soon(() => expect(card()).toEqual(['notes', 'training', 'captions']));
    await room.decide(asking(room, 'training'), true, ['voice']);
    await room.decide(asking(room, 'captions'), false);
    expect(card()).toEqual(['notes', 'training', 'captions']);
    await room.decide(asking(room, 'training'), false, ['chat']);
    expect(card()).toEqual([]);
    expect(new Set(asked)).toEqual(
      new Set(['notes given', 'training given', 'captions refused', 'training refused']),
    );
    tell('meeting', { ...meeting });
    await quiet();
    expect(card()).toEqual([]);
    await room.leave();
  });

  it('stays for a yes that could not be recorded, which is still asked', async () => {
    const { scene, load, meeting, tell } = await server();
    const { room } = await load({ ...meeting, ai: { ...meeting.ai, purposes: [] } }, true, undefined, []);
    await room.enter([]);
    const card = () => room.store.get().fresh.map((r) => r.purpose);
    tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes: ['captions', 'notes'] } });
    await soon(() => expect(card()).toEqual(['captions', 'notes']));
    scene.refuses = 'notes';
    await room.decide(asking(room, 'notes'), true);
    await room.decide(asking(room, 'captions'), false);
    expect(card()).toEqual(['captions', 'notes']);
    scene.refuses = undefined;
    await room.decide(asking(room, 'notes'), true);
    expect(card()).toEqual([]);
    await room.leave();
  });

  it('lets go of a row that is no longer offered', async () => {
    const { load, meeting, tell } = await server();
    const offers = (...purposes: string[]) =>
      tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes } });
    const { room } = await load({ ...meeting, ai: { ...meeting.ai, purposes: [] } }, true, undefined, []);
    await room.enter([]);
    const card = () => room.store.get().fresh.map((r) => r.purpose);
    offers('captions', 'notes');
    await soon(() => expect(card()).toEqual(['captions', 'notes']));
    await room.decide(asking(room, 'notes'), false);
    offers('notes');
    await soon(() => expect(card()).toEqual([]));
    await room.leave();
  });
});

describe('a yes from another meeting', () => {
  const HOUR = 3_600_000;
  const wide = (scope: Meeting['scope']['widest'] = 'organisation') => ({
    scope: { widest: scope, days: 90 },
  });
  const soonOver = () => new Date(Date.now() + HOUR).toISOString();
  const everywhere = (): Scope => ({ kind: 'organisation', until: soonOver() });

  it('opens the stream here, and is told with its day and its end', async () => {
    const { yes, load, meeting } = await server(true);
    const scope = everywhere();
    const slip = await yes('captions', 'voice', scope);
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening).toEqual({ is: 'on', voice: true, chat: false }));
    expect(said('captions')).toBe('given');
    expect(room.store.get().wider.get('captions voice')).toMatchObject({ scope, elsewhere: true });
    expect(room.store.get().slips.map((s) => s.handle)).toEqual([slip.handle]);
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('opens nothing that it does not reach, and nothing without its slip, whatever the server says', async () => {
    const { story, yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const over = () => new Date(Date.now() + 2 * HOUR);
    for (const [as, now] of [
      [{ ...meeting, ...wide(), room: 'r2' }],
      [{ ...meeting, ...wide('meeting') }],
      [{ ...meeting, ...wide() }, over],
      [{ ...meeting, ...wide(), ai: { ...meeting.ai, purposes: ['notes'] } }],
    ] as [Meeting, (() => Date)?][]) {
      const { room } = await load(as, true, now);
      await room.enter([]);
      await quiet();
      expect(story).toEqual([]);
      await room.leave();
    }
    await slips.delete(slip.handle);
    const { room } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
    await slips.put(slip);
    const whole = await load({ ...meeting, ...wide() });
    await whole.room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    await whole.room.leave();
  });

  it('ends in the middle of a meeting when its time is over', async () => {
    const { story, yes, load, meeting } = await server(true);
    await yes('captions', 'voice', everywhere());
    let later = 0;
    const { room, said } = await load({ ...meeting, ...wide() }, true, () => new Date(Date.now() + later));
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    later = 2 * HOUR;
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(story).toEqual(['open', 'close']));
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('is taken back everywhere with the no of its row', async () => {
    const { story, asked, yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', everywhere());
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await room.decide(row('captions'), false);
    expect(story).toContain('no, answers');
    expect(said('captions')).toBe('withdrawn');
    expect(asked).toEqual(['captions given']);
    expect((await slips.get(slip.handle))?.usedAt).toBeDefined();
    expect(room.store.get().standings.has(slip.handle)).toBe(true);
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
    await room.leave();
  });

  it('is refused in this meeting only, at once, also where that cannot be recorded, and after a reload', async () => {
    const { scene, story, asked, yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', everywhere());
    const as = { ...meeting, ...wide() };
    const before = await load(as);
    await before.room.enter([]);
    await soon(() => expect(before.room.store.get().listening.is).toBe('on'));
    scene.answering = 'lost';
    // The server goes on saying yes: its word gives nothing.
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }];
    const no = before.room.refuseHere(row('captions'));
    expect(before.said('captions')).toBe('refused');
    expect(before.room.store.get().listening.is).toBe('off');
    await no;
    await before.room.leave();

    story.length = 0;
    scene.answering = 'honest';
    const after = await load(as);
    await after.room.enter([]);
    await quiet();
    expect(after.said('captions')).toBe('refused');
    expect(after.room.store.get().disagrees).toBeUndefined();
    expect(asked).toEqual(['captions given', 'captions refused', 'captions refused']);
    expect(story).toEqual([]);
    expect((await slips.get(slip.handle))?.takenAt, 'elsewhere it stands').toBeUndefined();

    // A second no takes nothing more, and a yes here is one for this meeting.
    await after.room.decide(row('captions'), false);
    expect((await slips.get(slip.handle))?.takenAt).toBeUndefined();
    scene.mine = undefined;
    after.room.setScope(everywhere());
    await after.room.decide(row('captions'), true);
    await soon(() => expect(story).toEqual(['open']));
    const kept = (await receipts.all()).filter((r) => r.meeting === meeting.id).at(-1);
    expect((await readReceipt(kept?.receipt ?? '')).scope).toEqual(THIS_MEETING);
    await after.room.leave();
  });

  it('that the server tells no more of is over here, and no contradiction', async () => {
    const { scene, yes, load, meeting, tellMine } = await server(true);
    await yes('captions', 'voice', everywhere());
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'requested' }];
    tellMine();
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('that another page took back is taken back here', async () => {
    const { scene, yes, load, meeting, tellMine } = await server(true);
    const slip = await yes('captions', 'voice', everywhere());
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    const now = new Date().toISOString();
    await slips.put({ ...slip, takenAt: now, usedAt: now });
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'requested' }];
    tellMine();
    await soon(() => expect(said('captions')).toBe('withdrawn'));
    expect(room.store.get().listening.is).toBe('off');
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('counts for nobody whose key is for this meeting alone', async () => {
    const { story, yes, load, meeting } = await server(false);
    await yes('captions');
    const [kept] = (await receipts.all()).filter((r) => r.meeting === meeting.id);
    if (!kept) throw new Error('no receipt');
    const moved = { ...meeting, ...wide(), id: `${meeting.id}-next` };
    await receipts.put({ ...kept, meeting: moved.id });
    const { room } = await load(moved);
    await room.enter([]);
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
  });
});
