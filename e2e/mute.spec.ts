import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { browserThatSays, freePort, javaHome, recording, root } from "./aye.ts";
import { press } from "./people.ts";

const HERTZ = 1000;
/** How far below its usual level a tone counts as silent, in dB. */
const FALL = 30;
/** How long a silence is watched, in milliseconds. */
const WATCHED = 3_000;

/** One measurement of the tone: when, in ms since 1970, and its power in dB (0 is a sine of full scale). */
type Tone = { at: number; tone: number };
/** One at the host: `by` is when the page had it. What it heard was there between `at` and `by`. */
type Heard = Tone & { by: number };
type Frame = Tone & { stream: number; samples: number; all: number };
type Gate = { at: number; track: string; on: boolean };

/** A server that prints the tone's energy in each frame that leaves a tap. */
class Watched {
  readonly frames: Frame[] = [];
  #output = "";
  private constructor(
    readonly url: string,
    readonly data: string,
    readonly process: ChildProcess,
  ) {}

  static async start(): Promise<Watched> {
    const [port, udp] = [await freePort(), await freePort()];
    const data = mkdtempSync(join(tmpdir(), "aye-mute-"));
    const classes = ["app/target/test-classes", "app/target/aye.jar", "app/target/lib/*"].map((part) => join(root, part));
    const child = spawn(
      join(javaHome(), "bin", "java"),
      [
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Djava.awt.headless=true",
        `-Daye.home=${root}`,
        "-cp",
        classes.join(":"),
        "dev.aye.app.ToneAtTheTap",
        String(port),
        String(udp),
        data,
        String(HERTZ),
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    const watched = new Watched(`http://localhost:${port}`, data, child);
    let line = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      const lines = (line + bytes.toString()).split("\n");
      line = lines.pop() ?? "";
      for (const whole of lines) watched.#take(whole);
    });
    child.stderr?.on("data", (bytes: Buffer) => (watched.#output += bytes.toString()));
    for (const until = Date.now() + 120_000; ; ) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${watched.#output}`);
      try {
        if ((await fetch(`${watched.url}/healthz`)).ok) return watched;
      } catch {
        // Not listening yet.
      }
      if (Date.now() > until) throw new Error(`the server was not ready after 120 s:\n${watched.#output}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  #take(line: string): void {
    const [kind, stream, at, samples, tone, all] = line.split(" ");
    if (kind !== "frame") this.#output += `${line}\n`;
    else this.frames.push({ stream: Number(stream), at: Number(at), samples: Number(samples), tone: Number(tone), all: Number(all) });
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((done) => this.process.once("exit", () => done()));
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM");
      await ended;
    }
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** What the page notes of itself: clicks, tracks switched on and off, and peer connections. */
type Notes = { clicks: number[]; gates: Gate[]; peers: RTCPeerConnection[]; heard: Heard[]; mics: MediaStreamTrack[] };
declare global {
  interface Window {
    noted: Notes;
  }
}

function note(): void {
  const notes: Notes = { clicks: [], gates: [], peers: [], heard: [], mics: [] };
  window.noted = notes;
  const now = () => performance.timeOrigin + performance.now();
  window.addEventListener("click", (event) => notes.clicks.push(performance.timeOrigin + event.timeStamp), { capture: true });
  const own = Object.getOwnPropertyDescriptor(MediaStreamTrack.prototype, "enabled");
  if (!own?.set || !own.get) throw new Error("enabled is no accessor here");
  const { get, set } = own;
  Object.defineProperty(MediaStreamTrack.prototype, "enabled", {
    ...own,
    get,
    set(this: MediaStreamTrack, on: boolean) {
      const track = notes.mics.includes(this) ? "meeting" : "copy";
      if (this.kind === "audio" && get.call(this) !== on) notes.gates.push({ at: now(), track, on });
      set.call(this, on);
    },
  });
  // A tone that does not change is what noise suppression takes away: this microphone has none.
  const media = navigator.mediaDevices;
  const take = media.getUserMedia.bind(media);
  media.getUserMedia = async (wanted) => {
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const audio = wanted?.audio ? { ...(wanted.audio === true ? {} : wanted.audio), ...plain } : false;
    const stream = await take({ ...wanted, audio });
    notes.mics.push(...stream.getAudioTracks());
    return stream;
  };
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      notes.peers.push(this);
    }
  };
}

/**
 * Measures the tone in what a page plays of somebody, in blocks of 256 samples. A block's time is that of its audio
 * clock, set to the wall clock by that of its neighbours which was delivered soonest: close to when it was played, but
 * early by as much as the audio clock stood still near it, on a busy machine. It was played before it was delivered.
 */
async function listen(page: Page, name: string): Promise<void> {
  const audio = page.getByRole("list", { name: "People" }).getByRole("listitem").filter({ hasText: name }).locator("audio");
  await audio.evaluate((element: HTMLAudioElement, hertz) => {
    const context = new AudioContext({ sampleRate: 48_000 });
    const meter = context.createScriptProcessor(256, 1, 1);
    // By half second of the audio clock, which falls behind when a busy machine skips a block.
    const soonest = new Map<number, number>();
    const half = (clock: number) => Math.floor(clock / 500);
    const blocks: { clock: number; by: number; tone: number }[] = [];
    meter.onaudioprocess = (event) => {
      const wall = performance.timeOrigin + performance.now();
      const samples = event.inputBuffer.getChannelData(0);
      let [sine, cosine] = [0, 0];
      for (let i = 0; i < samples.length; i++) {
        const angle = (2 * Math.PI * hertz * i) / 48_000;
        sine += (samples[i] ?? 0) * Math.sin(angle);
        cosine += (samples[i] ?? 0) * Math.cos(angle);
      }
      const power = (4 * (sine * sine + cosine * cosine)) / (samples.length * samples.length);
      const clock = event.playbackTime * 1000;
      soonest.set(half(clock), Math.min(soonest.get(half(clock)) ?? Number.POSITIVE_INFINITY, wall - clock));
      blocks.push({ clock, by: wall, tone: Math.max(-120, 10 * Math.log10(power)) });
    };
    Object.defineProperty(window.noted, "heard", {
      get: () =>
        blocks.map(({ clock, by, tone }) => {
          const near = [-1, 0, 1].map((i) => soonest.get(half(clock) + i) ?? Number.POSITIVE_INFINITY);
          return { at: clock + Math.min(...near), by, tone };
        }),
    });
    context.createMediaStreamSource(element.srcObject as MediaStream).connect(meter).connect(context.destination);
  }, HERTZ);
}

const heard = (page: Page, since: number): Promise<Heard[]> =>
  page.evaluate((from) => window.noted.heard.filter((h) => h.at >= from), since);
const lastClick = (page: Page): Promise<number> => page.evaluate(() => window.noted.clicks.at(-1) ?? Number.NaN);
const gates = (page: Page, since: number): Promise<Gate[]> =>
  page.evaluate((from) => window.noted.gates.filter((g) => g.at >= from), since);

/** How long a page holds sound back before it plays it, in ms: the mean over its life. */
async function playoutDelay(page: Page): Promise<number> {
  return await page.evaluate(async () => {
    for (const peer of window.noted.peers) {
      if (peer.connectionState !== "connected") continue;
      for (const report of (await peer.getStats()).values()) {
        if (report.type === "inbound-rtp" && report.kind === "audio" && report.jitterBufferEmittedCount > 0)
          return (1000 * report.jitterBufferDelay) / report.jitterBufferEmittedCount;
      }
    }
    return Number.NaN;
  });
}

async function enter(browser: Browser, name: string, link: string, yes: readonly string[]): Promise<Page> {
  const context = await browser.newContext({ locale: "en-GB", permissions: ["camera", "microphone"], viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(note);
  page.on("console", (message) => process.env["CONSOLE"] && console.log(`[${name}] ${message.text()}`));
  await page.goto(link);
  const make = page.getByRole("button", { name: "Make a meeting" });
  if (!link.includes("/m/")) {
    await make.click();
    await page.getByRole("button", { name: "Go to the meeting" }).click();
  }
  // Two cores carry two browsers, and nothing is measured in the picture.
  await page.getByRole("button", { name: "Turn camera off" }).click();
  for (const purpose of yes) await choose(page, purpose, "Yes");
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await expect(page.getByRole("toolbar").getByRole("button", { name: "Mute", exact: true })).toBeVisible({ timeout: 60_000 });
  return page;
}

async function choose(page: Page, purpose: string, answer: "Yes" | "No"): Promise<void> {
  await press(page.getByRole("group", { name: `${purpose}: yes or no`, exact: true }).getByRole("button", { name: answer, exact: true }));
}

const figure = (text: string) => console.log(`  ${text}`);
const ms = (value: number) => `${value.toFixed(0)} ms`;

// What this shows of the order: at the source it is exact, for the two tracks are switched off by two calls, and the
// copy's comes first. Between tap and host it is what each gets: the host hears through a playout buffer, and its
// client also cuts the sound when it is told of the mute, so the difference there is no measure of the source. The copy
// is late only if its last tone came after the host is sure to have heard its own.
test("muting silences the copy before the meeting, and the last withdrawal ends it", async () => {
  const server = await Watched.start();
  const quiet = await browserThatSays(recording(0), true);
  const loud = await browserThatSays(recording(HERTZ), true);
  try {
    const host = await enter(quiet, "Bob", server.url, []);
    const ada = await enter(loud, "Ada", host.url(), ["Captions", "Notes"]);
    const tap = server.frames;
    let level = 0;
    const loudAtTap = (since: number) => tap.filter((f) => f.at >= since && f.tone > level - FALL);
    const control = (page: Page, button: string) => page.getByRole("toolbar").getByRole("button", { name: button, exact: true });

    /** Resolves when a second of nothing but tone has come to the tap and to the host. */
    const sounds = async (what: string) => {
      const since = Date.now();
      await expect.poll(() => loudAtTap(Math.max(since, Date.now() - 1_000)).length, { message: `${what}: tone at the tap`, timeout: 60_000 }).toBeGreaterThan(35);
      await expect
        .poll(async () => (await heard(host, Date.now() - 500)).filter((h) => h.tone > -40).length, { message: `${what}: tone at the host`, timeout: 30_000 })
        .toBeGreaterThan(50);
      const first = loudAtTap(since)[0]?.at ?? Number.NaN;
      return { first };
    };

    /** The tone falls at the tap and stays away; gives when it was last there, at the tap and at the host. */
    const falls = async (what: string, click: number) => {
      await host.waitForTimeout(WATCHED);
      const watchedUntil = Date.now();
      const frames = tap.filter((f) => f.at >= click);
      const lastAtTap = loudAtTap(click - 200).at(-1)?.at ?? Number.NaN;
      const after = frames.filter((f) => f.at > lastAtTap);
      const loudest = Math.max(-120, ...after.map((f) => f.all));
      const atHost = await heard(host, click - 200);
      const last = atHost.filter((h) => h.tone > -40).at(-1);
      const [lastAtHost, heardBy] = [last?.at ?? Number.NaN, last?.by ?? Number.NaN];
      const delay = await playoutDelay(host);
      figure(
        `${what}: last tone at the tap ${ms(lastAtTap - click)} after the click, then ${after.length} frames in ${ms(watchedUntil - lastAtTap)}, ` +
          `the loudest ${loudest.toFixed(0)} dB; last heard at the host ${ms(lastAtHost - click)} after it, at the latest ${ms(heardBy - click)} (mean playout delay ${ms(delay)})`,
      );
      expect(lastAtTap - click, `${what}: the copy falls silent at once`).toBeLessThan(1_000);
      expect(watchedUntil - lastAtTap, `${what}: and stays silent`).toBeGreaterThan(WATCHED - 1_000);
      expect(loudest, `${what}: nothing else than silence comes`).toBeLessThan(level - FALL);
      return { lastAtTap, lastAtHost, heardBy };
    };

    const copyFirst = async (what: string, since: number) => {
      const off = (await gates(ada, since)).filter((g) => !g.on);
      const copy = off.findIndex((g) => g.track === "copy");
      const meeting = off.findIndex((g) => g.track === "meeting");
      figure(`${what}: at the source, ${off.map((g) => `${g.track} off at ${(g.at - since).toFixed(1)} ms`).join(", ")}`);
      expect(copy, `${what}: the copy is switched off`).toBeGreaterThanOrEqual(0);
      expect(meeting, `${what}: and the meeting's track after it`).toBeGreaterThan(copy);
    };

    await test.step("the tone is at the tap", async () => {
      await expect.poll(() => tap.filter((f) => f.at > Date.now() - 1_000 && f.tone > -40).length, { message: "tone at the tap", timeout: 60_000 }).toBeGreaterThan(35);
      await expect(host.getByRole("list", { name: "People" }).getByRole("listitem").filter({ hasText: "Ada" }).locator("audio")).toBeAttached();
      await listen(host, "Ada");
      const tones = tap.slice(-25).map((f) => f.tone).sort((a, b) => a - b);
      level = tones[12] ?? Number.NaN;
      figure(`tone at the tap before: ${level.toFixed(1)} dB (median of 25 frames), ${tap.at(-1)?.samples} samples a frame`);
      expect(level).toBeGreaterThan(-20);
      await sounds("before");
    });

    for (const turn of [1, 2]) {
      await test.step(`own mute, ${turn}`, async () => {
        await control(ada, "Mute").click();
        const click = await lastClick(ada);
        const { lastAtTap, heardBy } = await falls("own mute", click);
        await copyFirst("own mute", click);
        expect(lastAtTap, "no later than in the meeting").toBeLessThanOrEqual(heardBy);
        await control(ada, "Unmute").click();
        const { first } = await sounds("unmuted");
        figure(`unmute: tone at the tap ${ms(first - (await lastClick(ada)))} after the click`);
      });
    }

    await test.step("pause mine", async () => {
      await ada.getByTitle("Show my choices").click();
      await ada.getByRole("button", { name: "Pause mine" }).click();
      const click = await lastClick(ada);
      const { lastAtHost, lastAtTap } = await falls("pause mine", click);
      expect(lastAtHost - lastAtTap, "the meeting goes on hearing").toBeGreaterThan(WATCHED - 1_000);
      await ada.getByRole("button", { name: "Resume mine" }).click();
      const { first } = await sounds("resumed");
      figure(`resume: tone at the tap ${ms(first - (await lastClick(ada)))} after the click`);
    });

    await test.step("mute by the host", async () => {
      await control(host, "Host").click();
      await host.getByRole("button", { name: "Mute Ada" }).click();
      const click = await lastClick(host);
      const { lastAtTap, heardBy } = await falls("mute by the host", click);
      await copyFirst("mute by the host", click);
      expect(lastAtTap, "no later than in the meeting").toBeLessThanOrEqual(heardBy);
      await control(ada, "Unmute").click();
      await sounds("unmuted after the host");
    });

    await test.step("another microphone", async () => {
      const menu = async () => {
        await control(ada, "Devices").click();
        return ada.getByLabel("Microphone");
      };
      const select = await menu();
      const all = await select.locator("option").evaluateAll((list) => list.map((o) => (o as HTMLOptionElement).value));
      const now = await select.inputValue();
      const other = all.find((id) => id !== now && id !== "default" && id !== "communications");
      expect(other, `another one than the one in use, of ${all.length}`).toBeDefined();
      if (other === undefined) return;
      const since = Date.now();
      await select.selectOption(other);
      await sounds("another microphone");
      figure(`another microphone: ${(await gates(ada, since)).map((g) => `${g.track} ${g.on ? "on" : "off"} at ${(g.at - since).toFixed(0)} ms`).join(", ")}`);
      const [first] = await gates(ada, since);
      expect(first, "the copy is silent before the track changes").toMatchObject({ track: "copy", on: false });
      await control(ada, "Mute").click();
      const click = await lastClick(ada);
      await falls("own mute on the other microphone", click);
      await copyFirst("own mute on the other microphone", click);
      await control(ada, "Unmute").click();
      await sounds("unmuted on the other microphone");
    });

    await test.step("the last grant is withdrawn", async () => {
      await ada.getByTitle("Show my choices").click();
      await choose(ada, "Captions", "No");
      await sounds("one grant is left");
      await choose(ada, "Notes", "No");
      const click = await lastClick(ada);
      await host.waitForTimeout(5_000);
      const last = tap.at(-1)?.at ?? Number.NaN;
      const after = tap.filter((f) => f.at >= click).length;
      const stillHeard = (await heard(host, Date.now() - 500)).filter((h) => h.tone > -40).length;
      figure(`the last withdrawal: ${after} frames after the click, the last ${ms(last - click)} after it; none in the ${ms(Date.now() - last)} that followed`);
      expect(last - click, "the copy ends at once").toBeLessThan(1_000);
      expect(stillHeard, "the meeting goes on hearing").toBeGreaterThan(50);
      const count = tap.length;
      await control(ada, "Mute").click();
      await control(ada, "Unmute").click();
      await host.waitForTimeout(2_000);
      expect(tap.length, "not one more frame").toBe(count);
    });
  } finally {
    await loud.close();
    await quiet.close();
    await server.stop();
  }
});
