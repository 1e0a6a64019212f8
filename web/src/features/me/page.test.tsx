// @vitest-environment happy-dom
import 'fake-indexeddb/auto';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { freshDevice } from '../../../tests/devices';
import { logInMemory } from '../../../tests/log-in-memory';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import { speak, startWords } from '../../words/words';
import { b64, b64u, sha256, unb64u } from '../bytes/bytes';
import { questionOf } from '../consent/answers';
import { receipts, refusals, slips } from '../consent/keeping';
import { parseNotice } from '../consent/notice';
import { signReceipt } from '../consent/receipt';
import { commitment, leaf } from '../log/leaf';
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

it('takes back everything with one press: by slips, and by the key where a slip is lost', async () => {
  const gone = new Set<string>();
  for (const { handle } of await slips.all()) await slips.delete(handle);
  const device = await freshDevice('m-all');
  await device.keep();
  const { origin, title } = device.record;
  const log = await logInMemory(origin);
  const signed = await signReceipt({
    device,
    participant: 'p1',
    notice: await parseNotice(noticeText('en')),
    recipient: { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } },
    answers: [
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'notes', medium: 'voice', yes: true },
      { purpose: 'notes', medium: 'chat', yes: true },
    ],
    now: new Date(),
    vkey: log.vkey,
  });
  const [first, second, lost] = signed.slips;
  if (!first || !second || !lost) throw new Error('each yes has a slip');
  await slips.put(first);
  await slips.put(second);
  log.entries.push(leaf.answer(await commitment(signed.salt, signed.receipt)));
  await receipts.put({
    id: signed.id,
    meeting: 'm-all',
    title,
    at: new Date().toISOString(),
    receipt: signed.receipt,
    salt: b64u(signed.salt),
    index: 0,
    proof: await log.proof(0),
    noticeText: noticeText('en'),
    vkey: log.vkey,
  });
  let away = true;
  vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
    if (path.startsWith('/log/')) return new Response(await log.fetch(path));
    if (!path.endsWith('/withdrawals')) throw new TypeError('Failed to fetch');
    const { secret, handle } = JSON.parse(init?.body as string) as { secret?: string; handle?: string };
    if (secret === second.secret && away) throw new TypeError('Failed to fetch');
    const ends = handle ?? b64u(await sha256(unb64u(secret ?? '')));
    gone.add(ends);
    log.entries.push(secret === undefined ? leaf.revoke(unb64u(ends)) : leaf.withdraw(unb64u(secret)));
    const about = `${b64(unb64u(ends))}\n${log.entries.length - 1}\n${new Date().toISOString()}`;
    const promise = await log.sign(`aye-promise/1\n${origin}\n${about}\n`);
    return new Response(JSON.stringify({ handle: ends, promise }));
  });
  const place = await page('3 in all');
  button(place, 'Take back everything')?.click();
  await until(place, '2 of 3 taken back. The server could not be told of 1');
  expect(gone).toEqual(new Set([first.handle, lost.handle]));
  const { controller, rows } = await parseNotice(noticeText('en'));
  for (const { purpose, medium } of signed.slips) {
    const row = rows.find((r) => r.purpose === purpose);
    if (!row) throw new Error('not asked');
    const said = questionOf(controller.name, row, medium, {
      id: 'companion',
      processor: { host: 'h', model: 'w' },
    });
    expect(await refusals.get(said), `a no to ${purpose}, ${medium} is not asked again`).toBeDefined();
  }
  expect(button(place, 'Take back everything'), 'nothing stands any more').toBeUndefined();
  expect(place.textContent).toContain('server not told yet');
  await until(place, 'Checked just now in your browser against the log, entry 0');

  // Another page takes over what this one could not say.
  root?.unmount();
  const next = await page('0 of 1 taken back');
  away = false;
  const [retry] = [...next.querySelectorAll<HTMLButtonElement>('.everything button')];
  expect(retry?.textContent).toBe('Try again');
  retry?.click();
  await until(next, 'The log shows it, checked in your browser.');
  expect(gone.size).toBe(3);
});
