import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Meeting } from '../api/client';
import { random, unb64u } from '../bytes/bytes';
import { slips } from '../consent/keeping';
import { leaf } from '../log/leaf';
import type { RoomModel } from './roomModel';

import { line, quiet, row, server, soon } from '../../../tests/rooms';

describe('the line to the meeting', () => {
  it('that was never there is told apart from one that was lost', async () => {
    const { load } = await server();
    line.cut = true;
    const outside = (await load()).room;
    await outside.enter([]).catch((failure: unknown) => outside.failed(failure));
    expect(outside.store.get()).toMatchObject({ phase: 'out', why: 'never' });

    line.cut = false;
    const inside = (await load()).room;
    await inside.enter([]);
    line.drop();
    await soon(() => expect(inside.store.get()).toMatchObject({ phase: 'out', why: 'lost' }));
  });

  it('that breaks while it is being made was never there', async () => {
    const { load } = await server();
    const { room } = await load();
    line.cut = true;
    const entering = room.enter([]).catch((failure: unknown) => room.failed(failure));
    await vi.waitFor(() => line.drop());
    await entering;
    await soon(() => expect(room.store.get()).toMatchObject({ phase: 'out', why: 'never' }));
  });
});

describe('a browser that stores nothing', () => {
  it('meets, is offered nothing, and sends AI nothing', async () => {
    const { story, sent, load, meeting, tell } = await server();
    const real = indexedDB;
    const { room } = await load(meeting, false);
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('refused', 'SecurityError');
      },
    });
    try {
      await room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
      tell('meeting', meeting);
      await quiet();
      expect(room.store.get()).toMatchObject({ phase: 'in', keeps: false, offered: [], fresh: [] });
      expect(sent, 'nothing is signed').toEqual([]);
      expect(
        story,
        'no stream is opened; what an earlier test took back may still be on its way',
      ).not.toContain('open');
      await room.leave();
    } finally {
      vi.stubGlobal('indexedDB', real);
    }
  });
});

describe('what is written', () => {
  const texts = (of: readonly Uint8Array[]) =>
    of.map((bytes) => (JSON.parse(new TextDecoder().decode(bytes)) as { text: string }).text);
  const words = () => texts(line.said);
  const send = (room: RoomModel, text: string) => {
    room.write(text);
    return room.say();
  };
  beforeEach(() => {
    line.said.length = 0;
    line.copied.length = 0;
    line.mute = false;
  });

  it('before the yes to that is not copied to AI, however late it is sent, nor is what is sent after a no', async () => {
    const { load } = await server();
    const { room } = await load();
    const opened = () => soon(() => expect(room.choice('training', 'chat')).toBe('given'));
    const held = () => {
      let goes: () => void = () => undefined;
      line.slow = new Promise((resolve) => (goes = resolve));
      return () => goes();
    };
    await room.enter([]);
    const release = held();
    const early = send(room, 'before the yes');
    await room.decide(row('training'), true, ['chat']);
    await opened();
    release();
    await early;
    await send(room, 'after the yes');
    const releaseLast = held();
    const late = send(room, 'as the no came');
    await room.decide(row('training'), false, ['chat']);
    releaseLast();
    await late;
    expect(words()).toEqual(['before the yes', 'after the yes', 'as the no came']);
    expect(texts(line.copied)).toEqual(['after the yes']);
    await room.leave();
  });

  it('before one is in waits until one is, in the order in which it was written', async () => {
    const { load } = await server();
    const { room } = await load();
    const both = [send(room, 'first'), send(room, 'second')];
    await quiet();
    expect(line.said).toEqual([]);
    await room.enter([]);
    await Promise.all(both);
    expect(words()).toEqual(['first', 'second']);
    expect(room.store.get().chat.map((c) => c.text)).toEqual(['first', 'second']);
    await room.leave();
  });

  it('and cannot be sent is back in the draft with what was written meanwhile, and says so', async () => {
    const { load } = await server();
    const { room } = await load();
    await room.enter([]);
    line.mute = true;
    const sending = send(room, 'hello');
    room.write('you');
    await sending;
    expect(room.store.get().draft).toEqual({ words: 'hello you', refused: 'chatNotSent' });
    expect(room.store.get().chat).toEqual([]);
    await send(room, 'x'.repeat(20_000));
    expect(room.store.get().draft.refused).toBe('chatTooLong');
    line.mute = false;
    await send(room, 'hello you');
    expect(room.store.get().draft).toEqual({ words: '' });
    expect(words()).toEqual(['hello you']);
    await room.leave();
  });
});

describe('the key that the others in a meeting see', () => {
  const seen = () => {
    const record = line.told.flatMap((attributes) => attributes['aye.member'] ?? []).at(-1) ?? '';
    const header = JSON.parse(new TextDecoder().decode(unb64u(record.split('.')[0] ?? ''))) as {
      jwk: unknown;
    };
    return header.jwk;
  };

  it('is never the lasting one', async () => {
    for (const lasting of [true, false]) {
      const { load, device } = await server(lasting);
      const { room } = await load();
      await room.enter([]);
      expect(JSON.stringify(seen()) === JSON.stringify(device.record.jwk)).toBe(!lasting);
      await room.leave();
    }
  });
});

describe('a log that contradicts itself', () => {
  it('ends every copy, takes no yes, takes a no, and is still known after a reload', async () => {
    const { log, story, asked, yes, load } = await server();
    await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    await soon(() => expect(room.store.get().compared?.looking).toBe('fine'));
    log.entries[0] = leaf.answer(random(32));
    log.entries.push(leaf.answer(random(32)));
    await soon(() => expect(room.store.get().finding?.is).toBe('fork'));
    await soon(() => expect(story).toEqual(['open', 'close']));
    expect(room.store.get()).toMatchObject({ phase: 'in', listening: { is: 'off' } });
    expect(asked).toEqual(['captions given']);
    await room.decide(row('notes'), true);
    expect(asked).toEqual(['captions given']);
    await room.sign([
      { purpose: 'notes', medium: 'voice', yes: false },
      { purpose: 'notes', medium: 'chat', yes: true },
    ]);
    expect(asked).toEqual(['captions given', 'notes refused']);
    expect(said('notes')).toBe('refused');
    await room.decide(row('captions'), false);
    expect(said('captions')).toBe('withdrawn');
    expect(story).toEqual(['open', 'close', 'no, answers']);
    await room.leave();

    await yes('notes');
    story.length = 0;
    const after = await load();
    await after.room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await soon(() => expect(after.said('notes')).toBe('given'));
    expect(after.room.store.get().finding?.is).toBe('fork');
    await quiet();
    expect(story).toEqual([]);
    expect(asked.slice(2)).toEqual(['notes given']);
    await after.room.leave();
  }, 30_000);
});

describe('a server that says anything', () => {
  const wide = { scope: { widest: 'organisation', days: 90 } } as const;
  const soonOver = () => new Date(Date.now() + 3_600_000).toISOString();
  it('does not get what another tab took back', async () => {
    const { yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'organisation', until: soonOver() });
    const { room } = await load({ ...meeting, ...wide });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await slips.put({ ...slip, takenAt: new Date().toISOString() });
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await room.leave();
  });
  it('does not move a seat into another room', async () => {
    const { scene, story, yes, load, meeting, tell } = await server(true);
    await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const here = { ...meeting, ...wide, room: 'r2' };
    const { room } = await load(here);
    scene.mine = [];
    await room.enter([]);
    await quiet();
    expect(story).not.toContain('open');
    story.length = 0;
    const given = (await slips.all()).find((s) => s.meeting.startsWith(meeting.id));
    tell('meeting', { ...here, room: 'r1' });
    await quiet();
    tell('mine', {
      choices: [{ purpose: 'captions', medium: 'voice', state: 'given', handle: given?.handle }],
    });
    await quiet();
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
  });
  it('does not bring back what was taken back', async () => {
    const { scene, story, yes, load, meeting, tell } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const now = new Date().toISOString();
    await slips.put({ ...slip, takenAt: now, usedAt: now });
    const here = { ...meeting, ...wide, room: 'r2' };
    const { room } = await load(here);
    scene.mine = [];
    await room.enter([]);
    await quiet();
    tell('meeting', { ...here, room: 'r1' });
    await quiet();
    tell('mine', {
      choices: [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }],
    });
    await quiet();
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
  });
  it('is taken at its last word about the meeting, whichever is read first', async () => {
    const { yes, load, meeting, tell } = await server();
    await yes('captions');
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    tell('meeting', meeting);
    tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes: [] } });
    await quiet();
    await quiet();
    expect(room.store.get().meeting.ai.purposes).toEqual([]);
    expect(room.store.get().listening.is).toBe('off');
    await room.leave();
  });
  it('does not make a meeting the one in which something was said', async () => {
    const { scene, story, yes, load, meeting, tell } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const here: Meeting = { ...meeting, scope: { widest: 'meeting', days: 90 }, room: 'r2' };
    const { room } = await load(here);
    scene.mine = [];
    await room.enter([]);
    await quiet();
    expect(story).not.toContain('open');
    story.length = 0;
    const other = JSON.parse(here.notice.en) as { controller: { name: string } };
    other.controller.name = 'Somebody Else';
    tell('meeting', { ...here, id: slip.meeting, notice: { ...here.notice, en: JSON.stringify(other) } });
    await quiet();
    tell('mine', {
      choices: [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }],
    });
    await quiet();
    await quiet();
    expect({ story, listening: room.store.get().listening }).toEqual({ story: [], listening: { is: 'off' } });
    await room.leave();
  });
  it('does not get what was taken back before joining, also where the device could not write that down', async () => {
    const { scene, story, yes, load } = await server();
    const slip = await yes('captions');
    scene.reach = 'unreachable';
    const { room } = await load();
    const { outbox: box } = await import('../withdraw/outbox');
    const { slips: shelf } = await import('../consent/keeping');
    vi.spyOn(shelf, 'put').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    void box.take([slip]);
    await quiet();
    await room.enter([]);
    await quiet();
    await quiet();
    expect(story).not.toContain('open');
    await room.leave();
  });

  it('keeps no yes of another key alive after a no that reaches as far', async () => {
    const { yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const { room } = await load({ ...meeting, ...wide, id: `${meeting.id}-r2`, room: 'r2' });
    await room.enter([
      {
        purpose: 'captions',
        medium: 'voice',
        yes: false,
        scope: { kind: 'organisation', until: soonOver() },
      },
    ]);
    await soon(async () => expect((await slips.get(slip.handle))?.takenAt).toBeDefined());
    await room.leave();
  });
});
