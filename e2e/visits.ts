import { randomBytes } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, type BrowserContextOptions, expect, type Locator, type Page, test as base } from "@playwright/test";
import { type Aye, browserThatSays, recording, removeData, startAye } from "./aye.ts";
import { press } from "./people.ts";

export const ROWS = ["Captions", "Notes", "Learning"];

/** The server and the browser of this worker: one for all tests that it runs, each of which has its own meetings. */
export let aye: Aye;
export let browser: Browser;
let context: BrowserContext | undefined;
/** Other people of the same test, each with a browser profile of their own. */
const others: BrowserContext[] = [];

/** A test of pages: none needs another one, so they run in any order and side by side. */
export const test = base.extend<{ visits: void }, { house: void }>({
  house: [
    async ({}, use) => {
      [aye, browser] = await Promise.all([startAye(), browserThatSays(recording(0), true)]);
      await use();
      await browser.close();
      await aye.stop();
      removeData(aye);
    },
    { scope: "worker", auto: true },
  ],
  visits: [
    async ({}, use) => {
      await use();
      await othersGo();
      await context?.close();
      context = undefined;
    },
    { auto: true },
  ],
});

/** A page of somebody whose browser was never here: the one that a test is about. */
export async function newcomer(options: BrowserContextOptions = {}): Promise<Page> {
  context = await browser.newContext({ locale: "en-GB", permissions: ["camera", "microphone"], viewport: { width: 1280, height: 800 }, ...options });
  return await context.newPage();
}

/** A page of somebody else in the same test. */
export async function another(options: BrowserContextOptions = {}): Promise<Page> {
  const first = context;
  const page = await newcomer(options);
  if (context) others.push(context);
  context = first;
  return page;
}

export async function othersGo(): Promise<void> {
  await Promise.all(others.splice(0).map((c) => c.close()));
}

export function secret(): string {
  return randomBytes(32).toString("base64url");
}

export async function newMeeting(): Promise<string> {
  return (await meeting()).link;
}

export async function meeting(wanted: { purposes?: string[]; minors?: boolean } = {}): Promise<{ id: string; hostKey: string; link: string }> {
  const made = await fetch(`${aye.url}/api/meetings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ title: "Pages", ...wanted }),
  });
  expect(made.status).toBe(201);
  const { id, hostKey, link } = (await made.json()) as { id: string; hostKey: string; link: string };
  return { id, hostKey, link: `${link}#${secret()}` };
}

/** The page on which the meeting of a link can be read about beforehand. */
export function invitation(link: string): string {
  return link.replace("/m/", "/i/");
}

/** Which button of each row is pressed; none where it says so. */
export async function pressed(page: Page, expected: Record<string, "Yes" | "No" | undefined>): Promise<void> {
  for (const [label, which] of Object.entries(expected))
    for (const side of ["Yes", "No"] as const) await expect(choice(page, label, side), `${label}: ${side}`).toHaveAttribute("aria-pressed", String(side === which));
}

export function rows(page: Page): Locator {
  return page.locator(".rows > .row");
}

export function row(page: Page, label: string): Locator {
  return page.getByRole("group", { name: `${label}: yes or no`, exact: true });
}

export function choice(page: Page, label: string, which: "Yes" | "No"): Locator {
  return row(page, label).getByRole("button", { name: which, exact: true });
}

export async function answer(page: Page, label: string, which: "Yes" | "No"): Promise<void> {
  await press(choice(page, label, which));
}

export async function join(page: Page): Promise<void> {
  await page.getByLabel("Your name").fill("Kim");
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await expect(page.getByRole("list", { name: "People" }).getByRole("listitem")).toHaveCount(1);
  await expect(page.getByText("Nobody else is here yet")).toBeVisible();
}

/** Joins a meeting in which others may be already. */
export async function enter(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await expect(page.getByRole("list", { name: "People" }).getByRole("listitem").filter({ hasText: `${name} (you)` })).toBeVisible();
  await expect(page.getByText("Connecting…")).toHaveCount(0);
}

export async function openMine(page: Page): Promise<void> {
  await page.getByTitle("Show my choices").click();
  await expect(page.getByRole("complementary", { name: "What of mine AI gets" })).toBeVisible();
}

export async function leave(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Leave" }).click();
  await expect(page.getByRole("heading", { name: "You left" })).toBeVisible();
}

/** Presses Tab until something has the focus, as somebody without a mouse would. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${String(target)}`);
}

/** Colours and slides have come to rest. */
export async function atRest(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => document.getAnimations().filter((a) => a.playState === "running" && a.effect?.getComputedTiming().iterations !== Infinity && a.effect?.getComputedTiming().duration !== 80).length)).toBe(0);
}

export async function noFindings(page: Page): Promise<void> {
  await atRest(page);
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`);
  expect(found, page.url()).toEqual([]);
}
