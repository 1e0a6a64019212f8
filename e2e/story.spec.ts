import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { type Aye, aye as command, everythingHeld, removeData, startAye, startAyeThatTells, wordsBelow, wordsInHeap } from "./aye.ts";
import { type Answer, Somebody } from "./people.ts";

const PURPOSES = ["Captions", "Notes", "Learning"] as const;

/** What Ada, who says yes, speaks and types, and what Bob does. The recogniser understands each of the spoken ones. */
const ADA = { spoken: ["lantern", "budget"], typed: "saffron" };
const BOB = { spoken: ["pineapple", "violin"], typed: "marmalade" };
const BOBS_WORDS = [...BOB.spoken, BOB.typed];

/** Ada makes a meeting and says yes to everything; Bob answers as told; both talk. */
async function meet(aye: Aye, bobSays: Answer, camera: boolean): Promise<{ ada: Somebody; bob: Somebody; link: string }> {
  const ada = await Somebody.speaking("Ada", "yes");
  const bob = await Somebody.speaking("Bob", "no");
  const link = await ada.makeMeeting(aye.url, "Story");
  for (const purpose of PURPOSES) await ada.answer(purpose, "Yes");
  await ada.join({ camera });
  await bob.open(link);
  for (const purpose of PURPOSES) await bob.answer(purpose, bobSays);
  await bob.join({ camera });
  return { ada, bob, link };
}

async function chat(ada: Somebody, bob: Somebody): Promise<void> {
  await ada.openChat();
  await bob.openChat();
  await ada.say(`The ${ADA.typed} is on its way.`);
  await bob.say(`Nobody may know about the ${BOB.typed}.`);
  await expect(bob.page.getByText(ADA.typed)).toBeVisible();
  await expect(ada.page.getByText(BOB.typed)).toBeVisible();
}

/** Everywhere that something of Bob could have come to rest, and which of his words are there. */
async function search(aye: Aye, ears: string, ada: Somebody, bob: Somebody, words: string[]): Promise<Record<string, string[]>> {
  const seen = [await ada.captionsSoFar(), await bob.captionsSoFar()].join("\n");
  const memory = await wordsInHeap(aye.pid, words);
  const folder = mkdtempSync(join(tmpdir(), "aye-export-"));
  command(aye, "dataset", "build");
  command(aye, "dataset", "export", join(folder, "export"));
  const exported = await wordsBelow(folder, words);
  rmSync(folder, { recursive: true, force: true });
  await ada.leave();
  await bob.leave();
  await expect(ada.page.getByRole("heading", { name: "What was said" })).toBeVisible({ timeout: 60_000 });
  const notes = (await ada.page.locator("main").textContent()) ?? "";
  await aye.stop();
  const held = everythingHeld(aye);
  const within = (text: string) => words.filter((word) => text.toLowerCase().includes(word));
  return {
    captions: within(seen),
    ears: within(readFileSync(ears, "utf8")),
    memory,
    exported,
    notes: within(notes),
    vault: within(held),
    files: await wordsBelow(aye.data, words),
    output: within(aye.output()),
  };
}

// Each test has servers and people of its own.
test.describe.configure({ mode: "parallel" });

test("what a refuser says and types is nowhere, and the same search finds it after a yes", async () => {
  test.setTimeout(480_000);
  for (const bobSays of ["No", "Yes"] as const) {
    await test.step(`Bob says ${bobSays.toLowerCase()}`, async () => {
      const record = mkdtempSync(join(tmpdir(), "aye-ears-"));
      const ears = join(record, "ears.txt");
      const aye = await startAyeThatTells(ears);
      const { ada, bob } = await meet(aye, bobSays, true);
      try {
        await ada.seesMoving("Bob");
        await bob.seesMoving("Ada");
        for (const somebody of [ada, bob]) await somebody.cameraOff();
        await ada.hears("Bob");
        const heardSince = Date.now();
        await bob.hears("Ada");
        await expect(bob.captions()).toContainText(/lantern|budget/i, { timeout: 120_000 });
        await expect(bob.captions()).toContainText("Ada");
        // Long enough for Bob to have said all of his recording once: its captions, or their absence.
        if (bobSays === "Yes") {
          await expect
            .poll(() => ada.captionsSoFar(), { timeout: 120_000 })
            .toMatch(/(pineapple[\s\S]*violin)|(violin[\s\S]*pineapple)/i);
        }
        await chat(ada, bob);
        const control = await wordsInHeap(aye.pid, ADA.spoken);
        expect(control, "the search finds in memory what was heard").not.toEqual([]);
        if (bobSays === "No") {
          await ada.spokenThroughOnce("no", heardSince);
          expect(await ada.captionsSoFar()).not.toContain("Bob");
        }

        const heard = (what: string) =>
          new Set(readFileSync(ears, "utf8").split("\n").filter((line) => line.startsWith(`${what} `)).map((line) => line.split(" ")[1]));
        for (const what of ["voice", "chat"]) {
          await expect.poll(() => heard(what).size, `whose ${what} reached an ear`).toBe(bobSays === "Yes" ? 2 : 1);
        }
        const found = await search(aye, ears, ada, bob, BOBS_WORDS);
        console.log(`Bob said ${bobSays}: ${JSON.stringify(found)}`);
        expect(found["files"], "nothing is at rest in the clear").toEqual([]);
        expect(found["output"], "nothing is in the log").toEqual([]);
        if (bobSays === "No") {
          for (const [place, words] of Object.entries(found)) expect(words, place).toEqual([]);
        } else {
          for (const place of ["captions", "ears", "memory", "notes", "vault", "exported"]) expect(found[place], place).not.toEqual([]);
          expect(found["vault"], "all of it").toEqual(expect.arrayContaining(BOBS_WORDS));
        }
      } finally {
        await ada.close();
        await bob.close();
        await aye.kill();
        removeData(aye);
        rmSync(record, { recursive: true, force: true });
      }
    });
  }
});

test("a data set is cut and proved, a model learns, the person changes their mind, and all is forgotten", async () => {
  const aye = await startAye();
  const { ada, bob } = await meet(aye, "No", false);
  const folder = mkdtempSync(join(tmpdir(), "aye-export-"));
  try {
    await expect(bob.captions()).toContainText(/lantern|budget/i, { timeout: 120_000 });
    await ada.openChat();
    await ada.say(`The ${ADA.typed} is on its way.`);
    await expect(bob.page.getByRole("log", { name: "Live captions" })).toBeVisible();

    await expect.poll(() => rowsOfADataSet(aye), { timeout: 60_000 }).toBeGreaterThan(1);
    command(aye, "dataset", "export", join(folder, "before"));
    expect(existsSync(join(folder, "before", "data", "train-00000-of-00001.parquet"))).toBe(true);
    expect(readFileSync(join(folder, "before", "README.md"), "utf8")).toContain("---");
    expect(command(aye, "verify", join(folder, "before"))).toMatch(/holds/i);
    command(aye, "train");

    const page = await ada.context.newPage();
    await page.goto(`${aye.url}/me`);
    await expect(page.getByText("All 2 checked just now in your browser against the log")).toBeVisible();
    await expect(page.getByText(ADA.typed).first()).toBeVisible();
    await expect(page.getByRole("listitem").filter({ hasText: /^Model/ }).first()).toBeAttached();

    // One click in the room, then the rest on /me.
    await ada.openMine();
    await ada.answer("Captions", "No");
    // Either line says that it is in the log; the first is folded away as soon as everything is done.
    const inLog = /In the log at \d+, checked in your browser|Everything is done; the signed account was checked/;
    await expect(ada.page.getByText(inLog).filter({ visible: true }).first()).toBeVisible({ timeout: 70_000 });
    const before = (await ada.captionsSoFar()).length;
    const refused = Date.now();
    await page.getByRole("button", { name: "Take back all" }).click();
    await expect(page.getByText("Nothing is held of you.")).toBeVisible({ timeout: 70_000 });
    await expect(page.getByText(/the signed accounts? w(as|ere) checked in your browser/).first()).toBeVisible({ timeout: 70_000 });
    await ada.spokenThroughOnce("yes", refused);
    expect((await ada.captionsSoFar()).length, "no caption of Ada after her no").toBe(before);

    await ada.leave();
    await bob.leave();
    await aye.stop();
    const held = everythingHeld(aye).toLowerCase();
    for (const word of [...ADA.spoken, ADA.typed, ...BOBS_WORDS]) expect(held, "held after withdrawal").not.toContain(word);
    expect(command(aye, "verify", aye.data)).toMatch(/holds|verif/i);
  } finally {
    await ada.close();
    await bob.close();
    await aye.kill();
    removeData(aye);
    rmSync(folder, { recursive: true, force: true });
  }
});


/** Cuts a data set; 0 while there is nothing to cut, which the command refuses. */
function rowsOfADataSet(aye: Aye): number {
  try {
    return Number(/rows\D*(\d+)/.exec(command(aye, "dataset", "build"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
