import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { type Aye, aye as command, removeData, startAye } from "./aye.ts";
import { press, Somebody } from "./people.ts";

const FORK = "This server shows two different logs";
const FORK_NL = "Deze server laat twee verschillende logboeken zien";
const SAME = "you are all shown the same one";
const NOTHING = "Nothing of yours is sent to AI";
const SENDING = "A copy of your voice is going to";

const sha256 = (...parts: Uint8Array[]) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/**
 * A second history of a server's log, signed with the key in its data folder: the real entries up to where it begins,
 * and others from there on. It serves a log of its own to whoever is shown it.
 */
class SecondHistory {
  private constructor(
    readonly origin: string,
    private readonly id: Buffer,
    private readonly key: KeyObject,
    private readonly leaves: Buffer[],
  ) {}

  static async of(aye: Aye): Promise<SecondHistory> {
    const vkey = (await (await fetch(`${aye.url}/log/vkey`)).text()).trim();
    const [origin = "", hex = ""] = vkey.split("+");
    const file = readFileSync(join(aye.data, "log", "private", "key"), "utf8");
    const seed = Buffer.from(file.split("\n")[0]?.split("+").slice(4).join("+") ?? "", "base64").subarray(1);
    const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const size = await sizeOfLog(aye);
    const leaves: Buffer[] = [];
    for (let from = 0; from < size; from += 256) {
      const width = Math.min(256, size - from);
      const path = `/log/tile/0/${String(from / 256).padStart(3, "0")}${width === 256 ? "" : `.p/${width}`}`;
      const tile = Buffer.from(await (await fetch(aye.url + path)).arrayBuffer());
      expect(tile.length).toBe(width * 32);
      for (let i = 0; i < width; i++) leaves.push(tile.subarray(32 * i, 32 * i + 32));
    }
    return new SecondHistory(origin, Buffer.from(hex, "hex"), createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }), leaves);
  }

  get size(): number {
    return this.leaves.length;
  }

  /** Appends an entry that the real log has not. */
  append(): void {
    this.leaves.push(sha256(Buffer.from([0, 1]), Buffer.alloc(32, this.leaves.length)));
  }

  /** What is shown at `/log/…`, or undefined for what this history does not show. */
  shows(path: string): Buffer | undefined {
    if (path === "/log/checkpoint") return this.checkpoint();
    const tile = /^\/log\/tile\/(\d)\/(\d{3})(?:\.p\/(\d+))?$/.exec(path);
    if (!tile) return undefined;
    const [level, index, width] = [Number(tile[1]), Number(tile[2]), Number(tile[3] ?? 256)];
    const span = 256 ** level;
    const first = index * 256 * span;
    if (first + width * span > this.size) return undefined;
    return Buffer.concat(Array.from({ length: width }, (_, i) => this.root(first + i * span, first + (i + 1) * span)));
  }

  private checkpoint(): Buffer {
    const body = `${this.origin}\n${this.size}\n${this.root(0, this.size).toString("base64")}\n`;
    const signature = Buffer.concat([this.id, sign(null, Buffer.from(body), this.key)]);
    return Buffer.from(`${body}\n— ${this.origin} ${signature.toString("base64")}\n`);
  }

  /** RFC 6962, section 2.1, over the hashes of leaves. */
  private root(from: number, to: number): Buffer {
    if (to - from === 1) return this.leaves[from] ?? Buffer.alloc(32);
    let k = 1;
    while (k * 2 < to - from) k *= 2;
    return sha256(Buffer.from([1]), this.root(from, from + k), this.root(from + k, to));
  }
}

async function sizeOfLog(aye: Aye): Promise<number> {
  return Number((await (await fetch(`${aye.url}/log/checkpoint`)).text()).split("\n")[1]);
}

/** Everything that this person's browser asks of the log goes to the second history; the rest goes to the server. */
async function showInstead(person: Somebody, history: SecondHistory): Promise<void> {
  await person.context.route("**/log/**", async (route) => {
    const bytes = history.shows(new URL(route.request().url()).pathname);
    if (bytes) await route.fulfill({ status: 200, body: bytes, contentType: "application/octet-stream" });
    else await route.fulfill({ status: 404, body: "" });
  });
}

const mine = (person: Somebody) => person.page.locator("aside");

async function openMine(person: Somebody): Promise<void> {
  await person.page.locator("button.sign").click();
  await expect(mine(person)).toBeVisible();
}

const alarm = (page: Page, words = FORK) => page.getByRole("alert").filter({ hasText: words });

// Each test has a server and people of its own.
test.describe.configure({ mode: "parallel" });

test("a server that shows two people two histories is noticed by both, and nothing goes to AI any more", async () => {
  const aye = await startAye();
  const ada = await Somebody.humming("Ada", 0);
  const bob = await Somebody.humming("Bob", 330, { locale: "nl-NL" });
  try {
    const link = await ada.makeMeeting(aye.url, "Two histories");
    await ada.answer("Captions", "Yes");
    await ada.join();
    await bob.open(link);
    await press(bob.page.getByRole("group", { name: /^Ondertitels?: / }).getByRole("button", { name: "Ja", exact: true }));
    await bob.page.getByLabel("Je naam").fill("Bob");
    await bob.page.getByRole("button", { name: "Doe mee", exact: true }).click();
    await openMine(ada);
    await openMine(bob);
    await test.step("both send, and both are shown one log", async () => {
      await expect(mine(ada)).toContainText(SENDING, { timeout: 60_000 });
      await expect(mine(bob)).toContainText("Een kopie van je stem gaat naar", { timeout: 60_000 });
      await expect(mine(ada)).toContainText(SAME, { timeout: 60_000 });
      await expect(mine(bob)).toContainText("jullie zien allemaal hetzelfde", { timeout: 60_000 });
      await expect(alarm(ada.page)).toHaveCount(0);
      await expect(alarm(bob.page, FORK_NL)).toHaveCount(0);
    });

    const history = await SecondHistory.of(aye);
    const before = history.size;
    await showInstead(bob, history);
    // The second history alone is no contradiction yet: it is a log that only grows.
    history.append();
    await bob.page.waitForResponse((r) => r.url().endsWith("/log/checkpoint"));
    await bob.page.waitForResponse((r) => r.url().endsWith("/log/checkpoint"));
    await expect(alarm(bob.page, FORK_NL)).toHaveCount(0);

    // The real log goes on as well: somebody answers.
    const cem = await Somebody.humming("Cem", 0);
    const forked = Date.now();
    try {
      await cem.open(link);
      await cem.answer("Captions", "No");
      await cem.join();
      await expect.poll(() => sizeOfLog(aye)).toBeGreaterThan(before);
      await expect(alarm(ada.page)).toBeVisible({ timeout: 60_000 });
      await expect(alarm(bob.page, FORK_NL)).toBeVisible({ timeout: 60_000 });
      console.log(`noticed by both ${Date.now() - forked} ms after the third person opened the link`);
      await expect(alarm(cem.page)).toBeVisible({ timeout: 60_000 });
    } finally {
      await cem.close();
    }
    await expect(alarm(ada.page)).toContainText("showed you and somebody else two different logs");
    await expect(alarm(bob.page, FORK_NL)).toContainText("jou en iemand anders twee verschillende logboeken");

    await test.step("both have stopped, as the server sees it too, and the meeting goes on", async () => {
      await expect(mine(ada)).toContainText(NOTHING);
      await expect(mine(bob)).toContainText("Er gaat niets van jou naar AI");
      await expect(ada.page.locator("button.sign")).toContainText("Nothing is listening now");
      await ada.hears("Bob");
      await ada.seesMoving("Bob");
    });
    if (process.env["SHOTS"]) {
      await ada.page.screenshot({ path: join(process.env["SHOTS"], "fork-en.png") });
      await bob.page.screenshot({ path: join(process.env["SHOTS"], "fork-nl.png") });
      await bob.page.setViewportSize({ width: 390, height: 844 });
      await mine(bob).getByRole("button", { name: "Sluiten" }).click();
      await bob.page.screenshot({ path: join(process.env["SHOTS"], "fork-nl-phone.png") });
    }

    await test.step("no yes is offered, a no is taken", async () => {
      const size = await sizeOfLog(aye);
      const notes = ada.row("Notes");
      await expect(notes.getByRole("button", { name: "Yes", exact: true })).toHaveAttribute("aria-disabled", "true");
      await notes.getByRole("button", { name: "Yes", exact: true }).click({ force: true });
      await notes.getByRole("button", { name: "No", exact: true }).click();
      await expect(notes.getByRole("button", { name: "No", exact: true })).toHaveAttribute("aria-pressed", "true");
      await expect.poll(() => sizeOfLog(aye)).toBe(size + 1);
      await ada.answer("Captions", "No");
      await expect(ada.row("Captions").getByRole("button", { name: "No", exact: true })).toHaveAttribute("aria-pressed", "true");
      // The withdrawal, and the account of it as soon as all is forgotten; nothing else.
      await expect.poll(() => sizeOfLog(aye), { timeout: 70_000 }).toBe(size + 3);
    });

    await test.step("what each keeps is a proof for anybody with the key of the log", async () => {
      for (const [person, words, save] of [
        [ada, FORK, "Save the proof"],
        [bob, FORK_NL, "Bewijs bewaren"],
      ] as const) {
        const download = person.page.waitForEvent("download");
        await alarm(person.page, words).getByRole("button", { name: save }).click();
        const file = await (await download).path();
        expect(command(aye, "verify", file)).toContain("contradicts itself");
        const kept = JSON.parse(readFileSync(file, "utf8")) as { older: string; newer: string };
        const forged = join(aye.data, "forged.json");
        writeFileSync(forged, JSON.stringify({ ...kept, newer: kept.older }));
        expect(() => command(aye, "verify", forged)).toThrow();
      }
    });

    await test.step("it is still known after a reload, before anything is asked", async () => {
      await ada.page.reload();
      await expect(alarm(ada.page)).toBeVisible();
      await expect(ada.row("Notes").getByRole("button", { name: "Yes", exact: true })).toHaveAttribute("aria-disabled", "true");
    });
  } finally {
    await ada.close();
    await bob.close();
    await aye.kill();
    removeData(aye);
  }
});

test("an honest server alarms nobody through a whole meeting with many answers", async () => {
  const aye = await startAye();
  const ada = await Somebody.humming("Ada", 0);
  const bob = await Somebody.humming("Bob", 0);
  try {
    const link = await ada.makeMeeting(aye.url, "One history");
    await ada.answer("Captions", "Yes");
    await ada.join();
    await bob.open(link);
    await bob.join();
    await openMine(ada);
    await openMine(bob);
    const start = await sizeOfLog(aye);
    for (const [person, row, answer] of [
      [bob, "Captions", "Yes"],
      [ada, "Notes", "Yes"],
      [bob, "Notes", "No"],
      [ada, "Captions", "No"],
      [bob, "Captions", "No"],
      [ada, "Learning", "Yes"],
    ] as const) {
      const button = person.row(row).getByRole("button", { name: answer, exact: true });
      await press(button);
      await expect(button).toHaveAttribute("aria-pressed", "true");
      await expect.poll(() => sizeOfLog(aye), { timeout: 70_000 }).toBeGreaterThan(start);
      for (const one of [ada, bob]) await one.page.waitForResponse((r) => r.url().endsWith("/log/checkpoint"));
    }
    for (const person of [ada, bob]) {
      await expect(mine(person)).toContainText(SAME, { timeout: 60_000 });
      await expect(mine(person)).not.toContainText("could not be compared");
      await expect(person.page.getByRole("alert")).toHaveCount(0);
    }
    expect(await sizeOfLog(aye)).toBeGreaterThanOrEqual(start + 6);
    await expect(mine(ada)).toContainText(SENDING);
  } finally {
    await ada.close();
    await bob.close();
    await aye.kill();
    removeData(aye);
  }
});
