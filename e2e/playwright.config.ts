import { defineConfig } from "@playwright/test";

const BESIDE = ["pages.spec.ts", "demo.spec.ts"];

/**
 * Real servers, real browsers. Where people in browsers talk, one test at a time: two cores carry a recogniser and two or three
 * pages, not more. Beside it runs what people only look at and press, and the story that needs no browser.
 */
export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  workers: 2,
  projects: [
    { name: "talk", testIgnore: BESIDE, workers: 1 },
    { name: "look", testMatch: BESIDE, workers: 1 },
  ],
  fullyParallel: false,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  outputDir: "target/results",
  use: { locale: "en-GB", trace: "off", screenshot: "only-on-failure" },
});
