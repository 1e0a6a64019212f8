// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api, Problem } from '../api/client';
import { speak, startWords } from '../../words/words';
import { Withdraw } from './Withdraw';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

const SECRET = 'A'.repeat(43);
let root: Root | undefined;

beforeEach(async () => {
  await startWords();
  speak('en');
  history.replaceState(null, '', `/withdraw#${SECRET}`);
});

afterEach(() => {
  act(() => root?.unmount());
  root = undefined;
  document.body.textContent = '';
  vi.restoreAllMocks();
});

async function press(name: string, then: () => void): Promise<void> {
  const button = [...document.querySelectorAll('button')].find((b) => b.textContent === name);
  if (!button) throw new Error(`no button ${name} in: ${document.body.textContent}`);
  await act(async () => {
    button.click();
    await Promise.resolve();
  });
  await vi.waitFor(async () => {
    await act(() => Promise.resolve());
    then();
  }, 10_000);
}

const says = (words: string) => () => expect(document.body.textContent).toContain(words);

describe('a slip link', () => {
  it('keeps its slip until the server has answered for good, and sends it again when asked to', async () => {
    const withdraw = vi.spyOn(api, 'withdraw').mockRejectedValue(new Problem('unknown-slip', 404, ''));
    withdraw.mockRejectedValueOnce(new Problem('offline', 0, ''));
    const place = document.body.appendChild(document.createElement('div'));
    root = createRoot(place);
    await act(async () => {
      root?.render(<Withdraw />);
      await Promise.resolve();
    });
    await press('Take back', says('Try again'));
    expect(location.hash, 'a reload finds it again').toBe(`#${SECRET}`);
    await press('Try again', says('Nobody here said yes with this slip'));
    expect(withdraw.mock.calls).toEqual([[SECRET], [SECRET]]);
    expect(location.hash).toBe('');
    expect([...document.querySelectorAll('button')].map((b) => b.textContent)).not.toContain('Try again');
  });
});
