import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { en } from '../../words/en';
import { nl } from '../../words/nl';
import { spells, underWay, USED } from './meModel';

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
