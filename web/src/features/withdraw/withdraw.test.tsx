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

async function press(name: string): Promise<void> {
  const button = [...document.querySelectorAll('button')].find((b) => b.textContent === name);
  if (!button) throw new Error(`no button ${name} in: ${document.body.textContent}`);
  await act(async () => {
    button.click();
    await new Promise((done) => setTimeout(done));
  });
}

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
    await press('Take back');
    expect(location.hash, 'a reload finds it again').toBe(`#${SECRET}`);
    await press('Try again');
    expect(withdraw.mock.calls).toEqual([[SECRET], [SECRET]]);
    expect(document.body.textContent).toContain('Nobody here said yes with this slip');
    expect(location.hash).toBe('');
    expect([...document.querySelectorAll('button')].map((b) => b.textContent)).not.toContain('Try again');
  });
});
