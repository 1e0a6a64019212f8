import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page, test } from "@playwright/test";
import { root } from "./aye.ts";
import { press } from "./people.ts";

/**
 * Pictures of every page, for looking at: `DEMO=<link> SHOTS=<folder> npx playwright test -c shots.config.ts` against a running
 * `./aye --demo`. `ONLY=nl-phone-light` narrows it to one look; `CAMERA` is a Motion-JPEG file to be seen with. Nothing is asserted
 * beyond that each page comes.
 */
const LINK = process.env["DEMO"] ?? "";
const OUT = process.env["SHOTS"] ?? join(root, "e2e", "target", "shots");
const ORIGIN = LINK === "" ? "" : new URL(LINK).origin;

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const LOOKS = [
  { locale: "en", size: "desktop", scheme: "light" },
  { locale: "nl", size: "desktop", scheme: "light" },
  { locale: "en", size: "phone", scheme: "light" },
  { locale: "nl", size: "phone", scheme: "light" },
  { locale: "nl", size: "desktop", scheme: "dark" },
  { locale: "en", size: "phone", scheme: "dark" },
] as const;
type Look = (typeof LOOKS)[number];

const GUEST = { en: "Guest", nl: "Gast" };
const MESSAGE = { en: "Shall we start with the budget?", nl: "Zullen we met het budget beginnen?" };

for (const look of LOOKS) {
  const name = `${look.locale}-${look.size}-${look.scheme}`;
  test(name, async () => {
    test.skip(LINK === "" || (process.env["ONLY"] ?? name) !== name);
    test.setTimeout(300_000);
    mkdirSync(OUT, { recursive: true });
    const path = (picture: string) => join(OUT, `${picture}-${name}.png`);
    const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: flags() });
    try {
      await walk(look, await somebody(browser, look), path);
      await without(look, browser, path);
    } finally {
      await browser.close();
    }
  });
}

function flags(): string[] {
  const camera = process.env["CAMERA"];
  return [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${join(root, "speech", "yes.wav")}`,
    ...(camera === undefined ? [] : [`--use-file-for-fake-video-capture=${camera}`]),
  ];
}

async function somebody(browser: Browser, look: Look, permissions = ["camera", "microphone"]): Promise<Page> {
  const context: BrowserContext = await browser.newContext({
    locale: look.locale,
    viewport: SIZES[look.size],
    colorScheme: look.scheme,
    permissions,
  });
  context.setDefaultTimeout(30_000);
  await context.addInitScript(ordinaryDevices, look.locale);
  return await context.newPage();
}

/** The devices of a test browser have names that no person has seen on theirs. */
function ordinaryDevices(locale: string): void {
  const names = locale === "nl" ? { audioinput: "Ingebouwde microfoon", videoinput: "Ingebouwde camera", audiooutput: "Luidsprekers" } : { audioinput: "Built-in microphone", videoinput: "Built-in camera", audiooutput: "Speakers" };
  const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
  navigator.mediaDevices.enumerateDevices = async () => {
    const seen = new Set<MediaDeviceKind>();
    const devices: MediaDeviceInfo[] = [];
    for (const device of await list()) {
      if (seen.has(device.kind) && device.deviceId !== "") continue;
      if (device.deviceId !== "") seen.add(device.kind);
      const { deviceId, groupId, kind } = device;
      const label = device.label === "" ? "" : names[kind];
      devices.push({ deviceId, groupId, kind, label, toJSON: () => ({ deviceId, groupId, kind, label }) });
    }
    return devices;
  };
}

/** The way of a guest who says yes to all of it, and then takes it back. */
async function walk(look: Look, page: Page, path: (name: string) => string): Promise<void> {
  const seen = async (name: string, fullPage = true) => {
    await page.screenshot({ path: path(name), fullPage });
  };
  /** A sheet covers the controls on a phone; each is closed before the next is opened, as a person would. */
  const closed = async () => {
    await page.keyboard.press("Escape");
    await page.locator(".side").waitFor({ state: "detached" });
  };
  await page.goto(ORIGIN);
  await page.locator("h1").waitFor();
  await seen("01-landing");
  await page.locator("form button[type=submit]").click();
  await page.locator(".panel .button.primary").waitFor();
  await seen("02-landing-made");

  await page.goto(LINK.replace("/m/", "/i/"));
  await page.locator(".row").first().waitFor();
  await page.waitForTimeout(500);
  await seen("29-invitation");

  await page.goto(LINK);
  await page.locator(".preview-card .row").first().waitFor();
  await page.locator(".picture video").waitFor();
  await page.locator("#name").fill(GUEST[look.locale]);
  await page.waitForTimeout(1500);
  await seen("03-preview");
  await page.locator(".row .more").nth(1).click();
  await page.locator(".card-foot .plain").click();
  await seen("04-preview-open");
  await page.locator(".card-foot .plain").click();
  await page.locator(".row .more").nth(1).click();
  for (let row = 0; row < 3; row++) await press(page.locator(".row-main .yesno").nth(row).getByRole("button").first());
  await seen("05-preview-answered");
  await page.locator(".preview-join button[type=submit]").click();
  await page.locator(".tile video").nth(2).waitFor({ timeout: 60_000 });
  await page.locator(".captions p b").nth(1).waitFor({ timeout: 90_000 });
  await page.waitForTimeout(3000);
  await seen("06-room", false);

  await page.locator(".sign").click();
  await page.locator(".sending-box .level").waitFor();
  await page.waitForTimeout(2500);
  await seen("07-mine", false);
  await page.locator(".side .yesno").first().getByRole("button").last().click();
  await page.locator(".side .story").first().waitFor();
  await page.waitForTimeout(6000);
  await page.locator(".side .story").first().scrollIntoViewIfNeeded();
  await seen("08-mine-withdrawn", false);
  await closed();

  await page.locator(".controls-main .control[aria-pressed]").nth(1).click();
  await page.locator(".chat input").fill(MESSAGE[look.locale]);
  await page.locator(".chat button[type=submit]").click();
  await page.locator(".chat-lines .mine").waitFor();
  await page.waitForTimeout(1000);
  await seen("09-chat", false);
  await closed();
  await page.locator(".controls-main .control[aria-pressed]").nth(2).click();
  await page.locator(".side .devices").waitFor();
  await page.waitForTimeout(500);
  await seen("10-devices", false);
  await closed();
  await page.waitForTimeout(15_000);

  await page.locator(".control.leave").click();
  await page.locator("h1").waitFor();
  await page.waitForTimeout(2500);
  await seen("11-after");

  await page.goto(`${ORIGIN}/me`);
  await page.locator(".verdict .icon").first().waitFor();
  await page.waitForTimeout(3000);
  await seen("12-me");
  await page.locator('details:has(a[href^="/me/receipt/"]) > summary').first().click();
  await page.locator('a[href^="/me/receipt/"]').first().click();
  await page.locator(".verdict").first().waitFor();
  await page.waitForTimeout(1500);
  await seen("30-receipt");
  await page.emulateMedia({ media: "print" });
  await seen("31-receipt-printed");
  await page.emulateMedia({ media: null });
  await page.goto(`${ORIGIN}/me/receipt`);
  await page.waitForTimeout(500);
  await seen("32-receipt-of-somebody");
  await page.goto(`${ORIGIN}/me`);
  await page.locator(".verdict .icon").first().waitFor();
  await page.waitForTimeout(1000);
  await page.locator(".meeting > div > .button").first().click();
  await page.waitForTimeout(1200);
  await seen("13-me-withdrawing");
  await page.locator(".story .fold, .story details").first().waitFor();
  await page.waitForTimeout(12_000);
  await seen("14-me-withdrawn");
  await page.locator(".meeting .story summary").first().click();
  await page.waitForTimeout(500);
  await seen("15-me-withdrawn-open");

  await page.goto(`${ORIGIN}/withdraw`);
  await page.locator("textarea").waitFor();
  await seen("16-withdraw");
  await page.goto(`${ORIGIN}/withdraw#${"A".repeat(43)}.${"B".repeat(42)}A`);
  await page.locator(".button.primary.big").waitFor();
  await seen("17-withdraw-slips");
  await page.goto(`${ORIGIN}/transparency`);
  await page.locator(".collected").waitFor();
  await page.waitForTimeout(2500);
  await seen("18-transparency");
  await page.goto(LINK);
  await page.locator(".preview-card").waitFor();
  await page.waitForTimeout(1000);
  await seen("19-preview-again");

  await page.goto(`${ORIGIN}/me`);
  const receipt = await page.locator('a[href^="/me/receipt/"]').first().getAttribute("href");
  await page.goto(`${ORIGIN}${receipt}`);
  await page.locator(".checks").waitFor();
  await seen("30-receipt");
  await page.emulateMedia({ media: "print" });
  await seen("31-receipt-printed");
  await page.emulateMedia({ media: "screen" });
  await page.goto(`${ORIGIN}/me/receipt`);
  await page.locator("input[type=file]").waitFor({ state: "attached" });
  await seen("32-receipt-file");
}

/** What one sees when something is not there: the meeting, the page, the camera, the connection. */
async function without(look: Look, browser: Browser, path: (name: string) => string): Promise<void> {
  const page = await somebody(browser, look, []);
  const secret = "A".repeat(43);
  const made = (await (await fetch(`${ORIGIN}/api/meetings`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).json()) as {
    id: string;
    hostKey: string;
  };
  const seen = (name: string) => page.screenshot({ path: path(name), fullPage: true });

  await page.goto(`${ORIGIN}/me`);
  await page.locator(".panel").waitFor();
  await seen("27-me-nothing");
  await page.goto(`${ORIGIN}/m/${made.id}#${secret}`);
  await page.locator(".trouble").waitFor();
  await seen("20-camera-denied");
  await page.locator("#name").fill(GUEST[look.locale]);
  await page.locator(".preview-join button[type=submit]").click();
  await page.locator(".alone").waitFor();
  await page.waitForTimeout(500);
  await seen("21-alone");
  await fetch(`${ORIGIN}/api/meetings/${made.id}/end`, { method: "POST", headers: { authorization: `Bearer ${made.hostKey}` } });
  await page.locator(".panel").first().waitFor();
  await page.waitForTimeout(1500);
  await seen("22-ended");

  await page.goto("about:blank");
  await page.goto(`${ORIGIN}/m/${made.id}#${secret}`);
  await page.waitForTimeout(1500);
  await seen("23-ended-link");
  await page.goto(`${ORIGIN}/m/AAAAAAAAAAAAAAAA#${secret}`);
  await page.locator(".trouble").waitFor();
  await seen("24-unknown-meeting");
  const other = (await (await fetch(`${ORIGIN}/api/meetings`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).json()) as { id: string };
  await page.goto(`${ORIGIN}/m/${other.id}`);
  await page.locator("form.panel").waitFor();
  await seen("25-incomplete-link");
  await page.goto(`${ORIGIN}/nowhere`);
  await page.locator("h1").waitFor();
  await seen("26-not-found");
  await page.routeWebSocket(/\/rtc\//, (socket) => void socket.close());
  await page.route(/\/rtc\/.*validate/, (route) => route.abort());
  await page.goto("about:blank");
  await page.goto(LINK);
  await page.locator("#name").fill(GUEST[look.locale]);
  await page.locator(".preview-join button[type=submit]").click();
  await page.locator("h1[tabindex]").waitFor({ timeout: 60_000 });
  await page.waitForTimeout(500);
  await seen("28-not-in");
}
