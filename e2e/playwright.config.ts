import { defineConfig } from "@playwright/test";

/** What measures in real time: two cores carry one of these, and nothing else. */
const ALONE = ["log.spec.ts", "mute.spec.ts"];
/** What talks in real time, and mostly waits for that. */
const DEMO = "demo.spec.ts";

const project = (name: string, testMatch: string | string[], testIgnore: string[] = []) => ({ name, testMatch, testIgnore, outputDir: `target/results/${name}` });

/** Real servers, real browsers. `./run` runs these projects, and says which beside which. */
export default defineConfig({
  testDir: ".",
  fullyParallel: false,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: { locale: "en-GB", trace: "off", screenshot: "only-on-failure" },
  projects: [project("demo", DEMO), project("together", "*.spec.ts", [DEMO, ...ALONE]), project("alone", ALONE)],
});
