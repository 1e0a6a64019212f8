import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { removeData, root, startAye } from "./aye.ts";
import { Somebody } from "./people.ts";

test("the story as a command: every claim holds, and the file says the same as the table", async () => {
  test.setTimeout(600_000);
  const folder = mkdtempSync(join(tmpdir(), "aye-demo-"));
  try {
    const file = join(folder, "claims.json");
    const kept = join(folder, "kept");
    const { status, stdout: output } = spawnSync(join(root, "aye"), ["demo", "--json", file, "--keep", kept], { cwd: root, encoding: "utf8", maxBuffer: 1 << 24 });
    expect(status, output).toBe(0);
    const { claims, figures } = JSON.parse(readFileSync(file, "utf8")) as {
      claims: { name: string; holds: boolean; evidence: string }[];
      figures: Record<string, unknown>;
    };
    expect(claims.filter((claim) => !claim.holds)).toEqual([]);
    expect(new Set(claims.map((claim) => claim.name)).size).toBeGreaterThanOrEqual(23);
    for (const { name, evidence } of claims) expect(output).toMatch(new RegExp(`^holds  ${escaped(name)} +${escaped(evidence)}$`, "m"));
    expect(readdirSync(kept).sort()).toEqual(expect.arrayContaining(["data", "export", "receipts"]));
    expect(readdirSync(join(kept, "receipts"))).toHaveLength(6);
    for (const name of ["word_error_rate", "withdrawal_to_account_ms", "held_out_after_forgetting", "seconds"]) expect(figures).toHaveProperty(name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a newcomer's first look: the standing demo has people to see, words to read and nothing that must be answered", async () => {
  const aye = await startAye({ args: ["--demo"] });
  const visitor = await Somebody.speaking("Visitor", "no");
  try {
    await expect.poll(() => /http\S+\/m\/\S+#\S+/.exec(aye.output())?.[0], { timeout: 60_000 }).toBeTruthy();
    await visitor.open(/http\S+\/m\/\S+#\S+/.exec(aye.output())?.[0] ?? "");
    await visitor.join();
    await expect(visitor.page.getByRole("list", { name: "People" }).getByRole("listitem")).toHaveCount(4);
    await expect(visitor.captions()).toContainText(/[a-z]{4}/i, { timeout: 60_000 });
    expect(await visitor.captionsSoFar(), "who answered nothing is not written down").not.toContain("Visitor");
  } finally {
    await visitor.close();
    await aye.kill();
    removeData(aye);
  }
});

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
