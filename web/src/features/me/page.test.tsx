// @vitest-environment happy-dom
import 'fake-indexeddb/auto';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { freshDevice } from '../../../tests/devices';
import { speak, startWords } from '../../words/words';
import { receipts, slips } from '../consent/keeping';
import { Me } from './Me';

let root: Root | undefined;

async function page(atLast: string): Promise<HTMLElement> {
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  root.render(<Me />);
  await until(place, atLast);
  return place;
}

async function until(place: HTMLElement, said: string): Promise<void> {
  await vi.waitFor(() => expect(place.textContent).toContain(said), 10_000);
}

function button(place: HTMLElement, name: string): HTMLButtonElement | undefined {
  return [...place.querySelectorAll('button')].find((b) => b.textContent === name);
}

beforeAll(() => startWords());

beforeEach(() => {
  speak('en');
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  root?.unmount();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it('says where the browser keeps nothing that there is nothing to show, and that a slip still takes back', async () => {
  vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  });
  const place = await page('This browser keeps nothing for this page');
  expect(place.textContent).not.toContain('One moment');
  expect(place.querySelector('main a[href="/withdraw"]')).not.toBeNull();
});

it('shows with the server away what the device keeps itself, and asks again when told to', async () => {
  const device = await freshDevice('m-away');
  await device.keep();
  const { meeting, origin, title } = device.record;
  const kept = { receipt: '', salt: '', index: 7, proof: '', noticeText: '', vkey: '' };
  await receipts.put({ id: 'r1', meeting, title, at: '2026-03-01T10:00:00.000Z', ...kept });
  const slip = { origin, meeting, title, purpose: 'notes', medium: 'voice', secret: '' } as const;
  await slips.put({ ...slip, handle: 'h1' });
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  const place = await page('The server does not answer');
  expect(button(place, 'Save receipt')).toBeDefined();
  expect(place.querySelector('a[href="/me/receipt/r1"]')).not.toBeNull();
  expect(button(place, 'Take back')?.disabled).toBe(false);

  const account = { person: '', answers: [], held: [], used: [], withdrawals: [] };
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(account))));
  await vi.waitFor(() => expect(button(place, 'Try again')?.disabled).toBe(false), 10_000);
  button(place, 'Try again')?.click();
  await until(place, 'Nothing is held of you.');
  expect(button(place, 'Try again')).toBeUndefined();
});
