import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { accountLines } from './accountLines';

const FORGETTING = '../../../../learn/src/main/java/dev/aye/learn/Forgetting.java';

const TEXT = [
  'aye-account/1',
  'aye.example/log',
  'handle h',
  'stop done 2026-11-22T10:42:07Z',
  'shred done 2026-11-22T10:42:08.120Z, blocks destroyed: 12',
  'sign done 2026-11-22T10:42:09Z, SHRED leaf 41',
  'preimage of the SHRED leaf: aye-shred/1 h',
  'data set ds-1 destroyed, cut again without it as ds-2',
  'data set ds-3 destroyed',
  'model m-1 destroyed, its counts without yours are in m-2',
  'model m-3 destroyed',
  'not done: the index of another machine',
  'not done: 2 exported copies left this system before and can only be recalled',
  'not covered: snapshots of the machine that holds the keys, if its keeper made any',
  '',
].join('\n');

describe('the lines of a signed account', () => {
  it('are told in words of the page, each that says something of what was done', () => {
    expect(accountLines(TEXT).map((l) => l.is)).toEqual([
      'step',
      'destroyed',
      'signed',
      'recut',
      'dataset',
      'rebuilt',
      'model',
      'notDone',
      'exported',
      'snapshots',
    ]);
    expect(accountLines(TEXT)[1]).toEqual({
      is: 'destroyed',
      step: 'shred',
      at: new Date('2026-11-22T10:42:08.120Z'),
      count: 12,
    });
    expect(accountLines(TEXT)[3]).toEqual({ is: 'recut', id: 'ds-1', next: 'ds-2' });
  });

  it('are those that the server writes', async () => {
    const source = await readFile(new URL(FORGETTING, import.meta.url), 'utf8');
    for (const piece of [
      '" done "',
      '", blocks destroyed: "',
      '", SHRED leaf "',
      '"data set "',
      '", cut again without it as "',
      '"model "',
      '", its counts without yours are in "',
      '"not done: "',
      '" exported copies left this system before',
      '"not covered: snapshots',
    ])
      expect(source, piece).toContain(piece);
  });
});
