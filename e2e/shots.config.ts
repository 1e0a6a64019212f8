import { defineConfig } from "@playwright/test";
import base from "./playwright.config.ts";

/** The pictures of `shots.ts`, which are no tests and run only when asked for. */
export default defineConfig({ ...base, projects: [{ name: "shots", testMatch: "shots.ts" }] });
