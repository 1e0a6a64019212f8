// @vitest-environment happy-dom
import 'fake-indexeddb/auto';
import { act, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import { Store } from '../../shell/store';
import { speak, startWords } from '../../words/words';
import { parseNotice } from '../consent/notice';
import { Sending } from './MinePanel';
import type { RoomModel, RoomState } from './roomModel';
import { Yours } from './RoomView';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
vi.mock('livekit-client/e2ee-worker?worker', () => ({ default: class {} }));

let root: Root | undefined;

beforeAll(startWords);
beforeEach(() => speak('en'));
afterEach(() => act(async () => root?.unmount()));

async function shown(node: ReactNode): Promise<HTMLElement> {
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  await act(async () => root?.render(node));
  return place;
}

const given = (purpose: string) => ({ purpose, medium: 'voice', state: 'given', handle: purpose });

/** The state of somebody who said yes to captions for every meeting, and to notes for this one. */
async function state(change: Partial<RoomState> = {}): Promise<RoomState> {
  const notice = await parseNotice(noticeText('en'));
  const recipient = { id: 'companion', name: 'Companion', key: RECIPIENT_KEY, keyIndex: 0, keyProof: '' };
  return {
    notice,
    offered: notice.rows,
    keeps: true,
    meeting: {
      id: 'm',
      ai: {
        purposes: ['captions', 'notes'],
        recipients: [{ ...recipient, processor: { host: 'h', model: 'w' } }],
      },
      scope: { widest: 'organisation', days: 90 },
      log: { origin: 'o', vkey: 'v' },
    },
    choices: new Map([
      ['captions voice', given('captions')],
      ['notes voice', given('notes')],
    ]),
    wider: new Map([
      [
        'captions voice',
        {
          scope: { kind: 'organisation', until: '2027-01-01T00:00:00.000Z' },
          since: new Date(0),
          elsewhere: true,
        },
      ],
    ]),
    busy: new Set(),
    refusing: new Set(),
    reworded: new Map(),
    scopes: [],
    standings: new Map(),
    withdrawals: new Map(),
    slips: [],
    receipts: [],
    micOn: true,
    paused: false,
    listening: { is: 'on', voice: true, chat: false },
    ...change,
  } as unknown as RoomState;
}

describe('what takes a yes back beside the sign', () => {
  it('says of one that reaches further that it ends in every meeting, and takes one press', async () => {
    for (const [language, words] of [
      ['en', { back: 'Take back', every: ', in every meeting' }],
      ['nl', { back: 'Trek in', every: ', in elke vergadering' }],
    ] as const) {
      speak(language);
      const decide = vi.fn<RoomModel['decide']>(() => Promise.resolve());
      const now = await state();
      const place = await shown(<Yours room={{ decide }} state={now} />);
      const [wider, here, ...more] = [...place.querySelectorAll('button')];
      expect(more).toEqual([]);
      expect(wider?.textContent).toMatch(new RegExp(`^\\w+${words.every}$`));
      expect(wider?.getAttribute('aria-label')).toBe(`${words.back}: ${wider?.textContent}`);
      expect(here?.textContent).not.toContain(words.every);
      expect(here?.getAttribute('aria-label')).toBe(`${words.back}: ${here?.textContent}`);
      await act(async () => wider?.click());
      expect(decide.mock.calls).toEqual([[now.notice?.rows[0], false]]);
      expect(place.querySelector('[role=status]')?.textContent).toContain(words.every);
      await act(async () => root?.unmount());
    }
  });
});

describe('what is told of the copy that is sent', () => {
  const panel = async (change: Partial<RoomState>) => {
    const store = new Store(await state(change));
    const room = { store, sendingLevel: () => 0 };
    const place = await shown(<Sending room={room as unknown as RoomModel} />);
    return place.querySelector('.sending-box')?.textContent ?? '';
  };

  it('says that nothing is sent while it is paused, whichever media were said yes to', async () => {
    for (const [voice, chat] of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const listening = { is: 'on', voice, chat } as const;
      const paused = await panel({ listening, paused: true });
      expect(paused, `${voice} ${chat}`).toContain('Paused: nothing is sent.');
      expect(paused).not.toContain('is going to');
      const going = await panel({ listening });
      expect(going).not.toContain('Paused');
      expect(going.includes('your voice is going to')).toBe(voice);
      expect(going.includes('your chat messages is going to')).toBe(chat);
    }
  });
});
