import { describe, expect, it } from 'vitest';
import { EventCutter } from '../api/events';
import { utf8 } from '../bytes/bytes';
import { CaptionStrip } from './captions';
import { readChat, writeChat } from './chat';

const caption = (id: string, participant: string, text: string) => ({
  id,
  participant,
  name: 'Ann',
  text,
  final: false,
  at: '2026-11-22T10:00:00.000Z',
  lagMs: 100,
});

describe('captions', () => {
  it('name those who agreed and draw one neutral line for anybody else', () => {
    const strip = new CaptionStrip();
    strip.caption(caption('1', 'a', 'so we'), 'Ann', 0);
    strip.speaking(['a'], 100);
    expect(strip.lines.map((l) => l.kind)).toEqual(['words']);
    strip.speaking(['b'], 200);
    strip.speaking(['b', 'c'], 300);
    expect(strip.lines.map((l) => l.kind)).toEqual(['words', 'gap']);
    expect(JSON.stringify(strip.lines[1])).not.toMatch(/"(b|c)"/);
    strip.caption(caption('1', 'a', 'so we move'), 'Ann', 400);
    expect(strip.lines[0]).toMatchObject({ text: 'so we move' });
    strip.age(4000);
    expect(strip.lines.map((l) => l.kind)).toEqual(['words']);
    strip.age(20_000);
    expect(strip.lines).toEqual([]);
  });
});

describe('whose captions they are', () => {
  it('is said by the record that the speaker signed, never by the server', () => {
    const strip = new CaptionStrip();
    strip.caption({ ...caption('1', 'b', 'I agree'), name: 'Ann' }, 'Bob', 0);
    expect(strip.lines).toMatchObject([{ kind: 'words', name: 'Bob' }]);
  });

  it('is left open for somebody without a record: neutral, without name or words', () => {
    const strip = new CaptionStrip();
    strip.caption(caption('1', 'x', 'I agree'), undefined, 0);
    strip.caption(caption('1', 'x', 'I agree to'), undefined, 100);
    expect(strip.lines.map((l) => l.kind)).toEqual(['gap']);
    expect(JSON.stringify(strip.lines)).not.toMatch(/Ann|agree/);
    strip.caption(caption('1', 'x', ''), undefined, 200);
    expect(strip.lines).toEqual([]);
  });
});

describe('chat', () => {
  it('reads what it writes and refuses what is too long or no message', () => {
    const written = writeChat('hello', new Date(0));
    expect(written && readChat(written.bytes)).toEqual(written?.message);
    expect(writeChat('é'.repeat(5000), new Date(0))).toBeUndefined();
    for (const wrong of ['', '[]', '{"id":1}', '{"id":"a","text":"b","at":"never"}', 'x'.repeat(9000)])
      expect(readChat(utf8(wrong))).toBeUndefined();
  });
});

describe('events', () => {
  it('are cut the same however the bytes arrive', () => {
    const wire =
      ': hello\n\nevent: ai\ndata: {"listening":true,\ndata: "partial":null,"recipients":[]}\n\nevent: other\ndata: {}\n\nevent: ended\r\ndata: {}\r\n\r\n';
    for (let size = 1; size < wire.length; size++) {
      const cutter = new EventCutter();
      const events = [];
      for (let i = 0; i < wire.length; i += size) events.push(...cutter.push(wire.slice(i, i + size)));
      expect(events).toEqual([
        { kind: 'ai', data: { listening: true, recipients: [] } },
        { kind: 'ended', data: {} },
      ]);
    }
  });
});
