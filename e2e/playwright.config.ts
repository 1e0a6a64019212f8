import { defineConfig } from "@playwright/test";

const LOOKED_AT = "pages.spec.ts";

/**
 * Real servers, real browsers. Where people talk, one test at a time: two cores carry a recogniser and two or three pages, not
 * more. Beside it runs what people only look at and press.
 */
export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  workers: 2,
  projects: [
    { name: "talk", testIgnore: LOOKED_AT, workers: 1 },
    { name: "look", testMatch: LOOKED_AT, workers: 1 },
  ],
  fullyParallel: false,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  outputDir: "target/results",
  use: { locale: "en-GB", trace: "off", screenshot: "only-on-failure" },
});
