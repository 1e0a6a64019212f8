import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, type BrowserContextOptions, expect, type Locator, type Page, test } from "@playwright/test";
import { type Aye, browserThatSays, recording, removeData, root, startAye } from "./aye.ts";
import { press } from "./people.ts";
import { startWitness, type Witness } from "./witness.ts";

const WIDTHS = [360, 768, 1280];
const SCHEMES = ["light", "dark"] as const;
const ROWS = ["Captions", "Notes", "Learning"];
const NARROWEST = 360;

let aye: Aye;
let browser: Browser;
let context: BrowserContext;
/** Other people of the same test, each with a browser profile of their own. */
const others: BrowserContext[] = [];

// Each worker has a server of its own, and each test its own meetings: none needs another one.
test.describe.configure({ mode: "parallel" });

test.beforeAll(async () => {
  [aye, browser] = await Promise.all([startAye(), browserThatSays(recording(0), true)]);
});

test.afterEach(async () => {
  await Promise.all([context, ...others.splice(0)].map((c) => c?.close()));
});

test.afterAll(async () => {
  await browser?.close();
  await aye?.stop();
  if (aye) removeData(aye);
});

test("yes and no look the same, at every width, in light and dark, and neither is chosen or focused", async () => {
  const page = await newcomer();
  await page.goto(await newMeeting());
  await expect(rows(page)).toHaveCount(ROWS.length);
  await page.getByRole("button", { name: "More" }).nth(1).click();
  await page.getByLabel("Your name").focus();
  await everyLook(page, async (look) => {
    const pairs = await yesNoPairs(page);
    expect(pairs.length, "three rows and the two parts of an open one").toBe(5);
    for (const [yes, no] of pairs) {
      expect(yes.look, look).toEqual(no.look);
      expect(yes.y, "side by side").toBe(no.y);
      expect(yes.pressed || no.pressed, "nothing is chosen").toBe(false);
      expect(yes.contrast, look).toBeGreaterThan(4.5);
      expect(yes.look.height, "large enough for a finger").toBeGreaterThanOrEqual(44);
    }
  });
  for (const place of ["name", "nothing"]) {
    if (place === "nothing") await page.reload();
    await expect(rows(page)).toHaveCount(ROWS.length);
    expect(await page.evaluate(() => document.activeElement?.closest(".preview-card") ?? null)).toBeNull();
  }
});

test("a chosen yes looks like a chosen no, and the other one is not dimmed", async () => {
  const page = await newcomer();
  await page.goto(await newMeeting());
  await answer(page, "Captions", "Yes");
  await answer(page, "Notes", "No");
  await page.mouse.move(0, 0);
  await everyLook(page, async (look) => {
    const [captions, notes] = await yesNoPairs(page);
    expect(captions?.[0].look, look).toEqual(notes?.[1].look);
    expect(captions?.[1].look, look).toEqual(notes?.[0].look);
    for (const side of [0, 1]) expect(captions?.[side]?.contrast, look).toBeGreaterThan(4.5);
  });
});

test("who joins without touching the card has answered nothing", async () => {
  const page = await newcomer();
  const asked: string[] = [];
  page.on("request", (request) => {
    if (/\/(answers|streams|withdrawals)$/.test(new URL(request.url()).pathname)) asked.push(request.url());
  });
  await page.goto(await newMeeting());
  await expect(rows(page)).toHaveCount(ROWS.length);
  const before = await logSize();
  await join(page);
  await openMine(page);
  await expect(page.getByText("Nothing of yours is sent to AI")).toBeVisible();
  await expect(page.getByText("You have not answered anything yet.")).toBeVisible();
  for (const [yes, no] of await yesNoPairs(page)) {
    expect(yes.look).toEqual(no.look);
    expect(yes.pressed || no.pressed).toBe(false);
  }
  await leave(page);
  await expect(page.getByText("Nothing of you was kept.")).toBeVisible();
  await page.goto(`${aye.url}/me`);
  await expect(page.getByRole("heading", { name: "Held of you" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "You said" })).toHaveCount(0);
  expect(asked, "no answer was sent").toEqual([]);
  expect(await logSize(), "and none is in the log").toBe(before);
});

test("taking back takes as many clicks as giving", async () => {
  const page = await newcomer();
  page.on("dialog", (dialog) => {
    throw new Error(`a dialog asks: ${dialog.message()}`);
  });
  await page.goto(await newMeeting());
  await join(page);
  let clicks = 0;
  const click = async (what: Locator) => {
    clicks++;
    await press(what);
  };

  await click(page.getByTitle("Show my choices"));
  await timeClicks(page);
  await click(choice(page, "Captions", "Yes"));
  const give = clicks;
  await expect(choice(page, "Captions", "Yes")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByText(/A copy of your voice is going to/)).toBeVisible();
  console.log(`  click to effective permit: ${await sinceClick(page, "/answers")} ms`);
  await page.getByRole("button", { name: "Close" }).click();

  clicks = 0;
  await click(page.getByTitle("Show my choices"));
  await click(choice(page, "Captions", "No"));
  await expect(page.getByText(/^Stopped \d/)).toBeVisible();
  await expect(choice(page, "Captions", "No")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByText("Nothing of yours is sent to AI")).toBeVisible();
  await expect(page.getByText(/In the log|Everything is done/).first()).toBeVisible({ timeout: 70_000 });
  console.log(`  click to the promise of a withdrawal: ${await sinceClick(page, "/withdrawals")} ms`);
  expect(clicks).toBeLessThanOrEqual(give);
});

test("whichever way a yes was given, each place where its person then is takes it back in no more clicks", async () => {
  let clicks = 0;
  let page: Page;
  let made: Awaited<ReturnType<typeof meeting>>;
  const click = async (what: Locator) => {
    clicks++;
    await press(what);
  };
  /** Each leaves its person in the room, with a yes to captions that stands. */
  const gives: Record<string, () => Promise<void>> = {
    "in the preview": async () => {
      await page.goto(made.link);
      await click(choice(page, "Captions", "Yes"));
      await join(page);
    },
    "in the invitation": async () => {
      await page.goto(invitation(made.link));
      await click(choice(page, "Captions", "Yes"));
      await page.goto(made.link);
      await pressed(page, { Captions: "Yes" });
      await join(page);
    },
    "at the quiet card": async () => {
      await propose(made, []);
      await page.goto(made.link);
      await join(page);
      await propose(made, ["captions"]);
      await click(choice(page, "Captions", "Yes"));
    },
    "in one's own state": async () => {
      await page.goto(made.link);
      await join(page);
      await click(page.getByTitle("Show my choices"));
      await click(choice(page, "Captions", "Yes"));
      await page.getByRole("button", { name: "Close" }).click();
    },
  };
  const stopped = () => page.getByText(/Stopped \d/).first();
  const takes: Record<string, () => Promise<Locator>> = {
    "in the room": async () => {
      await click(page.getByRole("button", { name: "Take back: Captions" }));
      await expect(page.getByRole("button", { name: "Take back: Captions" })).toHaveCount(0);
      await expect(page.locator(".sign .sending")).toHaveCount(0);
      return stopped();
    },
    "after leaving": async () => {
      await leave(page);
      await click(page.getByRole("button", { name: "Take back every yes" }));
      return stopped();
    },
    "on coming back": async () => {
      await leave(page);
      await page.goto(made.link);
      const told = page.waitForResponse((response) => response.url().endsWith("/api/withdrawals"));
      await click(choice(page, "Captions", "No"));
      expect((await told).status()).toBe(200);
      return choice(page, "Captions", "No").and(page.locator("[aria-pressed=true]"));
    },
    "under My choices": async () => {
      await leave(page);
      await page.goto(`${aye.url}/me`);
      await click(page.getByRole("button", { name: "Take back: Captions, voice" }));
      return stopped();
    },
    "under My choices, everything": async () => {
      await leave(page);
      await page.goto(`${aye.url}/me`);
      await click(page.getByRole("button", { name: "Take back everything" }));
      return stopped();
    },
    "with the slip, elsewhere": async () => {
      await leave(page);
      const link = await page.evaluate(
        () =>
          new Promise<string>((done) => {
            indexedDB.open("aye-slips").onsuccess = (event) => {
              const all = (event.target as IDBOpenDBRequest).result.transaction("slips").objectStore("slips").getAll();
              all.onsuccess = () => done((all.result as { secret: string; log: string }[]).map((s) => `#${s.secret}~${s.log}`)[0] ?? "");
            };
          }),
      );
      const elsewhere = await another();
      await elsewhere.goto(`${aye.url}/withdraw${link}`);
      await click(elsewhere.getByRole("button", { name: "Take back", exact: true }));
      return elsewhere.getByText(/Stopped \d/).first();
    },
  };
  const counted: Record<string, number> = {};
  const ways = Object.entries(gives);
  for (const [i, [where, take]] of Object.entries(takes).entries()) {
    made = await meeting();
    page = await another();
    const [given, give] = ways[i % ways.length] ?? ["", async () => undefined];
    clicks = 0;
    await give();
    await expect(page.locator(".sign .sending")).toBeVisible();
    counted[`given ${given}`] = clicks;
    clicks = 0;
    await expect(await take()).toBeVisible();
    counted[`taken back ${where}`] = clicks;
  }
  const of = (what: string) => Object.entries(counted).filter(([way]) => way.startsWith(what));
  expect(of("given").length, "every way of giving was tried").toBe(ways.length);
  const fewest = Math.min(...of("given").map(([, count]) => count));
  for (const [way, count] of of("taken")) expect(count, way).toBeLessThanOrEqual(fewest);
});

async function propose({ id, hostKey }: { id: string; hostKey: string }, purposes: readonly string[]): Promise<void> {
  const patched = await fetch(`${aye.url}/api/meetings/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", authorization: `Bearer ${hostKey}` },
    body: JSON.stringify({ purposes }),
  });
  expect(patched.status).toBe(200);
}

/** Has the page note when it was last clicked. */
async function timeClicks(page: Page): Promise<void> {
  await page.evaluate(() => {
    addEventListener("click", () => ((window as unknown as { clickedAt: number }).clickedAt = performance.now()), { capture: true });
  });
}

/** How long after the last click the last answer of a call had come, in milliseconds: after it, it is in effect. */
async function sinceClick(page: Page, call: string): Promise<number> {
  return await page.evaluate((path) => {
    const [last] = performance.getEntriesByType("resource").filter((r) => r.name.endsWith(path)).slice(-1) as PerformanceResourceTiming[];
    return Math.round((last?.responseEnd ?? Number.NaN) - (window as unknown as { clickedAt: number }).clickedAt);
  }, call);
}

test("a no is remembered, and not asked again", async () => {
  const page = await newcomer();
  const link = await newMeeting();
  await page.goto(link);
  for (const row of ROWS) await answer(page, row, "No");
  await join(page);
  await openMine(page);
  for (const row of ROWS) await expect(choice(page, row, "No")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("button", { name: "Save receipts" })).toBeVisible();
  await leave(page);

  await page.goto(link);
  await expect(page.getByText("You said no before, and that stays.")).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  await join(page);
  await expect(page.getByRole("complementary")).toHaveCount(0);
  await openMine(page);
  for (const row of ROWS) await expect(choice(page, row, "No")).toHaveAttribute("aria-pressed", "true");
  await leave(page);

  await page.goto(await newMeeting());
  await expect(page.getByText("You said no before, and that stays.")).toBeVisible();
});

test("a keyboard is enough to answer, join, change one's mind and leave", async () => {
  const page = await newcomer();
  await page.goto(await newMeeting());
  await expect(rows(page)).toHaveCount(ROWS.length);
  await tabTo(page, page.getByLabel("Your name"));
  await page.keyboard.type("Kim");
  await tabTo(page, choice(page, "Captions", "No"));
  await page.keyboard.press("Space");
  await tabTo(page, page.getByRole("button", { name: "Join", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("list", { name: "People" })).toBeVisible();
  const sign = page.getByTitle("Show my choices");
  await tabTo(page, sign);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "What of mine AI gets" })).toBeFocused();
  await tabTo(page, choice(page, "Notes", "Yes"));
  await page.keyboard.press("Enter");
  await expect(choice(page, "Notes", "Yes")).toHaveAttribute("aria-pressed", "true");
  await expect(choice(page, "Notes", "Yes")).toBeEnabled();
  await expect(choice(page, "Notes", "Yes"), "the place is kept while the answer is signed").toBeFocused();
  await tabTo(page, choice(page, "Notes", "No"));
  await page.keyboard.press("Space");
  await expect(page.getByText(/^Stopped \d/).first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary")).toHaveCount(0);
  await expect(sign, "closing gives the focus back").toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Leave" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "You left" })).toBeFocused();
});

test("the invitation asks as fairly as the preview, at every width, in light and dark", async () => {
  const page = await newcomer();
  await page.goto(invitation(await newMeeting()));
  await expect(rows(page)).toHaveCount(ROWS.length);
  expect(await page.evaluate(() => document.activeElement?.closest(".card-body") ?? null), "nothing is focused").toBeNull();
  await page.getByRole("button", { name: "More" }).nth(1).click();
  await page.getByRole("heading", { level: 1 }).focus();
  await everyLook(page, async (look) => {
    const pairs = await yesNoPairs(page);
    expect(pairs.length, "three rows and the two parts of an open one").toBe(5);
    for (const [yes, no] of pairs) {
      expect(yes.look, look).toEqual(no.look);
      expect(yes.y, "side by side").toBe(no.y);
      expect(yes.pressed || no.pressed, "nothing is chosen").toBe(false);
      expect(yes.contrast, look).toBeGreaterThan(4.5);
      expect(yes.look.height, "large enough for a finger").toBeGreaterThanOrEqual(44);
    }
  });
  await tabTo(page, choice(page, "Captions", "Yes"));
  await page.keyboard.press("Space");
  await tabTo(page, choice(page, "Notes", "No"));
  await page.keyboard.press("Enter");
  await page.mouse.move(0, 0);
  await page.getByRole("heading", { level: 1 }).focus();
  await everyLook(page, async (look) => {
    const [captions, notes] = await yesNoPairs(page);
    expect(captions?.[0].look, look).toEqual(notes?.[1].look);
    expect(captions?.[1].look, look).toEqual(notes?.[0].look);
  });
  await tabTo(page, page.getByRole("link", { name: "Go to the meeting" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Join", exact: true })).toBeVisible();
});

for (const [locale, viewport] of [
  ["en", { width: 1280, height: 800 }],
  ["nl", { width: 1280, height: 800 }],
  ["en", { width: 390, height: 844 }],
  ["nl", { width: 360, height: 640 }],
] as const) {
  test(`a first yes moves no other row from under the finger: ${locale}, ${viewport.width} wide`, async () => {
    const words = {
      en: { name: "Your name", join: "Join", state: "Show my choices", going: "A copy of your voice is going to" },
      nl: { name: "Je naam", join: "Doe mee", state: "Toon mijn keuzes", going: "Een kopie van je stem gaat naar" },
    }[locale];
    const page = await newcomer({ locale, viewport });
    await page.goto(await newMeeting());
    await page.getByLabel(words.name).fill("Kim");
    await page.getByRole("button", { name: words.join, exact: true }).click();
    await expect(page.locator(".tile video")).toBeVisible();
    await page.getByTitle(words.state).click();
    const pairs = page.getByRole("complementary").locator(".yesno");
    await expect(pairs).toHaveCount(ROWS.length);
    await atRest(page);
    const places = () => pairs.evaluateAll((all) => all.map((e) => [e.getBoundingClientRect().x, e.getBoundingClientRect().y]));
    const before = await places();
    await press(pairs.nth(0).getByRole("button").first());
    await expect(page.locator(".yours .button")).toBeVisible();
    await expect(page.getByText(words.going)).toBeVisible();
    await expect(page.locator(".row[aria-busy=true]")).toHaveCount(0);
    await atRest(page);
    expect(await places()).toEqual(before);
  });
}

test("whoever presses twice on the quiet card has answered one row, and the others stay where they are", async () => {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 640 }]) {
    const made = await meeting({ purposes: [] });
    const page = await another({ viewport });
    await page.goto(made.link);
    await join(page);
    await propose(made, ["captions", "notes", "training"]);
    const quiet = page.getByRole("complementary", { name: "Something new is offered" });
    await expect(rows(page)).toHaveCount(ROWS.length);
    await choice(page, "Captions", "Yes").scrollIntoViewIfNeeded();
    await atRest(page);
    await page.waitForTimeout(600);
    const { x, y } = (await choice(page, "Captions", "Yes").boundingBox()) ?? { x: 0, y: 0 };
    for (let presses = 0; presses < 4; presses++) await page.mouse.click(x + 20, y + 20, { delay: 30 });
    await pressed(page, { Captions: "Yes", Notes: undefined, Learning: undefined });
    await expect(page.locator(".yours .button")).toHaveCount(1);
    await expect(page.locator(".row[aria-busy=true]")).toHaveCount(0);
    await pressed(page, { Captions: "Yes", Notes: undefined, Learning: undefined });
    await answer(page, "Notes", "No");
    await expect(quiet).toBeVisible();
    await answer(page, "Learning", "No");
    await expect(quiet).toHaveCount(0);
  }
});

for (const [locale, words] of [
  ["en", { name: "Your name", join: "Join", state: "Show my choices", fresh: "Something new is offered", later: "Close, nothing changes", more: "More" }],
  ["nl", { name: "Je naam", join: "Doe mee", state: "Toon mijn keuzes", fresh: "Er wordt iets nieuws aangeboden", later: "Sluiten, er verandert niets", more: "Meer" }],
] as const) {
  test(`wherever one is asked yes and no look the same, at every width, in light and dark: ${locale}`, async () => {
    const made = await meeting({ purposes: ["captions"] });
    const page = await newcomer({ locale });
    const asksFairly = async (where: string, expected: number) => {
      await expect(page.locator(".yesno"), where).toHaveCount(expected);
      await everyLook(page, async (look) => {
        await atRest(page);
        for (const [yes, no] of await yesNoPairs(page)) {
          expect(yes.look, `${where}, ${look}`).toEqual(no.look);
          expect(yes.y, `${where}, ${look}: side by side`).toBe(no.y);
          expect(yes.pressed || no.pressed, `${where}, ${look}: nothing is chosen`).toBe(false);
          expect(yes.contrast, `${where}, ${look}`).toBeGreaterThan(4.5);
          expect(yes.look.height, `${where}, ${look}: large enough for a finger`).toBeGreaterThanOrEqual(44);
        }
      });
      await page.setViewportSize({ width: 1280, height: 800 });
    };
    await page.goto(invitation(made.link));
    await asksFairly("invitation", 1);
    await page.goto(made.link);
    await asksFairly("preview", 1);
    await page.getByLabel(words.name).fill("Kim");
    await page.getByRole("button", { name: words.join, exact: true }).click();
    await expect(page.locator(".tile video")).toBeVisible();
    await propose(made, ["captions", "notes", "training"]);
    const quiet = page.getByRole("complementary");
    await expect(quiet).toHaveAccessibleName(words.fresh);
    await quiet.getByRole("button", { name: words.more, exact: true }).last().click();
    await asksFairly("the quiet card, with a row and its parts opened", 4);
    await page.getByRole("button", { name: words.later }).click();
    await page.getByTitle(words.state).click();
    await quiet.getByRole("button", { name: words.more, exact: true }).last().click();
    await asksFairly("one's own state, with a row and its parts opened", 5);

    const [captions, notes] = [page.locator(".yesno").nth(0), page.locator(".yesno").nth(1)];
    await press(captions.getByRole("button").first());
    await expect(captions.getByRole("button").first()).toHaveAttribute("aria-pressed", "true");
    await expect(quiet.locator(".sending-box .button")).toBeVisible();
    await expect(page.locator(".yours .button")).toBeVisible();
    await notes.getByRole("button").last().click();
    await expect(notes.getByRole("button").last()).toHaveAttribute("aria-pressed", "true");
    await expect(page.locator(".row[aria-busy=true]")).toHaveCount(0);
    await quiet.getByRole("heading", { level: 2 }).focus();
    await page.mouse.move(0, 0);
    await everyLook(page, async (look) => {
      await atRest(page);
      const [given, refused] = await yesNoPairs(page);
      expect(given?.[0].look, `chosen, ${look}`).toEqual(refused?.[1].look);
      expect(given?.[1].look, `not chosen, ${look}`).toEqual(refused?.[0].look);
      for (const side of [0, 1]) expect(given?.[side]?.contrast, look).toBeGreaterThan(4.5);
    });
  });
}

test("one press beside the sign takes a wider yes back in every meeting, says so, and the next one does not ask again", async () => {
  const wide = await startAye({ env: { AYE_SCOPE_WIDEST: "room" } });
  try {
    const make = async (body: object, hostKey?: string) => {
      const made = await fetch(`${wide.url}/api/meetings`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(hostKey === undefined ? {} : { authorization: `Bearer ${hostKey}` }) },
        body: JSON.stringify(body),
      });
      expect(made.status).toBe(201);
      return (await made.json()) as { id: string; hostKey: string; link: string };
    };
    const first = await make({ title: "First" });
    const page = await newcomer();
    await page.goto(`${first.link}#${secret()}`);
    await answer(page, "Captions", "Yes");
    await page.getByRole("radio", { name: /^Every meeting in this room, until / }).check();
    await join(page);
    await expect(page.locator(".sign .sending")).toBeVisible();
    const back = page.getByRole("button", { name: "Take back: Captions, in every meeting", exact: true });
    await expect(back).toHaveText("Captions, in every meeting");
    await back.click();
    await expect(page.getByText(/^Captions, in every meeting: Stopped \d/)).toBeVisible();
    await expect(back).toHaveCount(0);
    await expect(page.locator(".sign .sending")).toHaveCount(0);
    await leave(page);
    const next = await make({ title: "Next", after: first.id }, first.hostKey);
    await page.goto(`${next.link}#${secret()}`);
    await pressed(page, { Captions: "No", Notes: undefined, Learning: undefined });
    await expect(page.locator(".row", { has: row(page, "Captions") })).toContainText("your answer from before");
  } finally {
    await wide.stop();
    removeData(wide);
  }
});

test("what is chosen in the invitation stays here unsigned, and is signed only at joining", async () => {
  const page = await newcomer();
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") sent.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  const link = await newMeeting();
  await page.goto(invitation(link));
  await expect(page.getByText("What you choose stays in this browser until you join.")).toBeVisible();
  const devices = await page.evaluate(async () => await navigator.mediaDevices.getUserMedia({ audio: true, video: true }).then(() => "opened", (refused: Error) => refused.name));
  expect(devices, "the browser keeps camera and microphone from this page, though they are permitted").toBe("NotAllowedError");
  await answer(page, "Captions", "Yes");
  await answer(page, "Notes", "No");
  await answer(page, "Learning", "Yes");
  await answer(page, "Learning", "No");
  await page.reload();
  await pressed(page, { Captions: "Yes", Notes: "No", Learning: "No" });
  await page.getByRole("button", { name: "Clear what I chose" }).click();
  await pressed(page, { Captions: undefined, Notes: undefined, Learning: undefined });
  await answer(page, "Captions", "Yes");
  await answer(page, "Notes", "No");
  await page.getByRole("link", { name: "Go to the meeting" }).click();
  await expect(page.getByRole("button", { name: "Join", exact: true })).toBeVisible();
  await pressed(page, { Captions: "Yes", Notes: "No", Learning: undefined });
  expect(sent, "nothing was sent so far").toEqual([]);
  await join(page);
  await openMine(page);
  await pressed(page, { Captions: "Yes", Notes: "No", Learning: undefined });
  await expect(page.getByText(/A copy of your voice is going to/)).toBeVisible();
  expect(sent.filter((call) => call.endsWith("/answers")), "one answer").toHaveLength(1);
  await page.keyboard.press("Escape");
  await leave(page);

  await page.goto(invitation(link));
  await pressed(page, { Captions: "Yes", Notes: "No", Learning: undefined });
  await expect(page.getByRole("button", { name: "Clear what I chose" }), "what was signed is not left over here").toHaveCount(0);
  await answer(page, "Captions", "No");
  await expect(page.getByText(/^Stopped \d/), "one click takes it back, at once").toBeVisible();
  await expect(page.getByText(/^In the log at \d+, checked in your browser\.$/)).toBeVisible();
  await page.goto(invitation(await newMeeting()));
  await pressed(page, { Captions: "No", Notes: "No", Learning: undefined });
});

test("an invitation says what is the matter, whatever it is", async () => {
  const page = await newcomer();
  const link = invitation(await newMeeting());
  const title = page.getByRole("heading", { level: 1 });

  await page.goto(link.slice(0, link.indexOf("#")));
  await expect(title).toHaveText("This link is not complete");
  await page.getByLabel("The whole link").fill(link);
  await page.getByRole("button", { name: "Use this link" }).click();
  await expect(rows(page)).toHaveCount(ROWS.length);

  await page.goto(`${aye.url}/i/AAAAAAAAAAAAAAAA#${secret()}`);
  await expect(page.getByText("There is no such meeting, or it has ended.")).toBeVisible();

  await page.goto(invitation(await endedMeeting()));
  await expect(title).toHaveText("This meeting has ended");

  await page.goto(invitation((await meeting({ purposes: [] })).link));
  await expect(page.getByText("No AI is offered in this meeting, so nothing is asked of you.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Go to the meeting" })).toBeVisible();
  await expect(page.locator(".yesno")).toHaveCount(0);

  await page.route(/\/api\/meetings\//, (route) => route.abort());
  await page.goto(invitation(await newMeeting()));
  await expect(page.getByText("The server does not answer. Check your connection and try again.")).toBeVisible();
  await page.unroute(/\/api\/meetings\//);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(rows(page)).toHaveCount(ROWS.length);

  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("", "SecurityError");
    };
  });
  await page.goto(invitation(await newMeeting()));
  await expect(page.getByText("Your browser does not let this page store anything")).toBeVisible();
  await expect(rows(page), "it can still be read").toHaveCount(ROWS.length);
  await expect(page.locator(".yesno"), "but not be answered").toHaveCount(0);
});

test("all functions are the same with all-no as with all-yes, but for outputs about oneself", async () => {
  const link = await newMeeting();
  const speaker = await newcomer();
  await speaker.goto(link);
  for (const row of ROWS) await answer(speaker, row, "Yes");
  await enter(speaker, "Speaker");
  await expect(speaker.locator(".sign .sending")).toBeVisible();

  const walk = async (which: "Yes" | "No") => {
    const page = await another();
    const seen = new Map<string, string[]>();
    const look = async (where: string) => seen.set(where, await controls(page));
    await page.goto(link);
    await expect(page.locator(".picture video")).toBeVisible();
    for (const row of ROWS) await answer(page, row, which);
    await look("preview");
    await enter(page, "Somebody");
    await expect(page.locator(".tile video")).toHaveCount(2);
    await expect(page.getByRole("button", { name: "Captions", exact: true }), "captions of those who agreed").toBeVisible();
    await expect(page.getByRole("log", { name: "Live captions" })).toBeVisible();
    await expect(page.getByRole("button", { name: /^Take back: / })).toHaveCount(which === "Yes" ? ROWS.length : 0);
    await look("room");
    await page.getByRole("button", { name: "Mute", exact: true }).click();
    await expect(page.getByRole("button", { name: "Unmute", exact: true })).toBeVisible();
    await page.getByRole("button", { name: "Camera off" }).click();
    await expect(page.getByRole("button", { name: "Camera on" })).toBeVisible();
    await expect(page.locator(".tile video")).toHaveCount(1);
    await look("muted, without camera");
    await page.keyboard.press("m");
    await page.getByRole("button", { name: "Camera on" }).click();
    await expect(page.getByRole("button", { name: "Mute", exact: true })).toBeVisible();
    await expect(page.locator(".tile video")).toHaveCount(2);
    await page.getByRole("button", { name: "Chat", exact: true }).click();
    await page.getByLabel("Message").fill(`Hello from ${which}`);
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByText(`Hello from ${which}`)).toBeVisible();
    await look("chat");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Devices" }).click();
    await expect(page.getByRole("complementary").getByLabel("Microphone")).toBeVisible();
    await look("devices");
    await page.keyboard.press("Escape");
    await openMine(page);
    await expect(page.getByText(which === "Yes" ? /A copy of your voice is going to/ : "Nothing of yours is sent to AI")).toBeVisible();
    await look("mine");
    await page.keyboard.press("Escape");
    await leave(page);
    if (which === "No") await expect(page.getByText("Nothing of you was kept.")).toBeVisible();
    await look("after");
    return seen;
  };
  const no = await walk("No");
  const yes = await walk("Yes");
  await speaker.getByRole("button", { name: /^Chat/ }).click();
  for (const which of ["No", "Yes"]) await expect(speaker.getByText(`Hello from ${which}`)).toBeVisible();

  const back = [...ROWS].sort().map((label) => `button What you said yes to, Take back: ${label}`);
  const aboutOneself: Record<string, string[]> = {
    room: back,
    "muted, without camera": back,
    chat: back,
    devices: back,
    mine: ["button Pause mine", "button Save slips", ...back],
    after: ["button Copy slip link", "button Save slip", "button Take back every yes"],
  };
  for (const [where, all] of yes) {
    const without = no.get(where) ?? [];
    expect(without.length, `${where} has controls`).toBeGreaterThan(5);
    expect(without.filter((c) => !all.includes(c)).map((c) => c.replace(" (off)", "")), `${where}: there for all-no alone`).toEqual(where === "mine" ? ["button Save slips"] : []);
    expect(all.filter((c) => !without.includes(c)).sort(), `${where}: there for all-yes alone`).toEqual(aboutOneself[where] ?? []);
  }
});

test("what is switched on mid-meeting is asked quietly, is a no until answered, and is not asked again after a no", async () => {
  const made = await meeting({ purposes: ["captions"] });
  const proposed = (...purposes: string[]) => propose(made, purposes);
  const page = await newcomer();
  const sent: string[] = [];
  page.on("request", (request) => {
    if (/\/(answers|streams|withdrawals)$/.test(new URL(request.url()).pathname)) sent.push(request.url());
  });
  await page.goto(made.link);
  await expect(rows(page)).toHaveCount(1);
  await join(page);
  const quiet = page.getByRole("complementary");
  await page.getByRole("button", { name: "Mute", exact: true }).focus();

  await proposed("captions", "notes");
  await expect(quiet).toHaveAccessibleName("Something new is offered");
  await expect(rows(page), "of what is new alone").toHaveCount(1);
  await pressed(page, { Notes: undefined });
  await expect(page.getByRole("button", { name: "Mute", exact: true }), "it takes no focus").toBeFocused();
  await everyLook(page, async (look) => {
    const [pair] = await yesNoPairs(page);
    expect(pair?.[0].look, look).toEqual(pair?.[1].look);
    expect(pair?.[0].y, "side by side").toBe(pair?.[1].y);
  });
  await page.setViewportSize({ width: 1280, height: 800 });
  expect(sent, "until answered it is a no").toEqual([]);
  await answer(page, "Notes", "No");
  await expect(quiet).toHaveCount(0);
  await expect.poll(() => sent.length, "the no is signed").toBe(1);

  for (let again = 0; again < 2; again++) {
    await proposed("captions");
    await openMine(page);
    await expect(row(page, "Notes")).toHaveCount(0);
    await page.keyboard.press("Escape");
    await proposed("captions", "notes");
    await openMine(page);
    await pressed(page, { Notes: "No" });
    await page.keyboard.press("Escape");
    await expect(quiet, "not asked again").toHaveCount(0);
  }

  await proposed("captions", "notes", "training");
  await expect(quiet).toHaveAccessibleName("Something new is offered");
  await page.getByRole("button", { name: "Close, nothing changes" }).click();
  await expect(quiet).toHaveCount(0);
  await openMine(page);
  await pressed(page, { Captions: undefined, Notes: "No", Learning: undefined });
  expect(sent, "closing is no answer").toHaveLength(1);
});

test("no page of the host shows who chose what: two meetings that differ in who said yes look the same", async () => {
  const world = async (saysYes: "Ann" | "Ben") => {
    const host = await another();
    await host.goto(aye.url);
    await host.getByLabel("What is it about?", { exact: false }).fill("Two worlds");
    await host.getByRole("button", { name: "Make a meeting" }).click();
    const link = await host.getByLabel("Link for everybody who may join").inputValue();
    await host.getByRole("button", { name: "Go to the meeting" }).click();
    const silently = async (page: Page) => {
      await page.getByRole("button", { name: "Turn camera off" }).click();
      await page.getByRole("button", { name: "Mute", exact: true }).click();
    };
    await silently(host);
    await enter(host, "Host");
    for (const [at, name] of (["Ann", "Ben"] as const).entries()) {
      const page = await another();
      await page.goto(link);
      await silently(page);
      for (const row of ROWS) await answer(page, row, name === saysYes ? "Yes" : "No");
      await enter(page, name);
      await openMine(page);
      await expect(page.getByText(name === saysYes ? "You are muted, so nothing of your voice is sent." : "Nothing of yours is sent to AI")).toBeVisible();
      await expect(page.getByRole("button", { name: "Save receipts" })).toBeVisible();
      await expect(host.locator(".tile")).toHaveCount(at + 2);
      await expect(host.locator(".tile", { hasText: name })).toBeVisible();
    }
    const sign = host.getByTitle("Show my choices");
    await expect(sign).toContainText("of those who said yes");
    await expect(host.getByText("Part of this meeting is not captured")).toBeVisible();
    const seen = [await everythingOn(host)];
    await host.getByRole("button", { name: "Host" }).click();
    await expect(host.getByRole("button", { name: "Mute Ann" })).toBeDisabled();
    await expect(host.getByRole("button", { name: "Mute Ben" })).toBeDisabled();
    await expect(host.getByRole("checkbox", { name: "Learning", exact: true })).toBeChecked();
    seen.push(await everythingOn(host));
    await host.keyboard.press("Escape");
    await openMine(host);
    seen.push(await everythingOn(host));
    await host.keyboard.press("Escape");
    await host.getByRole("button", { name: "Host" }).click();
    await host.getByRole("button", { name: "End for everybody" }).click();
    await expect(host.getByRole("heading", { name: "The meeting has ended" })).toBeVisible();
    await expect(host.getByText("Nothing of you was kept.")).toBeVisible();
    await expect(host.getByText("There are no notes")).toBeVisible();
    seen.push(await everythingOn(host));
    await Promise.all(others.splice(0).map((c) => c.close()));
    const id = new URL(link).pathname.replace("/m/", "");
    return seen.map((all) => all.replaceAll(id, "this meeting"));
  };
  const first = await world("Ann");
  const second = await world("Ben");
  expect(first[1], "it was looked at").toContain("Mute Ann");
  for (const [at, page] of first.entries()) expect(second[at]).toBe(page);
});

test("what was answered in other words is asked anew with the difference, and an old yes sends nothing", async () => {
  const before = await startAye({ env: { AYE_CONTROLLER: "the first club" } });
  const witness = await startWitness("witness.example/w1");
  const port = Number(new URL(before.url).port);
  let after: Aye | undefined;
  try {
    const made = (await (await fetch(`${before.url}/api/meetings`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).json()) as { id: string; link: string };
    const link = `${made.link}#${secret()}`;
    const page = await newcomer();
    await page.goto(link);
    await answer(page, "Notes", "Yes");
    await join(page);
    await openMine(page);
    await expect(page.getByText(/A copy of your voice is going to/)).toBeVisible();
    await page.keyboard.press("Escape");
    await leave(page);
    await page.goto("about:blank");
    await before.kill();
    const witnessed = { AYE_WITNESSES: `${witness.vkey} ${witness.url}`, AYE_WITNESS_QUORUM: "1" };
    after = await startAye({ data: before.data, port, env: { AYE_CONTROLLER: "the second club", ...witnessed } });

    await page.goto(link);
    const changed = page.locator(".row", { has: row(page, "Notes") }).locator(".changed");
    await expect(changed).toContainText("The words of this have changed since you answered.");
    await expect(changed).toContainText("Before: The Aye companion, run by the first club.");
    await expect(changed).toContainText("Now: The Aye companion, run by the second club.");
    await expect(page.locator(".changed"), "of the row that was answered alone").toHaveCount(1);
    await pressed(page, { Captions: undefined, Notes: undefined, Learning: undefined });
    await noFindings(page);
    const sent: string[] = [];
    page.on("request", (request) => {
      if (/\/(answers|streams|withdrawals)$/.test(new URL(request.url()).pathname)) sent.push(request.url());
    });
    await join(page);
    await openMine(page);
    await expect(page.getByText("Nothing of yours is sent to AI")).toBeVisible();
    await expect(page.locator(".changed")).toHaveCount(1);
    await pressed(page, { Notes: undefined });
    expect(sent, "the old yes sends nothing").toEqual([]);
    await answer(page, "Notes", "Yes");
    await expect(page.getByText(/A copy of your voice is going to/)).toBeVisible();
    await expect(page.locator(".changed")).toHaveCount(0);
    await pressed(page, { Notes: "Yes" });
    await page.keyboard.press("Escape");
    await leave(page);
    await whatChangedIsTold(page, after.url);
    await whoWatchesIsTold(page, witness);
  } finally {
    await (after ?? before).kill();
    await witness.stop();
    removeData(before);
  }
});

/** By the witness's own signature, which is checked in the page. */
async function whoWatchesIsTold(page: Page, witness: Witness): Promise<void> {
  await expect(page.getByRole("heading", { name: witness.name })).toBeVisible();
  await expect(page.getByText(witness.vkey, { exact: true })).toBeVisible();
  await expect(page.getByText(/^Confirmed the log as it is now: .*\. Signature checked here\.$/)).toBeVisible();
  await expect(page.getByText(/^A yes counts only once it is confirmed by 1 of 1\. All \d+ entries are\.$/)).toBeVisible();
}

/** On the transparency page, where the served pages are also those that were built here. */
async function whatChangedIsTold(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/transparency`);
  const versions = page.locator(".versions > li");
  await expect(versions).toHaveCount(2);
  const newer = versions.first();
  await expect(newer.getByRole("heading", { name: /^Version 2 .* in use now$/ })).toBeVisible();
  await expect(newer.locator(".changed > div").first()).toHaveText("Who is responsibleBefore: the first clubNow: the second club");
  await expect(newer.locator(".changed h4", { hasText: "Notes · Who gets it" })).toBeVisible();
  await expect(page.getByText("The server lists other changes", { exact: false })).toHaveCount(0);
  await expect(page.getByText(/^(English|Dutch): fits entry \d+ of the log, checked here\.$/)).toHaveCount(4);
  await newer.getByText("Read it in English").click();
  await expect(newer.getByText("Your words become part of the transcript and the summary.").first()).toBeVisible();
  const vkey = (await (await fetch(`${url}/log/vkey`)).text()).trim();
  const told = execFileSync(`${root}/aye`, ["verify", `${root}/web/dist`, "--log", `${url}/log`, "--vkey", vkey], { encoding: "utf8" });
  expect(told).toMatch(/^holds {2}these pages are leaf \d+ of the log {2}[\w-]{43}$/m);
  await expect(page.getByText(told.trim().slice(-43), { exact: true })).toBeVisible();
}

test("where minors may be present nobody is asked about learning, in a running room too, and a room goes on", async () => {
  const host = await newcomer();
  await host.goto(aye.url);
  const declared = host.getByRole("checkbox", { name: "Minors may be present" });
  await expect(declared, "off until somebody says so").not.toBeChecked();
  await host.getByLabel("What is it about?", { exact: false }).fill("School council");
  await host.getByRole("button", { name: "Make a meeting" }).click();
  const link = await host.getByLabel("Link for everybody who may join").inputValue();
  await host.getByRole("button", { name: "Go to the meeting" }).click();
  await enter(host, "Host");

  const guest = await another();
  await guest.goto(link);
  await expect(rows(guest)).toHaveCount(ROWS.length);
  await answer(guest, "Learning", "Yes");
  await enter(guest, "Guest");
  await openMine(guest);
  await expect(guest.getByText(/A copy of your voice is going to/)).toBeVisible();
  const sentence = "Young people may be here, so nobody is asked about learning, recording or sharing.";
  await expect(guest.getByText(sentence)).toHaveCount(0);

  await host.getByRole("button", { name: "Host" }).click();
  await expect(declared).not.toBeChecked();
  await expect(host.getByRole("checkbox", { name: "Learning", exact: true })).toBeChecked();
  await declared.click();
  await expect(declared).toBeChecked();
  await expect(host.getByRole("checkbox", { name: "Learning", exact: true })).toHaveCount(0);
  await expect(guest.getByText(sentence)).toBeVisible();
  await expect(guest.getByText("Nothing of yours is sent to AI")).toBeVisible();
  await pressed(guest, { Learning: "Yes" });
  await answer(guest, "Learning", "No");
  await expect(row(guest, "Learning"), "it can be taken back, and is not asked").toHaveCount(0);
  await expect(guest.getByText(/^Stopped \d/)).toBeVisible();
  await declared.click();
  await expect(guest.getByText(sentence)).toHaveCount(0);
  await pressed(guest, { Captions: undefined, Notes: undefined, Learning: "No" });

  await host.keyboard.press("Escape");
  await leave(host);
  await host.getByRole("link", { name: "Next one in this room" }).click();
  const room = host.getByLabel("Room");
  await expect(room.locator("option:checked")).toHaveText(/^School council · /);
  await declared.click();
  await host.getByRole("button", { name: "Make a meeting" }).click();
  await expect(host.getByText(sentence)).toBeVisible();
  const next = await host.getByLabel("Link for everybody who may join").inputValue();
  const roomOf = async (of: string) => ((await (await fetch(`${aye.url}/api${new URL(of).pathname.replace("/m/", "/meetings/")}`)).json()) as { room: string }).room;
  expect(await roomOf(next)).toBe(await roomOf(link));
  expect(new URL(next).hash, "with a secret of its own").not.toBe(new URL(link).hash);
  await guest.goto(next);
  await expect(guest.getByText(sentence)).toBeVisible();
  await expect(rows(guest)).toHaveCount(2);
});

test("a receipt can be read and printed from My choices, and a changed file is named as such", async () => {
  const page = await newcomer();
  await page.goto(await newMeeting());
  await answer(page, "Captions", "No");
  await answer(page, "Notes", "Yes");
  await join(page);
  await expect(page.locator(".sign .sending")).toBeVisible();
  await leave(page);
  const slips = await page.evaluate(
    () =>
      new Promise<string[]>((done) => {
        indexedDB.open("aye-slips").onsuccess = (event) => {
          const all = (event.target as IDBOpenDBRequest).result.transaction("slips").objectStore("slips").getAll();
          all.onsuccess = () => done((all.result as { secret: string }[]).map((s) => s.secret));
        };
      }),
  );
  expect(slips.length, "there are secrets that could be on the page").toBeGreaterThan(0);

  await page.goto(`${aye.url}/me`);
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save receipt" }).click();
  const file = JSON.parse(readFileSync(await (await saved).path(), "utf8")) as { receipt: string; index: number; noticeText: string };
  await page.getByRole("link", { name: "Readable page" }).click();
  await expect(page.getByRole("heading", { name: "Receipt", level: 1 })).toBeFocused();
  await expect(page).toHaveURL(/\/me\/receipt\/[\w-]{22}$/);
  await expect(page.getByRole("heading", { name: "This receipt holds" })).toBeVisible();
  await expect(page.getByText(new RegExp(`^In the log: entry ${file.index} of \\d+, proved just now\\.$`))).toBeVisible();
  const said = page.locator(".answered li");
  await expect(said).toHaveText([/What I say.*No/, /What I say.*Yes/, /What I write in the chat.*Yes/, /What I say.*not answered here/, /What I write in the chat.*not answered here/]);
  const vkey = (await (await fetch(`${aye.url}/log/vkey`)).text()).trim();
  await expect(page.getByText(`./aye verify aye-receipt-${file.index}.json --vkey '${vkey}'`, { exact: true })).toBeVisible();
  const shown = await page.content();
  for (const secret of slips) expect(shown).not.toContain(secret);
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("navigation")).toHaveCount(0);
  await expect(page.getByRole("button")).toHaveCount(0);
  await expect(page.getByText("This receipt holds")).toBeVisible();
  await page.emulateMedia({ media: "screen" });

  const bring = async (changed: object) => {
    await page.goto(`${aye.url}/me/receipt`);
    const buffer = Buffer.from(JSON.stringify({ ...file, ...changed }));
    await page.getByLabel("Choose a receipt file").setInputFiles({ name: "receipt.json", mimeType: "application/json", buffer });
  };
  await bring({});
  await expect(page.getByRole("heading", { name: "This receipt holds" })).toBeVisible();
  await bring({ noticeText: file.noticeText.replace("The sound is not kept.", "The sound is kept.") });
  await expect(page.getByRole("heading", { name: "This receipt does not hold as it is here" })).toBeVisible();
  await expect(page.getByText("The text in this file is another one than was shown.", { exact: false })).toBeVisible();
  await expect(page.getByText("The sound is kept.")).toHaveCount(0);
  const [header, payload = "", signature] = file.receipt.split(".");
  const forged = Buffer.from(Buffer.from(payload, "base64url").toString().replace('"refused"', '"given" ')).toString("base64url");
  await bring({ receipt: `${header}.${forged}.${signature}` });
  await expect(page.getByText("This receipt cannot be relied on")).toBeVisible();
  await expect(page.getByText("it was changed after it was signed", { exact: false })).toBeVisible();
  await expect(page.locator(".sheet")).toHaveCount(0);
});

test("who lost the slips but not the key takes everything back with it, in one click", async () => {
  const page = await newcomer();
  await page.goto(await newMeeting());
  await answer(page, "Notes", "Yes");
  await join(page);
  await expect(page.locator(".sign .sending")).toBeVisible();
  await leave(page);
  const lost = await page.evaluate(
    () =>
      new Promise<number>((done) => {
        indexedDB.open("aye-slips").onsuccess = (event) => {
          const store = (event.target as IDBOpenDBRequest).result.transaction("slips", "readwrite").objectStore("slips");
          const all = store.count();
          store.clear().onsuccess = () => done(all.result);
        };
      }),
  );
  expect(lost, "there were slips to lose").toBe(2);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST") asked.push(new URL(request.url()).pathname);
  });

  await page.goto(`${aye.url}/me`);
  await expect(page.getByText("This device no longer has the slip for this. It still has the key that signed it")).toBeVisible();
  const said = page.locator(".choices .said");
  await expect(said).toHaveText(["yes", "yes"]);
  await page.getByRole("button", { name: "Take back everything" }).click();
  await expect(said).toHaveText(["taken back", "taken back"]);
  await expect(page.getByText("2 of 2 taken back. The log shows it, checked in your browser.")).toBeVisible({ timeout: 70_000 });
  await expect(page.getByText("Nothing is held of you.")).toBeVisible();
  expect(asked.filter((path) => path === "/api/me/withdrawals")).toHaveLength(2);
  expect(asked).not.toContain("/api/withdrawals");
  await page.reload();
  await expect(said).toHaveText(["taken back", "taken back"]);
  await expect(page.getByRole("button", { name: /^Take back/ })).toHaveCount(0);
});

const WORDS = {
  en: {
    landing: "Meet. AI only with your yes.",
    card: "This meeting can use AI — only with the people who say yes.",
    name: "Your name",
    join: "Join",
    yes: "Yes",
    leave: "Leave",
    left: "You left",
    me: "My choices",
    proved: "Checked just now in your browser against the log",
    withdraw: "Take back a yes",
    transparency: "Transparency",
    signature: "Signature checked just now",
    pagesProved: /^Your browser fetched all \d+ files just now\. Their hash is entry \d+ of the log\.$/,
    textProved: /^Dutch: fits entry \d+ of the log, checked here\.$/,
    readable: "Readable page",
    receiptHolds: "This receipt holds",
    readReceipt: "Read a receipt",
    unwatched: "Nobody outside watches this log.",
    noMeeting: "There is no such meeting, or it has ended. Ask whoever invited you.",
    noPage: "There is nothing here",
    message: "Message",
    denied: "Your browser does not allow the camera and microphone here.",
    takeBack: "Take back all",
    forgotten: /^Stopped .* Everything is done for all 2;/,
    each: "Each of the 2 parts",
    over: "This meeting has ended",
  },
  nl: {
    landing: "Vergader. AI alleen met jouw ja.",
    card: "Deze vergadering kan AI gebruiken — alleen bij wie ja zegt.",
    name: "Je naam",
    join: "Doe mee",
    yes: "Ja",
    leave: "Verlaten",
    left: "Je hebt de vergadering verlaten",
    me: "Mijn keuzes",
    proved: "Zojuist in je browser gecontroleerd in het logboek",
    withdraw: "Trek een ja in",
    transparency: "Openheid",
    signature: "Handtekening zojuist gecontroleerd",
    pagesProved: /^Je browser haalde zojuist alle \d+ bestanden op\. Hun hash is regel \d+ van het logboek\.$/,
    textProved: /^Nederlands: klopt met regel \d+ van het logboek, hier gecontroleerd\.$/,
    readable: "Leesbare pagina",
    receiptHolds: "Dit ontvangstbewijs klopt",
    readReceipt: "Lees een ontvangstbewijs",
    unwatched: "Niemand van buiten kijkt mee met dit logboek.",
    noMeeting: "Deze vergadering bestaat niet of is afgelopen. Vraag het aan wie je uitnodigde.",
    noPage: "Hier is niets",
    message: "Bericht",
    denied: "Je browser laat camera en microfoon hier niet toe.",
    takeBack: "Trek alles in",
    forgotten: /^Gestopt om .* Alles is gedaan voor alle 2;/,
    each: "Elk van de 2 delen",
    over: "Deze vergadering is afgelopen",
  },
} as const;

for (const locale of ["en", "nl"] as const) {
  test(`every page can be used by everyone and fits a phone: ${locale}`, async () => {
    const words = WORDS[locale];
    const page = await newcomer({ locale });
    const heading = (name: string) => page.getByRole("heading", { name, level: 1 });
    const link = await newMeeting();

    await page.goto(aye.url);
    await expect(heading(words.landing)).toBeVisible();
    await works(page, locale);

    await page.goto(invitation(link));
    await expect(page.getByRole("heading", { name: words.card })).toBeVisible();
    await works(page, locale);

    await page.goto(link);
    await expect(page.getByRole("heading", { name: words.card })).toBeVisible();
    await press(page.getByRole("group", { name: "Notulen: ja of nee" }).or(row(page, "Notes")).getByRole("button", { name: words.yes, exact: true }));
    await works(page, locale);

    await page.getByLabel(words.name).fill("Kim de Vries-van den Berg");
    await page.getByRole("button", { name: words.join, exact: true }).click();
    await expect(page.locator(".tile video")).toBeVisible();
    await expect(page.locator(".sign .sending")).toBeVisible();
    await works(page, locale);
    const mark = await page.locator(".room-top .brand svg").boundingBox();
    expect(mark?.width, "a long sign leaves the name of the meeting its place").toBe(mark?.height);
    expect((await page.locator(".room-title").boundingBox())?.width).toBeGreaterThan(40);
    await page.locator(".sign").click();
    await works(page, locale);

    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Chat", exact: true }).click();
    await expect(page.getByLabel(words.message)).toBeVisible();
    await works(page, locale);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: words.leave, exact: true }).click();
    await expect(heading(words.left)).toBeVisible();
    await works(page, locale);

    await page.goto(`${aye.url}/me`);
    await expect(heading(words.me)).toBeVisible();
    await expect(page.getByText(words.proved)).toBeVisible();
    await works(page, locale);
    await page.getByRole("button", { name: words.takeBack }).click();
    await expect(page.getByText(words.forgotten)).toBeVisible({ timeout: 70_000 });
    await expect(page.locator(".story")).toHaveCount(1);
    await works(page, locale);
    await page.getByText(words.each).click();
    await expect(page.locator(".fold .story")).toHaveCount(2);
    await works(page, locale);

    await page.getByRole("link", { name: words.readable }).click();
    await expect(page.getByRole("heading", { name: words.receiptHolds })).toBeVisible();
    await works(page, locale);
    await page.goto(`${aye.url}/me/receipt`);
    await expect(heading(words.readReceipt)).toBeVisible();
    await works(page, locale);

    await page.goto(`${aye.url}/withdraw`);
    await expect(heading(words.withdraw)).toBeVisible();
    await works(page, locale);

    await page.goto(`${aye.url}/transparency`);
    await expect(page.getByText(words.signature)).toBeVisible();
    await expect(page.getByText(words.pagesProved)).toBeVisible();
    await expect(page.getByText(words.textProved).first()).toBeVisible();
    await expect(page.getByText(words.unwatched)).toBeVisible();
    await works(page, locale);
    const vkey = (await (await fetch(`${aye.url}/log/vkey`)).text()).trim();
    await expect(page.getByText(new RegExp(`^\\./aye verify aye-receipt-\\d+\\.json --vkey '${vkey.replace(/[.+/]/g, "\\$&")}'$`))).toBeVisible();

    await page.goto(`${aye.url}/m/AAAAAAAAAAAAAAAA#${secret()}`);
    await expect(page.getByText(words.noMeeting)).toBeVisible();
    await works(page, locale);

    await page.goto(await endedMeeting());
    await expect(heading(words.over)).toBeVisible();
    await expect(page.locator(".preview")).toHaveCount(0);
    await works(page, locale);

    await page.goto(`${aye.url}/nowhere`);
    await expect(heading(words.noPage)).toBeVisible();
    await works(page, locale);

    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
    });
    await page.goto(await newMeeting());
    await expect(page.getByText(words.denied)).toBeVisible();
    await works(page, locale);
  });
}

for (const [locale, words] of [
  ["en", { name: "Your name", join: "Join", never: "You did not get in", again: "Try again", back: "Come back" }],
  ["nl", { name: "Je naam", join: "Doe mee", never: "Je kwam er niet in", again: "Probeer opnieuw", back: "Terug naar de vergadering" }],
] as const) {
  test(`who could not get in is told so, and not that a connection was lost: ${locale}`, async () => {
    const page = await newcomer({ locale });
    let cut = true;
    await page.routeWebSocket(/\/rtc\//, (socket) => void (cut ? socket.close() : socket.connectToServer()));
    await page.route(/\/rtc\/.*validate/, (route) => void (cut ? route.abort() : route.continue()));
    await page.goto(await newMeeting());
    await page.getByLabel(words.name).fill("Kim");
    await page.getByRole("button", { name: words.join, exact: true }).click();
    await expect(page.getByRole("heading", { name: words.never })).toBeFocused({ timeout: 60_000 });
    await expect(page.getByRole("button", { name: words.back })).toHaveCount(0);
    await works(page, locale);
    cut = false;
    await page.getByRole("button", { name: words.again }).click();
    await page.getByRole("button", { name: words.join, exact: true }).click();
    await expect(page.locator(".tile")).toHaveCount(1);
    await expect(page.locator(".control.leave")).toBeVisible();
  });
}

test("a link without its secret says so, and takes the whole one", async () => {
  const page = await newcomer();
  const link = await newMeeting();
  await page.goto(link.slice(0, link.indexOf("#")));
  await expect(page.getByRole("heading", { name: "This link is not complete" })).toBeVisible();
  await works(page, "en");
  const use = page.getByRole("button", { name: "Use this link" });
  await expect(use).toBeDisabled();
  await page.getByLabel("The whole link").fill(link);
  await use.click();
  await expect(page.getByRole("button", { name: "Join", exact: true })).toBeVisible();
});

async function newcomer(options: BrowserContextOptions = {}): Promise<Page> {
  context = await browser.newContext({ locale: "en-GB", permissions: ["camera", "microphone"], viewport: { width: 1280, height: 800 }, ...options });
  return await context.newPage();
}

async function another(options: BrowserContextOptions = {}): Promise<Page> {
  const first = context;
  const page = await newcomer(options);
  others.push(context);
  context = first;
  return page;
}

function secret(): string {
  return randomBytes(32).toString("base64url");
}

async function newMeeting(): Promise<string> {
  return (await meeting()).link;
}

async function endedMeeting(): Promise<string> {
  const { id, hostKey, link } = await meeting();
  const ended = await fetch(`${aye.url}/api/meetings/${id}/end`, { method: "POST", headers: { authorization: `Bearer ${hostKey}` } });
  expect(ended.status).toBe(204);
  return link;
}

async function meeting(wanted: { purposes?: string[]; minors?: boolean } = {}): Promise<{ id: string; hostKey: string; link: string }> {
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
function invitation(link: string): string {
  return link.replace("/m/", "/i/");
}

/** Which button of each row is pressed; none where it says so. */
async function pressed(page: Page, expected: Record<string, "Yes" | "No" | undefined>): Promise<void> {
  for (const [label, which] of Object.entries(expected))
    for (const side of ["Yes", "No"] as const) await expect(choice(page, label, side), `${label}: ${side}`).toHaveAttribute("aria-pressed", String(side === which));
}

async function logSize(): Promise<number> {
  const checkpoint = await (await fetch(`${aye.url}/log/checkpoint`)).text();
  return Number(checkpoint.split("\n")[1]);
}

function rows(page: Page): Locator {
  return page.locator(".rows > .row");
}

function row(page: Page, label: string): Locator {
  return page.getByRole("group", { name: `${label}: yes or no`, exact: true });
}

function choice(page: Page, label: string, which: "Yes" | "No"): Locator {
  return row(page, label).getByRole("button", { name: which, exact: true });
}

async function answer(page: Page, label: string, which: "Yes" | "No"): Promise<void> {
  await press(choice(page, label, which));
}

async function join(page: Page): Promise<void> {
  await page.getByLabel("Your name").fill("Kim");
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await expect(page.getByRole("list", { name: "People" }).getByRole("listitem")).toHaveCount(1);
  await expect(page.getByText("Nobody else is here yet")).toBeVisible();
}

/** Joins a meeting in which others may be already. */
async function enter(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await expect(page.getByRole("list", { name: "People" }).getByRole("listitem").filter({ hasText: `${name} (you)` })).toBeVisible();
  await expect(page.getByText("Connecting…")).toHaveCount(0);
}

async function openMine(page: Page): Promise<void> {
  await page.getByTitle("Show my choices").click();
  await expect(page.getByRole("complementary", { name: "What of mine AI gets" })).toBeVisible();
}

async function leave(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Leave" }).click();
  await expect(page.getByRole("heading", { name: "You left" })).toBeVisible();
}

/** Presses Tab until something has the focus, as somebody without a mouse would. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${String(target)}`);
}

/** What a page can be used with: each visible control by its kind and name, and whether it is off. */
async function controls(page: Page): Promise<string[]> {
  return await page.locator("button, a[href], input, select, textarea, summary").evaluateAll((all) =>
    all
      .filter((control) => control.checkVisibility())
      .map((control) => {
        const labels = control instanceof HTMLInputElement || control instanceof HTMLSelectElement ? [...(control.labels ?? [])].map((l) => l.querySelector("span")?.textContent) : [];
        const row = control.closest("[role=group]")?.getAttribute("aria-label") ?? "";
        const name = (control.getAttribute("aria-label") ?? labels[0] ?? control.textContent ?? "").replace(/\d\d:\d\d:\d\d/, "its time");
        const off = control.matches(":disabled, [aria-disabled=true]");
        return `${control.tagName.toLowerCase()} ${row === "" ? "" : `${row}, `}${name}${off ? " (off)" : ""}`;
      }),
  );
}

/** All that the document says, attributes and classes with it, apart from captions and what moves by itself. */
async function everythingOn(page: Page): Promise<string> {
  await page.mouse.move(0, 0);
  return await page.evaluate(() => {
    const root = document.querySelector("#root")?.cloneNode(true) as Element;
    for (const element of root.querySelectorAll('[role="log"]')) element.remove();
    for (const element of root.querySelectorAll("*")) for (const name of ["id", "style", "for", "aria-describedby", "aria-labelledby", "aria-valuenow"]) element.removeAttribute(name);
    return root.outerHTML.replaceAll("><", ">\n<").replace(/The log was compared with [^<]*|The log has not been compared [^<]*/, "");
  });
}

async function everyLook(page: Page, check: (look: string) => Promise<void>): Promise<void> {
  for (const colorScheme of SCHEMES)
    for (const width of WIDTHS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await check(`${colorScheme}, ${width} wide`);
    }
}

/**
 * In its language, without a finding of axe, and without sideways scrolling on the narrowest phone: dark and narrow in each
 * language, and once in light and wide.
 */
async function works(page: Page, locale: string): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.lang)).toBe(locale);
  await page.setViewportSize({ width: NARROWEST, height: 740 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over, `${page.url()} is wider than a phone`).toBeLessThanOrEqual(0);
  await page.emulateMedia({ colorScheme: "dark" });
  await noFindings(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: "light" });
  if (locale === "en") await noFindings(page);
}

/** Colours and slides have come to rest. */
async function atRest(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => document.getAnimations().filter((a) => a.playState === "running" && a.effect?.getComputedTiming().iterations !== Infinity && a.effect?.getComputedTiming().duration !== 80).length)).toBe(0);
}

async function noFindings(page: Page): Promise<void> {
  await atRest(page);
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`);
  expect(found, page.url()).toEqual([]);
}

type Side = { look: { height: number } & Record<string, unknown>; y: number; contrast: number; pressed: boolean };

/** How the two buttons of each row are drawn, and how far their words stand out from what is behind them. */
async function yesNoPairs(page: Page): Promise<[Side, Side][]> {
  return await page.locator(".yesno").evaluateAll((groups) => {
    const parts = (color: string): number[] => {
      const canvas = document.createElement("canvas").getContext("2d");
      if (!canvas) throw new Error("no canvas");
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color: number[]): number => {
      const [r = 0, g = 0, b = 0] = color.slice(0, 3).map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element | null): number[] => {
      if (!element) return [255, 255, 255];
      const own = parts(getComputedStyle(element).backgroundColor);
      return own[3] === 255 ? own : behind(element.parentElement);
    };
    const side = (button: HTMLButtonElement) => {
      const style = getComputedStyle(button);
      const { width, height, y } = button.getBoundingClientRect();
      const [dark, light] = [luminance(parts(style.color)), luminance(behind(button))].sort((a, b) => a - b);
      return {
        look: {
          width: Math.round(width * 10) / 10,
          height,
          color: style.color,
          background: style.background,
          border: style.border,
          radius: style.borderRadius,
          font: style.font,
          opacity: style.opacity,
          shadow: style.boxShadow,
          outline: style.outline,
          transform: style.transform,
          filter: style.filter,
        },
        y,
        contrast: ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05),
        pressed: button.getAttribute("aria-pressed") === "true",
      };
    };
    return groups.map((group) => {
      const [yes, no, ...more] = group.querySelectorAll("button");
      if (!yes || !no || more.length > 0) throw new Error("not two buttons");
      const pair: [ReturnType<typeof side>, ReturnType<typeof side>] = [side(yes), side(no)];
      return pair;
    });
  });
}
