import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { en } from '../../words/en';
import { nl } from '../../words/nl';
import { USED } from './meModel';

const STANDING = '../../../../learn/src/main/java/dev/aye/learn/Standing.java';

describe("the page of one's own", () => {
  it('has words in both languages for every state in which the server has a data set or model', async () => {
    const source = await readFile(new URL(STANDING, import.meta.url), 'utf8');
    const names = [...source.matchAll(/^ {2}([A-Z]+),?$/gm)].map((m) => (m[1] ?? '').toLowerCase());
    expect(names).toContain('shredded');
    expect(USED).toEqual(expect.arrayContaining(names));
    for (const words of [en, nl]) expect(Object.keys(words.me.usedStates).sort()).toEqual([...USED].sort());
  });
});
