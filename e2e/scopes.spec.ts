import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { removeData, startAye, startAyeThatTells } from "./aye.ts";
import { Somebody } from "./people.ts";

/** What reached an ear: of whom, and what of it was typed. */
function reached(ears: string): { who: Set<string>; voices: number; typed: (word: string) => string | undefined } {
  const lines = readFileSync(ears, "utf8").split("\n").filter((line) => line !== "");
  return {
    who: new Set(lines.map((line) => line.split(" ")[1] ?? "")),
    voices: lines.filter((line) => line.startsWith("voice ")).length,
    typed: (word) => lines.find((line) => line.startsWith("chat ") && line.includes(word))?.split(" ")[1],
  };
}

/** The keys under which a browser joined its meetings, in order, and whether it said that it keeps them. */
function keysOf(somebody: Somebody): { key: string; lasting: boolean }[] {
  const keys: { key: string; lasting: boolean }[] = [];
  const part = (jws: string, at: number) => JSON.parse(Buffer.from(jws.split(".")[at] ?? "", "base64url").toString()) as Record<string, unknown>;
  somebody.context.on("request", (request) => {
    if (!request.url().endsWith("/participants")) return;
    const { device } = request.postDataJSON() as { device: string };
    keys.push({ key: JSON.stringify(part(device, 0)["jwk"]), lasting: part(device, 1)["lasting"] === true });
  });
  return keys;
}

const pressed = async (somebody: Somebody, row: string, answer: "Yes" | "No") =>
  (await somebody.row(row).getByRole("button", { name: answer, exact: true }).getAttribute("aria-pressed")) === "true";

/** What is written needs no microphone. */
async function joins(somebody: Somebody, voice: "heard" | "muted"): Promise<void> {
  if (voice === "muted") await somebody.page.getByRole("button", { name: "Mute", exact: true }).click();
  await somebody.join();
}

/** Opens the chat as soon as what somebody types goes to AI, too. */
async function chatThatIsCopied(somebody: Somebody): Promise<void> {
  await somebody.openMine();
  await expect(somebody.page.getByText("A copy of your chat messages is going to")).toBeVisible();
  await somebody.openChat();
}

const sendsNothing = (page: Page) => expect(page.getByText("Nothing of yours is sent to AI")).toBeVisible();

// Each test has a server and people of its own.
test.describe.configure({ mode: "parallel" });

test("a yes for every meeting here is one in the next, is taken back in all of them, and nobody else's is stretched", async () => {
  const record = mkdtempSync(join(tmpdir(), "aye-scopes-"));
  const ears = join(record, "ears.txt");
  const aye = await startAyeThatTells(ears, { AYE_SCOPE_WIDEST: "organisation", AYE_CONTROLLER: "Example Org" });
  const ada = await Somebody.speaking("Ada", "yes");
  const bob = await Somebody.speaking("Bob", "no");
  const [adasKeys, bobsKeys] = [keysOf(ada), keysOf(bob)];
  try {
    const first = await ada.makeMeeting(aye.url, "First");
    const reach = ada.page.getByRole("group", { name: "How far your answers reach" });
    await expect(reach.getByRole("radio", { name: "This meeting only" })).toBeChecked();
    await expect(reach.getByRole("radio")).toHaveCount(3);
    for (const row of ["Captions", "Notes"]) await ada.answer(row, "Yes");
    await reach.getByRole("radio", { name: /^Every meeting of Example Org, until / }).check();
    // In the first meeting they write, in the next they speak: one recogniser writes it all down.
    await joins(ada, "muted");
    await bob.open(first);
    for (const row of ["Captions", "Notes"]) await bob.answer(row, "Yes");
    await joins(bob, "muted");
    for (const somebody of [ada, bob]) await chatThatIsCopied(somebody);
    await ada.say("The saffron is in the first.");
    await bob.say("The paprika is in the first.");
    await expect.poll(() => [reached(ears).typed("saffron"), reached(ears).typed("paprika")]).not.toContain(undefined);

    // The next meeting: Ada does not touch the card, Bob is asked again.
    const adaNext = await ada.inAnotherTab();
    const bobNext = await bob.inAnotherTab();
    const second = await adaNext.makeMeeting(aye.url, "Second");
    await expect(adaNext.page.getByText(/You said yes on .*, until .*, for every meeting of Example Org\./).first()).toBeVisible();
    for (const row of ["Captions", "Notes"]) expect(await pressed(adaNext, row, "Yes"), row).toBe(true);
    await joins(adaNext, "heard");
    await bobNext.open(second);
    await expect(bobNext.row("Captions")).toBeVisible();
    for (const row of ["Captions", "Notes"])
      for (const answer of ["Yes", "No"] as const) expect(await pressed(bobNext, row, answer), `${row} ${answer}`).toBe(false);
    await joins(bobNext, "heard");
    await chatThatIsCopied(adaNext);
    await bobNext.openChat();
    await adaNext.say("The cumin is in the second.");
    await bobNext.say("The marmalade is in the second.");
    await expect(adaNext.page.getByText("marmalade")).toBeVisible();
    await expect.poll(() => reached(ears).typed("cumin")).toBeDefined();
    await expect(bobNext.captions()).toContainText(/Ada \w/, { timeout: 120_000 });

    // Taken back in the second, with one click a row: nothing more in either.
    await adaNext.openMine();
    for (const row of ["Captions", "Notes"]) await adaNext.answer(row, "No");
    await sendsNothing(adaNext.page);
    const inLog = /In the log at \d+, checked in your browser|In the log, checked in your browser|Everything is done/;
    await expect(adaNext.page.getByText(inLog).filter({ visible: true }).first()).toBeVisible();
    await ada.openMine();
    await sendsNothing(ada.page);
    const before = reached(ears);
    await ada.openChat();
    await adaNext.openChat();
    await ada.say("The tarragon is in the first.");
    await adaNext.say("The nutmeg is in the second.");
    await expect(bob.page.getByText("tarragon")).toBeVisible();
    await expect(bobNext.page.getByText("nutmeg")).toBeVisible();
    await bob.page.waitForTimeout(2000);

    const after = reached(ears);
    expect(after.who, "three seats said yes, and Bob's second one never did").toEqual(
      new Set([before.typed("saffron"), before.typed("paprika"), before.typed("cumin")]),
    );
    for (const word of ["marmalade", "tarragon", "nutmeg"]) expect(after.typed(word), word).toBeUndefined();
    expect(await bobNext.captionsSoFar(), "captions of Bob in the second").not.toContain("Bob");

    expect(adasKeys.map((k) => k.lasting)).toEqual([true, true]);
    expect(adasKeys[1]?.key).toBe(adasKeys[0]?.key);
    expect(bobsKeys.map((k) => k.lasting)).toEqual([false, false]);
    expect(bobsKeys[1]?.key).not.toBe(bobsKeys[0]?.key);
  } finally {
    await ada.close();
    await bob.close();
    await aye.kill();
    removeData(aye);
    rmSync(record, { recursive: true, force: true });
  }
});

test("a yes for a room reaches its next meeting and no other, can be refused in one, and stands once on the page of one's own", async () => {
  const aye = await startAye({ env: { AYE_SCOPE_WIDEST: "room", AYE_SCOPE_DAYS: "30" } });
  const ada = await Somebody.speaking("Ada", "yes");
  const { page } = ada;
  const answers: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/answers")) answers.push(request.url());
  });
  const nextMeeting = async () => {
    await page.getByRole("button", { name: "Leave" }).click();
    await page.getByRole("link", { name: "Next one in this room" }).click();
    await page.getByRole("button", { name: "Make a meeting" }).click();
    await page.getByRole("button", { name: "Go to the meeting" }).click();
    await expect(ada.row("Captions")).toBeVisible();
  };
  const said = page.getByText(/You said yes on .*, until .*, for every meeting in this room\./);
  try {
    await ada.makeMeeting(aye.url, "Weekly");
    const reach = page.getByRole("group", { name: "How far your answers reach" });
    await expect(reach.getByRole("radio")).toHaveCount(2);
    // By keyboard alone, and the narrowest is what holds until then.
    await reach.getByRole("radio", { name: "This meeting only" }).focus();
    await page.keyboard.press("ArrowDown");
    await expect(reach.getByRole("radio", { name: /^Every meeting in this room, until / })).toBeChecked();
    await ada.answer("Captions", "Yes");
    await page.setViewportSize({ width: 360, height: 740 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      expect(violations.map((v) => v.id), colorScheme).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), "it fits a phone").toBeLessThanOrEqual(360);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await ada.join();
    await expect(page.getByTitle("Show my choices")).toContainText("Captions");
    expect(answers).toHaveLength(1);

    // Another room is asked as if for the first time.
    const other = await ada.inAnotherTab();
    await other.makeMeeting(aye.url, "Elsewhere");
    await expect(other.row("Captions")).toBeVisible();
    for (const answer of ["Yes", "No"] as const) expect(await pressed(other, "Captions", answer), answer).toBe(false);
    await other.page.close();

    // The next one in this room: refused there alone, and so it stays after a reload.
    await nextMeeting();
    await expect(said).toBeVisible();
    await page.getByRole("button", { name: "No in this meeting only" }).click();
    await expect(page.getByText("No in this meeting only. Your yes for the others stays.")).toBeVisible();
    await ada.join();
    await ada.openMine();
    await sendsNothing(page);
    await expect(ada.row("Captions").getByRole("button", { name: "No", exact: true })).toHaveAttribute("aria-pressed", "true");
    await expect.poll(() => answers.length).toBe(2);
    await page.reload();
    await expect(page.getByText("No in this meeting only. Your yes for the others stays.")).toBeVisible();

    // It still stands for the room, once, and is taken back there for all of them.
    await page.goto(`${aye.url}/me`);
    const further = page.locator("section").filter({ has: page.getByRole("heading", { name: "For more than one meeting" }) });
    await expect(further.getByRole("heading", { name: /^Every meeting in this room, until / })).toHaveCount(1);
    await further.getByRole("button", { name: "Take back: Captions, voice" }).click();
    await expect(further.getByText("taken back", { exact: true })).toBeVisible();
    await expect(further.getByText(/In the log at \d+, checked in your browser|Everything is done/).filter({ visible: true }).first()).toBeVisible();
    await page.goto(`${aye.url}/`);
    await page.getByLabel("Room").selectOption({ index: 1 });
    await page.getByRole("button", { name: "Make a meeting" }).click();
    await page.getByRole("button", { name: "Go to the meeting" }).click();
    await expect(ada.row("Captions")).toBeVisible();
    await expect(said).toHaveCount(0);
    expect(await pressed(ada, "Captions", "Yes")).toBe(false);
    expect(answers, "what was said once is not said again").toHaveLength(2);
  } finally {
    await ada.close();
    await aye.kill();
    removeData(aye);
  }
});
