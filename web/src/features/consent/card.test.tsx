// @vitest-environment happy-dom
import 'fake-indexeddb/auto';
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noticeText } from '../../../tests/notices';
import { speak, startWords } from '../../words/words';
import { Card } from './Card';
import { parseNotice, type NoticeRow } from './notice';
import { STEADY_MS } from './steady';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

const MOVED = 'This moved just now.';

let root: Root | undefined;
let top: number;

beforeAll(startWords);
beforeEach(() => {
  speak('en');
  top = 300;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockImplementation(
    () => new DOMRect(40, top, 76, 44),
  );
});
afterEach(async () => {
  await act(async () => root?.unmount());
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A card with one row, what it was answered, and a press on each of the row's buttons. */
async function card() {
  const notice = await parseNotice(noticeText('en'));
  const decided: boolean[] = [];
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  await act(async () =>
    root?.render(
      <Card
        notice={notice}
        recipient={undefined}
        rows={notice.rows.slice(0, 1)}
        answer={() => 'open'}
        mediumAnswer={() => 'open'}
        decide={(_: NoticeRow, yes: boolean) => decided.push(yes)}
      />,
    ),
  );
  const [yes, no] = place.querySelectorAll('.yesno button');
  const press = (button: Element | undefined, detail: number) =>
    act(async () => button?.dispatchEvent(new MouseEvent('click', { bubbles: true, detail })));
  return { decided, place, yes: (detail = 1) => press(yes, detail), no: () => press(no, 1) };
}

const later = (ms: number) => act(async () => vi.advanceTimersByTimeAsync(ms));

describe('a press on a Yes', () => {
  it('does not count while its row has only just come, and says so', async () => {
    const { decided, place, yes } = await card();
    await later(STEADY_MS - 100);
    await yes();
    expect(decided).toEqual([]);
    expect(place.querySelector('[role=status]')?.textContent).toContain(MOVED);
    await later(100);
    await yes();
    expect(decided).toEqual([true]);
    expect(place.textContent).not.toContain(MOVED);
  });

  it('does not count within half a second after its row moved, however short before', async () => {
    const { decided, yes } = await card();
    await later(10_000);
    for (const before of [0, 1, 90, 250, STEADY_MS - 110]) {
      top += 80;
      await later(before);
      await yes();
      expect(decided, `${before} ms after it moved`).toEqual([]);
      await later(2 * STEADY_MS);
    }
    await yes();
    expect(decided).toEqual([true]);
  });

  it('does not count for one that moves on and on', async () => {
    const { decided, yes } = await card();
    for (let i = 0; i < 50; i++) {
      top += 10;
      await later(100);
      await yes();
    }
    expect(decided).toEqual([]);
  });

  it('counts where nothing moved but a hair', async () => {
    const { decided, yes } = await card();
    await later(STEADY_MS);
    top += 2;
    await yes();
    expect(decided).toEqual([true]);
  });

  it('counts at once by keyboard, which goes to the focus and to no place', async () => {
    const { decided, yes } = await card();
    await yes(0);
    expect(decided).toEqual([true]);
  });

  it('leaves the no alone: that counts always', async () => {
    const { decided, yes, no, place } = await card();
    top += 80;
    await no();
    expect(decided).toEqual([false]);
    await yes();
    expect(place.textContent).toContain(MOVED);
    await no();
    expect(decided).toEqual([false, false]);
    expect(place.textContent).not.toContain(MOVED);
    await yes();
    await later(4_000);
    expect(place.textContent).not.toContain(MOVED);
  });
});
