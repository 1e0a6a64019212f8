import { defineConfig } from "@playwright/test";

/** What measures in real time, or starts many processes at once: two cores carry one of these at a time. */
const ALONE = ["demo.spec.ts", "log.spec.ts", "mute.spec.ts"];

/** Real servers, real browsers. `npm test` runs the first project two tests at a time, then the second, one by one. */
export default defineConfig({
  testDir: ".",
  fullyParallel: false,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: { locale: "en-GB", trace: "off", screenshot: "only-on-failure" },
  projects: [
    { name: "together", testMatch: "*.spec.ts", testIgnore: ALONE, workers: 2, outputDir: "target/results/together" },
    { name: "alone", testMatch: ALONE, workers: 1, outputDir: "target/results/alone" },
  ],
});
