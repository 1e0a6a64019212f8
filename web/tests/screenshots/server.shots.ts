import { mkdirSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

/**
 * The story with the real server at AYE_REAL: make a meeting, meet, agree, be captioned, change one's mind. AYE_SPEECH is a
 * WAV file that is spoken into the microphones.
 */
const OUT = process.env['AYE_SHOTS'] ?? 'shots';
const SERVER = process.env['AYE_REAL'] ?? '';
const SPEECH = process.env['AYE_SPEECH'];

let browser: Browser;

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
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
      ...(SPEECH ? [`--use-file-for-fake-audio-capture=${SPEECH}`] : []),
    ],
  });
});

afterAll(async () => {
  await browser.close();
});

async function visitor(locale: 'en' | 'nl'): Promise<Page> {
  const context = await browser.newContext({
    viewport: locale === 'en' ? { width: 1280, height: 800 } : { width: 390, height: 844 },
    locale,
    permissions: ['camera', 'microphone'],
    colorScheme: locale === 'en' ? 'light' : 'dark',
  });
  const page = await context.newPage();
  page.on('console', (m) => {
    if (m.type() === 'error' || m.text().startsWith('room:'))
      console.log(`[${locale}]`, m.text().slice(0, 300));
  });
  page.on('pageerror', (e) => console.log(`[${locale}] page error`, e.message));
  return page;
}

const shot = (page: Page, name: string) => page.screenshot({ path: `${OUT}/${name}.png` });

it.runIf(SERVER !== '')('the whole story against the real server', async () => {
  const ann = await visitor('en');
  await ann.goto(`${SERVER}/`);
  await ann.locator('input').first().fill('Weekly catch-up');
  await ann.locator('button[type=submit]').click();
  const link = await ann.locator('input.code').inputValue();
  await ann.getByRole('button', { name: 'Go to the meeting' }).click();
  await ann.locator('#name').fill('Ann Visser');
  await ann.locator('.preview-card').waitFor();
  await ann.waitForTimeout(500);
  await ann.screenshot({ path: `${OUT}/real-preview-desktop-en.png`, fullPage: true });
  for (const row of [0, 1, 2])
    await ann.locator('.rows > .row').nth(row).locator('.row-main .yesno button').nth(0).click();
  await ann.locator('button[type=submit]').click();
  await ann.locator('.tile').first().waitFor();
  const bob = await visitor('nl');
  await bob.goto(link);
  await bob.locator('#name').fill('Bob');
  await bob.locator('.preview-card').waitFor();
  await bob.waitForTimeout(500);
  await bob.screenshot({ path: `${OUT}/real-preview-phone-nl.png`, fullPage: true });
  await bob.locator('.rows > .row').nth(0).locator('.row-main .yesno button').nth(1).click();
  await bob.locator('button[type=submit]').click();
  for (const page of [ann, bob]) {
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('video')].filter((v) => v.videoWidth > 0 && v.currentTime > 0.5)
          .length === 2,
      undefined,
      { timeout: 30_000 },
    );
  }
  console.log('both see each other');
  await ann.locator('.sign').click();
  await ann.locator('.sending-box .level').waitFor({ timeout: 20_000 });
  console.log('the copy is sent:', await ann.locator('.sign').innerText());
  const captioned = await bob
    .locator('.captions b')
    .first()
    .waitFor({ timeout: 45_000 })
    .then(() => true)
    .catch(() => false);
  console.log('captions at Bob:', captioned, captioned ? await bob.locator('.captions').innerText() : '');
  await shot(ann, 'real-mine-desktop-en');
  await shot(bob, 'real-room-phone-nl');
  await ann.locator('.control', { hasText: 'Host' }).click();
  await shot(ann, 'real-host-desktop-en');
  await ann.getByRole('button', { name: 'Mute Bob' }).click();
  await bob.getByText('De gastheer heeft je microfoon uitgezet').waitFor();
  await ann.locator('.tile', { hasText: 'Bob' }).getByText('muted').waitFor({ state: 'attached' });
  console.log('the host muted Bob');
  await ann.locator('.sign').click();
  await ann.locator('.side .rows > .row').nth(0).locator('.row-main .yesno button').nth(1).click();
  await ann.locator('.step', { hasText: 'checked in your browser' }).first().waitFor({ timeout: 30_000 });
  await ann.locator('.sending-box .level').waitFor({ timeout: 20_000 });
  console.log('one purpose taken back, the rest goes on');
  await ann.locator('.side .story').first().scrollIntoViewIfNeeded();
  await shot(ann, 'real-withdrawn-desktop-en');
  await ann.locator('.control.leave').click();
  await ann.locator('h1', { hasText: 'You left' }).waitFor();
  await ann.waitForTimeout(3000);
  await ann.screenshot({ path: `${OUT}/real-after-desktop-en.png`, fullPage: true });
  await ann.locator('main').getByText('My choices').click();
  await ann.locator('.verdict', { hasText: 'Checked just now' }).first().waitFor({ timeout: 20_000 });
  await ann.screenshot({ path: `${OUT}/real-me-desktop-en.png`, fullPage: true });
  await ann.getByRole('button', { name: 'Take back all' }).click();
  await ann.getByText('Save signed account').first().waitFor({ timeout: 40_000 });
  await ann.waitForTimeout(4000);
  await ann.screenshot({ path: `${OUT}/real-me-withdrawn-desktop-en.png`, fullPage: true });
  expect(await ann.getByText('Nothing is held of you.').count()).toBe(1);
  await ann.goto(`${SERVER}/transparency`);
  await ann.locator('.verdict').waitFor();
  await ann.screenshot({ path: `${OUT}/real-transparency-desktop-en.png`, fullPage: true });
});
