import { defineConfig } from "@playwright/test";

/** What measures or hangs on words that are spoken: two cores carry a recogniser and a few browsers, not more. */
const IN_REAL_TIME = ["log.spec.ts", "mute.spec.ts", "story.spec.ts"];

/** Real servers, real browsers. `npm test` runs the first project two tests at a time, then the last, one by one; `npm run demo` the one between. */
export default defineConfig({
  testDir: ".",
  fullyParallel: false,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: { locale: "en-GB", trace: "off", screenshot: "only-on-failure" },
  projects: [
    { name: "together", testMatch: "*.spec.ts", testIgnore: [...IN_REAL_TIME, "demo.spec.ts"], workers: 2, outputDir: "target/results/together" },
    { name: "demo", testMatch: "demo.spec.ts", workers: 1, outputDir: "target/results/demo" },
    { name: "alone", testMatch: IN_REAL_TIME, workers: 1, outputDir: "target/results/alone" },
  ],
});
