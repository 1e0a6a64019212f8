import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { removeData, startAyeThatTells } from "./aye.ts";
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

const sendsNothing = (page: Page) => expect(page.getByText("Nothing of yours is sent to AI")).toBeVisible();

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
    await ada.join();
    await bob.open(first);
    for (const row of ["Captions", "Notes"]) await bob.answer(row, "Yes");
    await bob.join();
    await ada.openChat();
    await bob.openChat();
    await expect.poll(() => reached(ears).who.size).toBe(2);
    await ada.say("The saffron is in the first.");
    await bob.say("The paprika is in the first.");
    await expect.poll(() => [reached(ears).typed("saffron"), reached(ears).typed("paprika")]).not.toContain(undefined);

    // One recogniser writes it all down: only the next meeting is to speak.
    for (const somebody of [ada, bob]) await somebody.page.getByRole("button", { name: "Mute", exact: true }).click();

    // The next meeting: Ada does not touch the card, Bob is asked again.
    const adaNext = await ada.inAnotherTab();
    const bobNext = await bob.inAnotherTab();
    const second = await adaNext.makeMeeting(aye.url, "Second");
    await expect(adaNext.page.getByText(/You said yes on .*, until .*, for every meeting of Example Org\./).first()).toBeVisible();
    for (const row of ["Captions", "Notes"]) expect(await pressed(adaNext, row, "Yes"), row).toBe(true);
    await adaNext.join();
    await bobNext.open(second);
    await expect(bobNext.row("Captions")).toBeVisible();
    for (const row of ["Captions", "Notes"])
      for (const answer of ["Yes", "No"] as const) expect(await pressed(bobNext, row, answer), `${row} ${answer}`).toBe(false);
    await bobNext.join();
    await adaNext.openChat();
    await bobNext.openChat();
    await adaNext.say("The cumin is in the second.");
    await bobNext.say("The marmalade is in the second.");
    await expect(adaNext.page.getByText("marmalade")).toBeVisible();
    await expect.poll(() => reached(ears).typed("cumin")).toBeDefined();
    await expect(bobNext.captions()).toContainText(/Ada \w/, { timeout: 40_000 });

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
