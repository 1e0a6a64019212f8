// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { speak, startWords } from '../../words/words';
import { MinorsCheck } from './HostPanel';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

beforeAll(startWords);

/** What a host sees, and what came of pressing it. */
async function seen(minors: boolean, fixed: boolean) {
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  const said: boolean[] = [];
  const root = createRoot(place);
  await act(async () =>
    root.render(<MinorsCheck minors={minors} fixed={fixed} say={(is) => said.push(is)} />),
  );
  const box = place.querySelector('input');
  const shown = { checked: box?.checked, disabled: box?.disabled, text: place.textContent };
  await act(async () => box?.click());
  await act(async () => root.unmount());
  return { ...shown, said };
}

describe('that minors may be present', () => {
  it('is for the host to say and to take back', async () => {
    expect((await seen(false, false)).said).toEqual([true]);
    const { said, text } = await seen(true, false);
    expect(said).toEqual([false]);
    expect(text).not.toContain('operator');
  });

  it('stands fixed, with the reason, where the operator said so', async () => {
    const { checked, disabled, said, text } = await seen(true, true);
    expect(checked).toBe(true);
    expect(disabled).toBe(true);
    expect(said).toEqual([]);
    expect(text).toContain('The operator of this server says so for all meetings here, so it stays on.');
    speak('nl');
    expect((await seen(true, true)).text).toContain('De beheerder van deze server zegt dat');
    speak('en');
  });
});
