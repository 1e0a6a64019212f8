import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { en } from '../../words/en';
import { nl } from '../../words/nl';
import { latest, saidThen, spells, underWay, USED } from './meModel';
import { freshDevice } from '../../../tests/devices';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import { parseNotice } from '../consent/notice';
import { signReceipt } from '../consent/receipt';

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
    expect(latest([ended])[0]).toMatchObject({ purpose: 'captions', state: 'withdrawn' });
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
