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
async function card(busy = false) {
  let notice = await parseNotice(noticeText('en'));
  const decided: boolean[] = [];
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  const draw = (text = noticeText('en')) =>
    act(async () => {
      notice = await parseNotice(text);
      root?.render(
        <Card
          notice={notice}
          recipient={undefined}
          rows={notice.rows.slice(0, 1)}
          answer={() => 'open'}
          mediumAnswer={() => 'open'}
          decide={(_: NoticeRow, yes: boolean) => decided.push(yes)}
          busy={() => busy}
        />,
      );
    });
  await draw();
  const [yes, no] = place.querySelectorAll('.yesno button');
  const down = () => act(async () => yes?.dispatchEvent(new MouseEvent('pointerdown', { bubbles: true })));
  const up = (button: Element | undefined, detail: number) =>
    act(async () => button?.dispatchEvent(new MouseEvent('click', { bubbles: true, detail })));
  const press = async () => {
    await down();
    await up(yes, 1);
  };
  return {
    decided,
    place,
    yes: press,
    down,
    up: () => up(yes, 1),
    key: () => up(yes, 0),
    no: () => up(no, 1),
    draw,
  };
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
    const { decided, key } = await card();
    await key();
    expect(decided).toEqual([true]);
  });

  it('that did not count leaves no focus behind, so that the next key gives no yes either', async () => {
    const { place, yes } = await card();
    const button = place.querySelector<HTMLElement>('.yesno button');
    button?.focus();
    expect(document.activeElement).toBe(button);
    await yes();
    expect(document.activeElement).not.toBe(button);
  });

  it('does not count where the finger came down before the row stood still, however long it stays', async () => {
    const { decided, down, up } = await card();
    await later(10_000);
    top += 80;
    await later(50);
    await down();
    await later(2_000);
    await up();
    expect(decided).toEqual([]);
  });

  it('does not count within half a second after it came to ask something else in the same place', async () => {
    const { decided, yes, draw } = await card();
    await later(10_000);
    await draw(noticeText('en').replace('then forgotten', 'then kept a day'));
    await later(100);
    await yes();
    expect(decided).toEqual([]);
    await later(STEADY_MS);
    await yes();
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
    await later(8_000);
    expect(place.textContent).not.toContain(MOVED);
  });

  it('leaves the no alone also while a yes is under way', async () => {
    const { decided, yes, no } = await card(true);
    await later(STEADY_MS);
    await yes();
    await no();
    expect(decided).toEqual([false]);
  });
});
