import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, it } from 'vitest';
import { b64, b64u, sha256, unb64u, utf8 } from '../../src/features/bytes/bytes';
import { receiptFile } from '../../src/features/consent/keeping';
import { parseNotice } from '../../src/features/consent/notice';
import { signReceipt } from '../../src/features/consent/receipt';
import { leaf } from '../../src/features/log/leaf';
import { freshDevice } from '../devices';
import { logInMemory } from '../log-in-memory';
import { noticeText, RECIPIENT_KEY } from '../notices';

/**
 * Draws every page in both languages, at a desktop and a phone, for people to look at. The network edge is a fake of the
 * contract in docs/protocol.md, with a real signed log in memory. AYE_SHOTS names the folder.
 */
const OUT = process.env['AYE_SHOTS'] ?? 'shots';
const ONLY = process.env['AYE_ONLY'];
const VARIANTS = (process.env['AYE_VARIANTS'] ?? 'desktop-en desktop-nl phone-en phone-nl').split(' ');
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;

let vite: PreviewServer;
let browser: Browser;
let base = '';

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  // Built, not served from source: a page is then two files instead of hundreds of modules.
  const outDir = resolve(OUT, '.site');
  await build({
    logLevel: 'error',
    build: {
      outDir,
      emptyOutDir: true,
      rolldownOptions: { input: ['index.html', 'tests/screenshots/gallery.html'] },
    },
  });
  vite = await preview({
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1', proxy: {} },
    logLevel: 'error',
  });
  base = vite.resolvedUrls?.local[0]?.replace(/\/$/, '') ?? '';
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  });
});

afterAll(async () => {
  await browser.close();
  await vite.close();
});

async function serve(context: BrowserContext) {
  const log = await logInMemory('aye.example/log');
  const key = new Uint8Array(65).fill(4);
  log.entries.push(
    leaf.key(key),
    leaf.notice(await sha256(utf8(noticeText('en')))),
    leaf.notice(await sha256(utf8(noticeText('nl')))),
  );
  for (let i = 0; i < 40; i++) log.entries.push(leaf.answer(await sha256(utf8(`${i}`))));
  const meeting = async () => ({
    id: 'm1',
    title: 'Weekly catch-up',
    room: 'r1',
    scope: { usual: 'meeting', widest: 'meeting', days: 90 },
    demo: false,
    ai: {
      purposes: ['captions', 'notes', 'training'],
      recipients: [
        {
          id: 'companion',
          name: 'Aye companion',
          key: b64u(key),
          keyIndex: 0,
          keyProof: await log.proof(0),
          processor: { host: 'this server', model: 'sphinx4' },
        },
      ],
    },
    notice: { version: 1, en: noticeText('en'), nl: noticeText('nl') },
    log: { origin: log.origin, vkey: log.vkey },
  });
  const secret = new Uint8Array(32).fill(9);
  await context.route(/\/(api|log)\//, async (route) => {
    const { pathname } = new URL(route.request().url());
    const json = (body: unknown, status = 200) =>
      route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
    if (pathname === '/log/vkey') return route.fulfill({ body: `${log.vkey}\n` });
    if (pathname.startsWith('/log/')) return route.fulfill({ body: Buffer.from(await log.fetch(pathname)) });
    if (pathname === '/api/meetings') return json({ id: 'm1', link: `${base}/m/m1`, hostKey: 'k' }, 201);
    if (pathname === '/api/meetings/m1') return json(await meeting());
    if (pathname.endsWith('/notes'))
      return json({
        ready: true,
        summary: [
          { text: 'The release moves to the third of next month.', name: 'Sam Okafor' },
          { text: 'Noor writes the announcement.', name: 'Noor de Wit' },
        ],
        transcript: [
          {
            name: 'Sam Okafor',
            text: 'so we move the release to the third of next month',
            at: '2026-11-22T10:41:07.000Z',
          },
        ],
      });
    if (pathname === '/api/withdrawals') {
      const given = unb64u((route.request().postDataJSON() as { secret: string }).secret);
      const handle = await sha256(given);
      const promise = await log.sign(
        `aye-promise/1\n${log.origin}\n${b64(handle)}\n${log.entries.length}\n${new Date().toISOString()}\n`,
      );
      setTimeout(() => log.entries.push(leaf.withdraw(given)), 600);
      return json({ handle: b64u(handle), promise });
    }
    if (pathname === '/api/me') {
      const receipt = await route.request().headerValue('x-test');
      return json({ person: 'x', answers: receipt ? [] : [], held: [], used: [], withdrawals: [] });
    }
    if (pathname.startsWith('/api/notices/')) return route.fulfill({ body: noticeText('en') });
    return json({ type: 'urn:aye:problem:not-found', status: 404, detail: '' }, 404);
  });
  return { log, secret };
}

const link = `/m/m1#${b64u(new Uint8Array(32).fill(7))}`;

const shots: Record<string, (page: Page) => Promise<void>> = {
  landing: async (page) => void (await page.goto(`${base}/`)),
  'landing-made': async (page) => {
    await page.goto(`${base}/`);
    await page.locator('button[type=submit]').click();
    await page.locator('input.code').waitFor();
  },
  preview: async (page) => {
    await page.goto(`${base}${link}`);
    await page.locator('.preview-card').waitFor();
    await page.locator('video').waitFor();
    await page.waitForTimeout(600);
  },
  'preview-open': async (page) => {
    await page.goto(`${base}${link}`);
    await page.locator('.preview-card .more').nth(1).click();
    await page.locator('.row').nth(0).locator('button').nth(1).click();
    await page.locator('.row').nth(2).locator('.yesno button').nth(1).click();
    await page.waitForTimeout(300);
  },
  incomplete: async (page) => {
    await page.goto(`${base}/m/m1`);
    await page.locator('form').waitFor();
  },
  gone: async (page) => {
    await page.goto(`${base}/m/other#${b64u(new Uint8Array(32))}`);
    await page.locator('.trouble').waitFor();
  },
  withdraw: async (page) => void (await page.goto(`${base}/withdraw`)),
  'withdraw-done': async (page) => {
    await page.goto(`${base}/withdraw#${b64u(new Uint8Array(32).fill(9))}`);
    await page.locator('.button.primary').click();
    await page.locator('.step.done').nth(2).waitFor();
  },
  'withdraw-again': async (page) => {
    await page.route(/\/api\/withdrawals$/, (route) => route.abort());
    await page.goto(`${base}/withdraw#${b64u(new Uint8Array(32).fill(9))}`);
    await page.locator('.button.primary').click();
    await page.locator('.trouble').waitFor();
  },
  'receipt-unchecked': async (page) => {
    const { receipt, salt } = await signReceipt({
      device: await freshDevice('m1', 'aye.example/log'),
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient: {
        id: 'companion',
        key: RECIPIENT_KEY,
        processor: { host: 'this server', model: 'sphinx4' },
      },
      answers: [
        { purpose: 'captions', medium: 'voice', yes: true },
        { purpose: 'notes', medium: 'voice', yes: false },
      ],
      now: new Date('2026-11-22T10:00:00.000Z'),
      vkey: 'v',
    });
    const file = { receipt, salt: b64u(salt), index: 7, proof: 'p', noticeText: noticeText('en') };
    await page.route(/\/log\//, (route) => route.abort());
    await page.goto(`${base}/me/receipt`);
    const buffer = Buffer.from(receiptFile(file));
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'r.json', mimeType: 'application/json', buffer });
    await page.locator('.checks').waitFor();
  },
  'receipt-missing': async (page) => {
    await page.goto(`${base}/me/receipt/${b64u(new Uint8Array(16))}`);
    await page.locator('.panel').waitFor();
  },
  transparency: async (page) => {
    await page.goto(`${base}/transparency`);
    await page.locator('.verdict').waitFor();
  },
  'me-empty': async (page) => {
    await page.goto(`${base}/me`);
    await page.locator('.panel').waitFor();
  },
};

for (const [name, query] of Object.entries({
  'room-alone': 'people=1',
  'room-captions': 'captions&listening&partial&people=3',
  'room-five': 'people=5&listening&captions',
  'room-fresh': 'fresh&people=2',
  'room-mine': 'given&captions&withdrawn&people=2#mine',
  'room-chat': 'given&people=2#chat',
  'room-host': 'people=3#host',
  after: 'after&given',
}))
  shots[name] = async (page) => {
    await page.goto(`${base}/tests/screenshots/gallery.html?${query}`);
    await page.locator('.room, .page').first().waitFor();
    if (query.endsWith('#mine')) await page.locator('.sign').click();
    if (query.endsWith('#chat')) await page.locator('.control').nth(3).click();
    if (query.endsWith('#host')) await page.locator('.control').nth(5).click();
    await page.waitForTimeout(500);
  };

for (const [name, draw] of Object.entries(shots).filter(([n]) => !ONLY || new RegExp(ONLY).test(n)))
  for (const size of ['desktop', 'phone'] as const)
    for (const locale of ['en', 'nl'] as const)
      it.runIf(VARIANTS.includes(`${size}-${locale}`))(`${name} ${size} ${locale}`, async () => {
        const context = await browser.newContext({
          viewport: SIZES[size],
          locale,
          permissions: ['camera', 'microphone'],
          colorScheme: locale === 'en' ? 'light' : 'dark',
        });
        const page = await context.newPage();
        page.on('pageerror', (e) => console.log(name, 'page error', e.message));
        await serve(context);
        try {
          await draw(page);
        } finally {
          await page.screenshot({
            path: `${OUT}/${name}-${size}-${locale}.png`,
            fullPage: !name.startsWith('room'),
          });
          await context.close();
        }
      });
