import { type Browser, type BrowserContext, expect, type Locator, type Page } from "@playwright/test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { browserThatSays, recording, root } from "./aye.ts";

export type Answer = "Yes" | "No";

interface Appearance {
  locale?: string;
  phone?: boolean;
}

/**
 * Presses a Yes or No as a person does: a yes to a row that had only just moved does not count, which is told, and is then
 * pressed again. Says how many presses it took.
 */
export async function press(button: Locator): Promise<number> {
  const page = button.page();
  for (let presses = 1; presses <= 5; presses++) {
    await button.click();
    if (!(await page.locator(".yesno .moved").isVisible())) return presses;
    await page.waitForTimeout(500);
  }
  throw new Error("the row moves on and on");
}

/** Resolves when a button has stood still for so long that a press on it counts. */
export async function stands(button: Locator): Promise<void> {
  await button.scrollIntoViewIfNeeded();
  let [last, since] = ["", Date.now()];
  await expect
    .poll(async () => {
      const now = JSON.stringify(await button.boundingBox());
      if (now !== last) [last, since] = [now, Date.now()];
      return Date.now() - since;
    }, { intervals: [100] })
    .toBeGreaterThan(650);
}

/** Somebody at a browser of their own, whose microphone speaks one of the recordings in `speech/`, over and over. */
export class Somebody {
  private constructor(
    readonly name: string,
    readonly browser: Browser,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async speaking(name: string, speech: string, options: Appearance = {}): Promise<Somebody> {
    return await Somebody.sounding(name, join(root, "speech", `${speech}.wav`), options);
  }

  /** Somebody who hums a tone: heard, and no words for a recogniser to work on. */
  static async humming(name: string, hertz: number, options: Appearance = {}): Promise<Somebody> {
    return await Somebody.sounding(name, recording(hertz), options);
  }

  private static async sounding(name: string, wav: string, options: Appearance): Promise<Somebody> {
    const browser = await browserThatSays(wav, true);
    const context = await browser.newContext({
      locale: options.locale ?? "en-GB",
      permissions: ["camera", "microphone"],
      viewport: options.phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    });
    return await Somebody.at(name, browser, context);
  }

  /** The same person in another tab of the same browser. */
  async inAnotherTab(): Promise<Somebody> {
    return await Somebody.at(this.name, this.browser, this.context);
  }

  private static async at(name: string, browser: Browser, context: BrowserContext): Promise<Somebody> {
    const page = await context.newPage();
    await page.addInitScript(() => {
      const seen: string[] = [];
      (window as unknown as { captionsSeen: string[] }).captionsSeen = seen;
      new MutationObserver(() => {
        for (const line of document.querySelectorAll('[role="log"] p')) {
          const text = line.textContent ?? "";
          if (!text.includes("· · ·") && !seen.includes(text)) seen.push(text);
        }
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    page.on("console", (message) => {
      if (process.env["CONSOLE"]) console.log(`[${name}] ${message.type()}: ${message.text()}`);
    });
    return new Somebody(name, browser, context, page);
  }

  async makeMeeting(url: string, title: string): Promise<string> {
    await this.page.goto(url);
    await this.page.getByLabel("What is it about?", { exact: false }).fill(title);
    await this.page.getByRole("button", { name: "Make a meeting" }).click();
    const link = await this.page.getByLabel("Link for everybody who may join").inputValue();
    await this.page.getByRole("button", { name: "Go to the meeting" }).click();
    return link;
  }

  async open(link: string): Promise<void> {
    await this.page.goto(link);
  }

  /** The two buttons of a row of the card, wherever the card is. */
  row(label: string): Locator {
    return this.page.getByRole("group", { name: `${label}: yes or no`, exact: true });
  }

  async answer(label: string, answer: Answer): Promise<void> {
    await press(this.row(label).getByRole("button", { name: answer, exact: true }));
  }

  /** With the camera off unless the test looks at pictures: two cores have enough to do with what is said. */
  async join({ camera = false } = {}): Promise<void> {
    await this.page.getByLabel("Your name").fill(this.name);
    if (!camera) await this.page.getByRole("button", { name: "Turn camera off" }).click();
    await this.page.getByRole("button", { name: "Join", exact: true }).click();
    await expect(this.page.getByRole("list", { name: "People" })).toBeVisible();
  }

  tile(name: string): Locator {
    return this.page.getByRole("list", { name: "People" }).getByRole("listitem").filter({ hasText: name });
  }

  /** Resolves when the picture of somebody else moves: two different frames were drawn. */
  async seesMoving(name: string): Promise<void> {
    const video = this.tile(name).locator("video");
    await expect(video).toBeVisible();
    await expect
      .poll(async () => await video.evaluate((v: HTMLVideoElement) => (v.videoWidth > 0 ? v.getVideoPlaybackQuality().totalVideoFrames : 0)), {
        timeout: 30_000,
      })
      .toBeGreaterThan(10);
  }

  /** Resolves when sound above silence was heard from somebody else. */
  async hears(name: string): Promise<void> {
    await expect
      .poll(
        async () =>
          await this.tile(name)
            .locator("audio")
            .evaluate(async (audio: HTMLAudioElement) => {
              const context = new AudioContext();
              const analyser = context.createAnalyser();
              context.createMediaStreamSource(audio.srcObject as MediaStream).connect(analyser);
              const samples = new Float32Array(analyser.fftSize);
              let loudest = 0;
              for (let i = 0; i < 20; i++) {
                await new Promise((done) => setTimeout(done, 50));
                analyser.getFloatTimeDomainData(samples);
                for (const s of samples) loudest = Math.max(loudest, Math.abs(s));
              }
              await context.close();
              return loudest;
            }),
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0.02);
  }

  async cameraOff(): Promise<void> {
    await this.page.getByRole("button", { name: "Camera off" }).click();
  }

  captions(): Locator {
    return this.page.getByRole("log", { name: "Live captions" });
  }

  /** All captions that came since this page joined, also those that have scrolled away. */
  async captionsSoFar(): Promise<string> {
    return await this.page.evaluate(() => (window as unknown as { captionsSeen: string[] }).captionsSeen.join("\n"));
  }

  /** Resolves when a recording has had the time to be spoken once since `since`, and written down. */
  async spokenThroughOnce(recording: string, since: number): Promise<void> {
    const seconds = (statSync(join(root, "speech", `${recording}.wav`)).size - 44) / 32_000;
    await this.page.waitForTimeout(Math.max(0, since + (seconds + 5) * 1000 - Date.now()));
  }

  async openMine(): Promise<void> {
    await this.page.getByTitle("Show my choices").click();
    await expect(this.page.getByRole("complementary", { name: "What of mine AI gets" })).toBeVisible();
  }

  async openChat(): Promise<void> {
    await this.page.getByRole("button", { name: "Chat" }).click();
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel("Message").fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  async leave(): Promise<void> {
    await this.page.getByRole("button", { name: "Leave" }).click();
    await expect(this.page.getByRole("heading", { name: "You left" })).toBeVisible();
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
