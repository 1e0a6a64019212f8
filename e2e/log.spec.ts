import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { type Aye, aye as command, root, removeData, startAye } from "./aye.ts";
import { Somebody } from "./people.ts";

const TITLE = "Quarterly xylophone";

/** The entries of the log as anybody can read them: a two-byte length, then the leaf. */
async function entries(aye: Aye): Promise<Buffer[]> {
  const checkpoint = await (await fetch(`${aye.url}/log/checkpoint`)).text();
  const size = Number(checkpoint.split("\n")[1]);
  expect(size, "one tile holds this log").toBeLessThan(256);
  const bundle = Buffer.from(await (await fetch(`${aye.url}/log/tile/entries/000.p/${size}`)).arrayBuffer());
  const found: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = bundle.readUInt16BE(at);
    found.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  expect(found).toHaveLength(size);
  return found;
}

/** The receipts that somebody saves from their own panel, oldest first. */
async function receiptsOf(who: Somebody, count: number, folder: string): Promise<string[]> {
  const saved: Promise<string>[] = [];
  who.page.on("download", (download) => {
    const path = join(folder, `${who.name}-${download.suggestedFilename()}`);
    saved.push(download.saveAs(path).then(() => path));
  });
  await who.page.getByRole("button", { name: "Save receipts" }).click();
  await expect.poll(() => saved.length).toBe(count);
  return (await Promise.all(saved)).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** What `./aye verify` says of a path, and how it ends. */
function verify(path: string, vkey: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(join(root, "aye"), ["verify", path, "--vkey", vkey], { cwd: root, encoding: "utf8" });
  return { status, said: stdout + stderr };
}

function flipped(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

/** A copy of a receipt file in which one letter of one field is another one. */
function altered(file: string, field: string, at: (text: string) => number, folder: string): string {
  const kept = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  const text = kept[field] ?? "";
  const place = at(text);
  kept[field] = `${text.slice(0, place)}${text[place] === "B" ? "C" : "B"}${text.slice(place + 1)}`;
  const path = join(folder, `altered-${field}-${place}.json`);
  writeFileSync(path, JSON.stringify(kept));
  return path;
}

test("the log shows answers that look alike and a withdrawal, nothing about anybody, and whatever is changed is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "aye-show-"));
  const aye = await startAye();
  const ada = await Somebody.speaking("Ada", "yes");
  const bob = await Somebody.speaking("Bob", "no");
  const cem = await Somebody.speaking("Cem", "unanswered");
  try {
    const link = await ada.makeMeeting(aye.url, TITLE);
    await ada.answer("Captions", "Yes");
    await ada.answer("Notes", "Yes");
    await ada.join();
    await bob.open(link);
    for (const purpose of ["Captions", "Notes", "Learning"]) await bob.answer(purpose, "No");
    await bob.join();
    await cem.open(link);
    await cem.join();
    await ada.openMine();
    await ada.answer("Learning", "No");
    await expect(ada.row("Learning").getByRole("button", { name: "No", exact: true })).toHaveAttribute("aria-pressed", "true");
    await expect(cem.captions()).toContainText(/lantern|budget/i, { timeout: 90_000 });

    await expect.poll(async () => (await entries(aye)).filter((leaf) => leaf[0] === 1).length, "what is said to Learning is a receipt of its own, be it yes or no").toBe(4);
    await bob.openMine();
    await cem.openMine();
    const receipts = [...(await receiptsOf(ada, 2, folder)), ...(await receiptsOf(bob, 2, folder))];
    await expect(cem.page.getByRole("button", { name: "Save receipts" }), "who did nothing has nothing to keep").toHaveCount(0);
    const vkey = readFileSync(join(aye.data, "log.vkey"), "utf8").trim();
    const said = receipts.map((file) => verify(file, vkey));
    expect(said.map((s) => s.status)).toEqual([0, 0, 0, 0]);
    expect(said[0]?.said).toMatch(/said +yes to captions, voice/);
    expect(said[0]?.said).toMatch(/said +yes to notes, chat/);
    expect(said[1]?.said).toMatch(/said +no to training, voice/);
    expect(said[2]?.said).toMatch(/said +no to captions, voice/);
    expect(said[2]?.said).not.toContain("training");
    expect(said[3]?.said).toMatch(/said +no to training, voice/);
    expect(said[3]?.said).not.toMatch(/captions|notes/);

    await ada.answer("Captions", "No");
    await expect.poll(async () => (await entries(aye)).filter((leaf) => leaf[0] === 2).length, { timeout: 60_000 }).toBe(1);

    const leaves = await entries(aye);
    const answers = leaves.filter((leaf) => leaf[0] === 1);
    expect(answers.map((leaf) => leaf.length), "a type and a commitment, for a yes as for a no").toEqual([33, 33, 33, 33]);
    expect(new Set(answers.map((leaf) => leaf.toString("hex"))).size).toBe(4);
    const everything = Buffer.concat(leaves).toString("latin1");
    const about = receipts.flatMap((file) => {
      const jws = (JSON.parse(readFileSync(file, "utf8")) as { receipt: string }).receipt;
      const [header = "", payload = ""] = jws.split(".").map((part) => Buffer.from(part, "base64url").toString("utf8"));
      const { meeting, participant, id, choices } = JSON.parse(payload) as { meeting: string; participant: string; id: string; choices: { handle?: string }[] };
      const { x, y } = (JSON.parse(header) as { jwk: { x: string; y: string } }).jwk;
      return [meeting, participant, id, x, y, ...choices.flatMap((c) => c.handle ?? [])];
    });
    const words = [TITLE, "Ada", "Bob", "Cem", "captions", "notes", "given", "refused", ...about];
    for (const word of words) {
      expect(everything, word).not.toContain(word);
      const raw = Buffer.from(word, "base64url").toString("latin1");
      if (word.length >= 20) expect(everything, `${word}, decoded`).not.toContain(raw);
    }

    // The rest is taken back after the meeting is over, at a browser that has nothing but the file with the slips.
    const saving = ada.page.waitForEvent("download");
    await ada.page.getByRole("button", { name: "Save slips" }).click();
    const slips = join(folder, "slips.json");
    await (await saving).saveAs(slips);
    await ada.page.getByRole("button", { name: "Host" }).click();
    await ada.page.getByRole("button", { name: "End for everybody" }).click();
    await expect(bob.page.getByRole("heading", { name: "The meeting has ended" })).toBeVisible();
    const elsewhere = await Somebody.speaking("Ada, elsewhere", "yes");
    try {
      const asked: string[] = [];
      elsewhere.page.on("request", (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith("/api/")) asked.push(`${request.method()} ${pathname}`);
      });
      await elsewhere.open(`${aye.url}/withdraw`);
      await elsewhere.page.locator('input[type="file"]').setInputFiles(slips);
      await expect(elsewhere.page.getByText("Notes · chat")).toBeVisible();
      await elsewhere.page.getByRole("button", { name: "Take back", exact: true }).click();
      await expect.poll(async () => (await entries(aye)).filter((leaf) => leaf[0] === 2).length, { timeout: 60_000 }).toBe(3);
      await expect(elsewhere.page.getByText("In the log, checked in your browser.")).toBeVisible({ timeout: 70_000 });
      expect([...new Set(asked)], "a slip takes back and reads nothing").toEqual(["POST /api/withdrawals"]);
    } finally {
      await elsewhere.close();
    }

    await aye.stop();
    expect(command(aye, "verify", aye.data)).toContain("Answer=4");
    expect(command(aye, "verify", aye.data)).toContain("Withdraw=3");

    // One byte, anywhere: it is found, and said where.
    const copy = join(folder, "log");
    cpSync(join(aye.data, "log"), copy, { recursive: true });
    const tiles = readdirSync(copy, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && e.parentPath.includes("tile"));
    const hashes = tiles.map((e) => join(e.parentPath, e.name)).filter((path) => path.includes(join("tile", "0")));
    expect(verify(copy, vkey).status).toBe(0);
    const last = hashes.sort((a, b) => readFileSync(b).length - readFileSync(a).length)[0] ?? "";
    flipped(last, 40);
    const tile = verify(copy, vkey);
    expect(tile.status).not.toBe(0);
    expect(tile.said).toContain(last.slice(copy.length + 1));

    const [receipt = ""] = receipts;
    const signed = (text: string) => text.indexOf(".") + 60;
    const cases = [
      { path: altered(receipt, "receipt", signed, folder), named: /receipt is not good/ },
      { path: altered(receipt, "salt", () => 5, folder), named: /does not hold this receipt with this salt/ },
      { path: altered(receipt, "proof", (text) => text.indexOf("\n\n") - 10, folder), named: /does not hold this receipt/ },
      { path: altered(receipt, "noticeText", (text) => text.indexOf("captions") + 20, folder), named: /text in the file is not the one/ },
    ];
    for (const { path, named } of cases) {
      const result = verify(path, vkey);
      expect(result.status, path).not.toBe(0);
      expect(result.said).toMatch(named);
    }
  } finally {
    for (const who of [ada, bob, cem]) await who.close();
    await aye.kill();
    removeData(aye);
    rmSync(folder, { recursive: true, force: true });
  }
});
