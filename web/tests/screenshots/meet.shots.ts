import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { b64u } from '../../src/features/bytes/bytes';
import { contractServer } from '../contract-server';

/**
 * Two pages meet through a real LiveKit-speaking server (AYE_SFU, which gives tokens at /token); the rest of the server
 * is the fake of the contract. Needs a built `dist`.
 */
const OUT = process.env['AYE_SHOTS'] ?? 'shots';
const SFU = process.env['AYE_SFU'] ?? '';
const secret = b64u(new Uint8Array(32).fill(7));

let server: Awaited<ReturnType<typeof contractServer>>;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  server = await contractServer(resolve('dist'), SFU);
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
  server.close();
});

async function visitor(name: string, locale: 'en' | 'nl', host = false): Promise<Page> {
  const context = await browser.newContext({
    viewport: locale === 'en' ? { width: 1280, height: 800 } : { width: 390, height: 844 },
    locale,
    permissions: ['camera', 'microphone'],
    colorScheme: locale === 'en' ? 'light' : 'dark',
  });
  const page = await context.newPage();
  page.on('console', (m) => {
    if (m.type() === 'error' || m.text().startsWith('room:'))
      console.log(`[${name}]`, m.text().slice(0, 300));
  });
  page.on('pageerror', (e) => console.log(`[${name}] page error`, e.message));
  if (host) {
    await page.goto(`${server.base}/`);
    await page.locator('button[type=submit]').click();
    await page.locator('input.code').waitFor();
    await page.evaluate((s) => sessionStorage.setItem('aye.link.m1', s), secret);
  }
  await page.goto(`${server.base}/m/m1#${secret}`);
  await page.locator('#name').fill(name);
  await page.locator('.preview-card').waitFor();
  return page;
}

const shot = (page: Page, name: string) => page.screenshot({ path: `${OUT}/${name}.png` });

/** What axe finds wrong for people who use assistive technology. */
async function barriers(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: 'node_modules/axe-core/axe.min.js' });
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id} ${n.target.join(' ')} ${n.failureSummary}`));
  });
}

it.runIf(SFU !== '')('two people meet, one says yes and changes their mind', async () => {
  const ann = await visitor('Ann Visser', 'en', true);
  await ann.locator('.row').nth(0).locator('.yesno button').nth(0).click();
  await ann.locator('.row').nth(1).locator('.yesno button').nth(0).click();
  expect(await barriers(ann)).toEqual([]);
  await ann.locator('button[type=submit]').click();
  await ann.locator('.tile').first().waitFor();
  const bob = await visitor('Bob', 'nl');
  await bob.locator('button[type=submit]').click();
  for (const page of [ann, bob]) {
    await page.locator('.tile').nth(1).waitFor({ timeout: 20_000 });
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('video')].filter((v) => v.videoWidth > 0 && v.currentTime > 0.5)
          .length === 2,
      undefined,
      { timeout: 30_000 },
    );
  }
  expect((await bob.locator('.tile-name').allInnerTexts()).join()).toContain('Ann Visser');
  console.log('both see each other, encrypted');

  await ann.locator('.control', { hasText: 'Chat' }).click();
  await ann.locator('.chat input').fill('Hello Bob');
  await ann.locator('.chat form button').click();
  await bob.locator('.count').waitFor();
  console.log('chat came through');

  await ann.locator('.sign').click();
  await ann.locator('.sending-box .level').waitFor({ timeout: 20_000 });
  expect(server.listening).toEqual(['p1']);
  await ann.waitForFunction(
    () => Number(document.querySelector('.sending-box .level')?.getAttribute('aria-valuenow')) > 0,
    undefined,
    { timeout: 20_000 },
  );
  server.tellAll('caption', {
    id: 'c1',
    participant: 'p1',
    name: 'Ann Visser',
    text: 'so we move the release',
    final: true,
    at: new Date().toISOString(),
    lagMs: 900,
  });
  expect(await barriers(ann)).toEqual([]);
  expect(await barriers(bob)).toEqual([]);
  await shot(ann, 'meet-mine-desktop-en');
  await shot(bob, 'meet-room-phone-nl');
  console.log('the copy is sent');

  await ann.locator('.control').first().click();
  await ann.waitForFunction(
    () => document.querySelector('.sending-box .level')?.getAttribute('aria-valuenow') === '0',
  );
  await ann.locator('.control').first().click();

  await ann.locator('.side .row').nth(0).locator('.yesno button').nth(1).click();
  await ann.locator('.step', { hasText: 'In the log' }).first().waitFor({ timeout: 20_000 });
  await ann.locator('.sending-box .level').waitFor({ timeout: 20_000 });
  await ann.locator('.side .story').first().scrollIntoViewIfNeeded();
  await shot(ann, 'meet-withdrawn-desktop-en');
  console.log('a no stopped it, the rest went on under a new key');
  expect(server.story.filter((s) => s === 'POST /api/meetings/m1/streams').length).toBe(2);

  await ann.locator('.control.leave').click();
  await ann.locator('h1', { hasText: 'You left' }).waitFor();
  expect(ann.url().includes('#')).toBe(false);
  await ann.screenshot({ path: `${OUT}/meet-after-desktop-en.png`, fullPage: true });
  await ann.locator('main').getByText('My choices').click();
  await ann.locator('.verdict', { hasText: 'Checked just now' }).first().waitFor({ timeout: 20_000 });
  expect(await barriers(ann)).toEqual([]);
  await ann.screenshot({ path: `${OUT}/meet-me-desktop-en.png`, fullPage: true });
  await ann.setViewportSize({ width: 390, height: 844 });
  await ann.getByRole('button', { name: 'Nederlands' }).click();
  await ann.screenshot({ path: `${OUT}/meet-me-phone-nl.png`, fullPage: true });
  await ann.getByRole('button', { name: 'English' }).click();
  await ann.setViewportSize({ width: 1280, height: 800 });
  await ann.getByRole('button', { name: 'Take back all' }).click();
  await ann.getByText('Save signed account').first().waitFor({ timeout: 30_000 });
  await ann.screenshot({ path: `${OUT}/meet-me-withdrawn-desktop-en.png`, fullPage: true });
});
