import { execFileSync } from "node:child_process";
import { expect, type Locator, type Page } from "@playwright/test";
import { type Aye, recording, removeData, root, startAye } from "./aye.ts";
import { press, stands } from "./people.ts";
import {
  another,
  answer,
  atRest,
  aye,
  browser,
  choice,
  enter,
  invitation,
  join,
  leave,
  meeting,
  newcomer,
  newMeeting,
  noFindings,
  openMine,
  pressed,
  row,
  rows,
  ROWS,
  secret,
  tabTo,
  test,
} from "./visits.ts";
import { startWitness, type Witness } from "./witness.ts";

const WIDTHS = [360, 768, 1280];

const SCHEMES = ["light", "dark"] as const;

test.describe.configure({ mode: "parallel" });

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
    await stands(what);
    clicks += await press(what);
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
    await stands(what);
    clicks += await press(what);
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

test("a yes that was on its way to a row that then moved does not count, is told where it covers no button, and Space gives none either", async () => {
  for (const width of [1280, 360]) {
    const page = await another({ viewport: { width, height: 740 } });
    await page.goto(await newMeeting());
    await join(page);
    await openMine(page);
    await page.getByRole("complementary").getByRole("button", { name: "More" }).last().click();
    const yes = choice(page, "Notes", "Yes");
    await stands(yes);
    // Something comes in above the rows and pushes them down, just under the finger that was aimed at another place.
    await page.locator(".side .rows").evaluate((rows) => ((rows as HTMLElement).style.paddingTop = "90px"));
    const { x, y } = (await yes.boundingBox()) ?? { x: 0, y: 0 };
    await page.mouse.click(x + 20, y + 20);
    await expect(page.getByText("This moved just now. Press again if you mean yes.")).toBeVisible();
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    const covered = await page.locator(".yesno .moved").evaluate((hint) => {
      const h = hint.getBoundingClientRect();
      const over = (b: DOMRect) => b.left < h.right && b.right > h.left && b.top < h.bottom && b.bottom > h.top;
      return [...document.querySelectorAll(".yesno button")].filter((b) => over(b.getBoundingClientRect())).length;
    });
    expect(covered, "buttons below the hint").toBe(0);
    await pressed(page, { Captions: undefined, Notes: undefined, Learning: undefined });
    await stands(yes);
    await yes.click();
    await pressed(page, { Captions: undefined, Notes: "Yes", Learning: undefined });
  }
});

test("whoever presses twice on the quiet card has answered one row, and the others stay where they are", async () => {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 640 }]) {
    const made = await meeting({ purposes: [] });
    const page = await another({ viewport });
    await page.goto(made.link);
    await join(page);
    await propose(made, ["captions", "notes", "training"]);
    const quiet = page.getByRole("complementary", { name: "Something new is offered" });
    await expect(rows(page)).toHaveCount(ROWS.length);
    await stands(choice(page, "Captions", "Yes"));
    const places = () => page.locator(".side .yesno").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().y));
    const before = await places();
    const { x, y } = (await choice(page, "Captions", "Yes").boundingBox()) ?? { x: 0, y: 0 };
    for (let presses = 0; presses < 4; presses++) await page.mouse.click(x + 20, y + 20, { delay: 30 });
    await pressed(page, { Captions: "Yes", Notes: undefined, Learning: undefined });
    await expect(page.locator(".yours .button")).toHaveCount(1);
    await expect(page.locator(".row[aria-busy=true]")).toHaveCount(0);
    await pressed(page, { Captions: "Yes", Notes: undefined, Learning: undefined });
    expect(await places()).toEqual(before);
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

async function logSize(): Promise<number> {
  const checkpoint = await (await fetch(`${aye.url}/log/checkpoint`)).text();
  return Number(checkpoint.split("\n")[1]);
}

async function everyLook(page: Page, check: (look: string) => Promise<void>): Promise<void> {
  await page.mouse.move(0, 0);
  for (const colorScheme of SCHEMES)
    for (const width of WIDTHS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await check(`${colorScheme}, ${width} wide`);
    }
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
