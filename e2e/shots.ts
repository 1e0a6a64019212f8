import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page, test } from "@playwright/test";
import { root } from "./aye.ts";

/**
 * Pictures of what a newcomer to the standing demo sees. `DEMO=<link> SHOTS=<folder> npx playwright test -c shots.config.ts`
 * against a running `./aye --demo`; `ONLY=nl-phone-light` narrows it to one look, and `CAMERA` is a Motion-JPEG file to be seen
 * with. Nothing is asserted beyond that each page comes.
 */
const LINK = process.env["DEMO"] ?? "";
const OUT = process.env["SHOTS"] ?? join(root, "e2e", "target", "shots");
const ORIGIN = LINK === "" ? "" : new URL(LINK).origin;

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const LOOKS = [
  { locale: "en", size: "desktop", scheme: "light" },
  { locale: "nl", size: "phone", scheme: "light" },
  { locale: "nl", size: "desktop", scheme: "dark" },
  { locale: "en", size: "phone", scheme: "dark" },
] as const;

for (const { locale, size, scheme } of LOOKS) {
  const look = `${locale}-${size}-${scheme}`;
  test(look, async () => {
    test.skip(LINK === "" || (process.env["ONLY"] ?? look) !== look);
    test.setTimeout(240_000);
    mkdirSync(OUT, { recursive: true });
    const camera = process.env["CAMERA"];
    const browser = await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        `--use-file-for-fake-audio-capture=${join(root, "speech", "yes.wav")}`,
        ...(camera === undefined ? [] : [`--use-file-for-fake-video-capture=${camera}`]),
      ],
    });
    try {
      const context = await browser.newContext({ locale, viewport: SIZES[size], colorScheme: scheme, permissions: ["camera", "microphone"] });
      await walk(await context.newPage(), (name) => join(OUT, `${name}-${look}.png`));
    } finally {
      await browser.close();
    }
  });
}

async function walk(page: Page, path: (name: string) => string): Promise<void> {
  const seen = async (name: string, fullPage = true) => {
    await page.screenshot({ path: path(name), fullPage });
  };
  await page.goto(ORIGIN);
  await page.locator("h1").waitFor();
  await seen("1-landing");
  await page.goto(LINK);
  await page.locator(".preview-card .row").first().waitFor();
  await page.locator(".picture video").waitFor();
  await page.locator("#name").fill("Sam Jansen");
  await page.waitForTimeout(1500);
  await seen("2-preview");
  await page.locator(".row .more").nth(1).click();
  await seen("2-preview-open");
  await page.locator(".row .more").nth(1).click();
  for (let row = 0; row < 3; row++) await page.locator(".row-main .yesno").nth(row).getByRole("button").first().click();
  await page.locator(".preview-join button[type=submit]").click();
  await page.locator(".tile video").nth(2).waitFor({ timeout: 60_000 });
  await page.locator(".captions p b").nth(1).waitFor({ timeout: 90_000 });
  await page.waitForTimeout(3000);
  await seen("3-room", false);
  await page.locator(".sign").click();
  await page.waitForTimeout(2500);
  await seen("4-mine", false);
  await page.locator(".side .yesno").first().getByRole("button").last().click();
  await page.waitForTimeout(6000);
  await page.locator(".side .story").first().scrollIntoViewIfNeeded();
  await seen("4-mine-withdrawn", false);
  await page.keyboard.press("Escape");
  await page.locator(".controls-main .control").nth(3).click();
  await page.locator(".chat input").fill("Shall we start with the budget?");
  await page.locator(".chat button[type=submit]").click();
  await page.waitForTimeout(20_000);
  await seen("5-chat", false);
  await page.keyboard.press("Escape");
  await page.locator(".control.leave").click();
  await page.locator("h1").waitFor();
  await page.waitForTimeout(3000);
  await seen("6-after");
  await page.goto(`${ORIGIN}/me`);
  await page.locator(".verdict").first().waitFor();
  await page.waitForTimeout(3000);
  await seen("7-me");
  await page.locator(".meeting > div > .button").first().click();
  await page.waitForTimeout(15_000);
  await seen("8-me-withdrawn");
  await page.goto(`${ORIGIN}/withdraw`);
  await page.locator("textarea").waitFor();
  await seen("9-withdraw");
  await page.goto(`${ORIGIN}/transparency`);
  await page.locator(".verdict").waitFor();
  await page.waitForTimeout(500);
  await seen("10-transparency");
  await page.goto(LINK);
  await page.locator(".preview-card").waitFor();
  await page.waitForTimeout(1000);
  await seen("11-again");
}
