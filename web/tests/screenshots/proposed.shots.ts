import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';

const OUT = process.env['AYE_SHOTS'] ?? 'shots';
const SERVER = process.env['AYE_REAL'] ?? '';

it.runIf(SERVER !== '')(
  'what is newly proposed waits at the side; a slip withdraws from a device that knows nothing',
  async () => {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
      ],
    });
    try {
      const options = {
        viewport: { width: 1280, height: 800 },
        locale: 'en',
        permissions: ['camera', 'microphone', 'clipboard-read', 'clipboard-write'],
      };
      const page = await (await browser.newContext(options)).newPage();
      await page.goto(`${SERVER}/`);
      await page.locator('button[type=submit]').click();
      await page.locator('input.code').waitFor();
      await page.getByRole('button', { name: 'Go to the meeting' }).click();
      await page.locator('#name').fill('Ann');
      await page.locator('.preview-card').waitFor();
      await page.locator('button[type=submit]').click();
      await page.locator('.tile').first().waitFor();
      await page.locator('.control', { hasText: 'Host' }).click();
      for (const box of await page.locator('.check input').all()) await box.uncheck();
      await page.getByRole('button', { name: 'Propose' }).click();
      await page.getByText('Proposed.').waitFor();
      await page.getByText('No AI is listening').waitFor();
      const guest = await (
        await browser.newContext({ ...options, viewport: { width: 390, height: 844 } })
      ).newPage();
      await guest.goto(page.url());
      await guest.locator('#name').fill('Cem');
      await guest.waitForTimeout(500);
      expect(await guest.locator('.preview-card').count()).toBe(0);
      await guest.locator('button[type=submit]').click();
      await guest.locator('.tile').nth(1).waitFor();
      await page.locator('.check input').nth(1).check();
      await page.getByRole('button', { name: 'Propose' }).click();
      await guest.locator('.side.waiting').waitFor();
      await guest.waitForTimeout(400);
      await guest.screenshot({ path: `${OUT}/real-fresh-phone-en.png` });
      await guest.locator('.side .yesno button').first().click();
      await guest.locator('.sending').waitFor({ state: 'attached', timeout: 20_000 });
      await guest.locator('.control.leave').click();
      await guest.getByRole('button', { name: 'Copy slip link' }).click();
      const slip = await guest.evaluate(() => navigator.clipboard.readText());
      const stranger = await (await browser.newContext(options)).newPage();
      await stranger.goto(slip);
      await stranger.getByRole('button', { name: 'Take back' }).click();
      await stranger
        .locator('.step', { hasText: 'checked in your browser' })
        .first()
        .waitFor({ timeout: 30_000 });
      expect(stranger.url()).not.toContain('#');
      await stranger.screenshot({ path: `${OUT}/real-slip-desktop-en.png` });
      await page.getByRole('button', { name: 'End for everybody' }).click();
      await page.locator('h1', { hasText: 'The meeting has ended' }).waitFor();
    } finally {
      await browser.close();
    }
  },
);
