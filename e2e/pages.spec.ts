import { readFileSync } from "node:fs";
import { expect, type Page } from "@playwright/test";
import { root } from "./aye.ts";
import { press } from "./people.ts";
import {
  another,
  answer,
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
  othersGo,
  pressed,
  row,
  rows,
  ROWS,
  secret,
  tabTo,
  test,
} from "./visits.ts";

const NARROWEST = 360;

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

test.describe.configure({ mode: "parallel" });

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
    await othersGo();
    const id = new URL(link).pathname.replace("/m/", "");
    return seen.map((all) => all.replaceAll(id, "this meeting"));
  };
  const first = await world("Ann");
  const second = await world("Ben");
  expect(first[1], "it was looked at").toContain("Mute Ann");
  for (const [at, page] of first.entries()) expect(second[at]).toBe(page);
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

async function endedMeeting(): Promise<string> {
  const { id, hostKey, link } = await meeting();
  const ended = await fetch(`${aye.url}/api/meetings/${id}/end`, { method: "POST", headers: { authorization: `Bearer ${hostKey}` } });
  expect(ended.status).toBe(204);
  return link;
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
