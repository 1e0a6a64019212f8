// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { logInMemory } from '../../../tests/log-in-memory';
import type { Withdrawal } from '../api/client';
import { speak, startWords } from '../../words/words';
import { TakenBack } from './TakenBack';
import { together } from './taken';
import type { Standing } from './withdrawal';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

const NAMES = ['Captions · voice', 'Notes · voice', 'Notes · chat', 'Learning · voice', 'Learning · chat'];
const AT = new Date(2026, 10, 22, 10, 42, 7);
const IN_LOG: Standing = { is: 'inLog', index: 7, by: AT };
type State = 'done' | 'doing' | 'waiting' | 'failed';

let root: Root | undefined;
let log: Awaited<ReturnType<typeof logInMemory>>;

async function part(
  i: number,
  states: readonly State[],
  more: { standing?: Standing; forged?: boolean } = {},
) {
  const account = states.every((s) => s === 'done') ? await log.sign(`aye-account/1\n${i}\n`) : undefined;
  const withdrawal: Withdrawal = {
    handle: `handle${i}`,
    meeting: 'm',
    purpose: 'notes',
    medium: 'voice',
    at: AT.toISOString(),
    steps: states.map((state, n) => ({ step: ['stop', 'shred', 'account'][n] ?? '', state, count: 1 })),
    ...(account === undefined
      ? {}
      : { account: more.forged ? account.replace(`\n${i}\n`, '\nx\n') : account }),
  };
  return {
    handle: withdrawal.handle,
    name: NAMES[i],
    about: NAMES[i]?.split(' · ')[0],
    stopped: AT,
    standing: more.standing ?? IN_LOG,
    withdrawal,
  };
}

/** What somebody sees once the page says `at last`: what is folded is not made yet. */
async function seen(parts: readonly Awaited<ReturnType<typeof part>>[], atLast: string) {
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  await act(async () => root?.render(<TakenBack parts={parts} vkey={log.vkey} />));
  await vi.waitFor(async () => {
    await act(async () => undefined);
    expect(place.textContent).toContain(atLast);
  });
  const of = (selector: string) => [...place.querySelectorAll(selector)].map((e) => e.textContent);
  return { place, stories: of('.story').length, names: of('h4'), lines: of('.step'), folds: of('summary') };
}

beforeAll(async () => {
  await startWords();
  log = await logInMemory('log.example/taken');
});

beforeEach(() => {
  speak('en');
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

afterEach(() => act(() => root?.unmount()));

describe('what was taken back', () => {
  it('is one line when all of it is done, and each part is there on demand', async () => {
    const parts = await Promise.all(NAMES.map((_, i) => part(i, ['done', 'done', 'done'])));
    const { place, stories, lines, names, folds } = await seen(parts, 'Everything is done');
    expect(stories).toBe(1);
    expect(names).toEqual(['Captions, Notes and Learning']);
    expect(lines).toEqual([
      'Stopped 10:42:07. Everything is done for all 5; the signed accounts were checked in your browser.',
    ]);
    expect(folds).toEqual(['Each of the 5 parts']);
    const fold = place.querySelector('details');
    await act(async () => {
      if (fold) fold.open = true;
      fold?.dispatchEvent(new Event('toggle'));
    });
    expect(place.querySelectorAll('.fold .story')).toHaveLength(5);
  });

  it('is told in the language of the page', async () => {
    speak('nl');
    const { lines, folds } = await seen(
      [await part(0, ['done']), await part(1, ['done'])],
      'Alles is gedaan',
    );
    expect(lines.join()).toMatch(/^Gestopt om 10:42:07\. Alles is gedaan voor alle 2/);
    expect(folds).toEqual(['Elk van de 2 delen']);
  });

  it('goes on as one story while it does', async () => {
    const parts = [
      await part(0, ['done', 'done', 'doing']),
      await part(1, ['done', 'waiting', 'waiting'], { standing: { is: 'promised', by: AT } }),
    ];
    const { stories, lines } = await seen(parts, 'under way');
    expect(stories).toBe(1);
    expect(lines).toEqual([
      'Stopped 10:42:07',
      'In the log: 1 of 2 so far',
      'Stop what was being sent',
      'Destroy the key of what was kept – under way…',
      'Write the account for you – under way…',
    ]);
  });

  it('never folds away what failed, came late or has a signature that does not hold', async () => {
    const parts = [
      await part(0, ['done', 'failed']),
      await part(1, ['done'], { standing: { is: 'late', by: AT, promise: 'p' } }),
      await part(2, ['done'], { forged: true }),
      await part(3, ['done']),
      await part(4, ['done']),
    ];
    const { stories, names, place } = await seen(parts, 'The signature of this account does not hold.');
    expect(stories).toBe(4);
    expect(names.slice(0, 3)).toEqual([NAMES[0], NAMES[1], NAMES[2]]);
    expect(place.textContent).toContain('It did not reach the log within 60 seconds');
    expect(place.textContent).toContain('Everything is done for all 2');
  });

  it('is not called done before it is for every part', () => {
    const steps = (state: State) => ({ steps: [{ step: 'shred', state }] }) as unknown as Withdrawal;
    const worst = (...states: State[]) => together(states.map(steps))[0]?.state;
    expect(worst('done', 'done')).toBe('done');
    expect(worst('done', 'waiting')).toBe('doing');
    expect(worst('waiting', 'waiting')).toBe('waiting');
    expect(worst('doing', 'failed', 'done')).toBe('failed');
  });
});
