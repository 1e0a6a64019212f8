import { defineConfig } from "@playwright/test";

/** Real servers, real browsers, one at a time: two cores carry a recogniser and two or three pages, not more. */
export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  outputDir: "target/results",
  use: { locale: "en-GB", trace: "off", screenshot: "only-on-failure" },
});
