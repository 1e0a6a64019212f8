import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium } from "@playwright/test";

const SAMPLES_A_SECOND = 48_000;

export const root = resolve(import.meta.dirname, "..");

/** A running Aye server with a data folder of its own. */
export type Aye = {
  url: string;
  data: string;
  pid: number;
  output: () => string;
  stop: () => Promise<void>;
  kill: () => Promise<void>;
};

export async function freePort(): Promise<number> {
  return await new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === "object" ? done(address.port) : fail(new Error("no port"))));
    });
  });
}

/** Starts `./aye serve` and waits until a meeting can be held. */
export async function startAye(options: { data?: string; port?: number; args?: string[]; env?: Record<string, string> } = {}): Promise<Aye> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), "aye-e2e-"));
  const port = options.port ?? (await freePort());
  const args = ["serve", "--port", String(port), "--udp-port", String(await freePort()), "--data", data];
  return await ready(join(root, "aye"), [...args, ...(options.args ?? [])], { ...process.env, ...QUICKLY, ...options.env }, data, port);
}

/** A server that lives for a minute is not worth the better compiler, which takes the processor from the browsers. */
const QUICKLY = { JAVA_TOOL_OPTIONS: "-XX:TieredStopAtLevel=1" };

/** The same server, which writes down in `record` all that any ear got, and of whom. */
export async function startAyeThatTells(record: string, env: Record<string, string> = {}): Promise<Aye> {
  const data = mkdtempSync(join(tmpdir(), "aye-e2e-"));
  const port = await freePort();
  const classes = ["app/target/test-classes", "app/target/aye.jar", "app/target/lib/*"].map((part) => join(root, part));
  const flags = ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Djava.awt.headless=true", `-Daye.home=${root}`];
  const server = ["dev.aye.app.WhatReachedTheEars", String(port), String(await freePort()), data, record];
  return await ready(join(javaHome(), "bin", "java"), [...flags, "-cp", classes.join(":"), ...server], { ...process.env, ...QUICKLY, ...env }, data, port);
}

async function ready(command: string, args: string[], env: NodeJS.ProcessEnv, data: string, port: number): Promise<Aye> {
  const child: ChildProcess = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env });
  let output = "";
  child.stdout?.on("data", (bytes: Buffer) => (output += bytes.toString()));
  child.stderr?.on("data", (bytes: Buffer) => (output += bytes.toString()));
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const url = `http://localhost:${port}`;
  for (const until = Date.now() + 120_000; ; ) {
    if (child.exitCode !== null) throw new Error(`aye ended with ${child.exitCode}:\n${output}`);
    try {
      if ((await fetch(`${url}/healthz`)).ok) break;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > until) throw new Error(`aye was not ready after 120 s:\n${output}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return {
    url,
    data,
    pid: child.pid ?? -1,
    output: () => output,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

export function removeData(aye: Aye): void {
  rmSync(aye.data, { recursive: true, force: true });
}

/** A WAV of a second of a sine at -12 dB, which loops without a seam; or of silence, in which nothing is to be recognised. */
export function recording(hertz: number): string {
  const path = join(mkdtempSync(join(tmpdir(), "aye-recording-")), `${hertz}.wav`);
  const bytes = Buffer.alloc(44 + SAMPLES_A_SECOND * 2);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(SAMPLES_A_SECOND, 24);
  bytes.writeUInt32LE(SAMPLES_A_SECOND * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(SAMPLES_A_SECOND * 2, 40);
  for (let i = 0; i < SAMPLES_A_SECOND; i++) bytes.writeInt16LE(Math.round(8192 * Math.sin((2 * Math.PI * hertz * i) / SAMPLES_A_SECOND)), 44 + 2 * i);
  writeFileSync(path, bytes);
  return path;
}

/** A Chromium of its own whose microphone speaks a WAV file: once, after which it is silent. Its camera is a slow one. */
export async function browserThatSays(wav: string, loop = false): Promise<Browser> {
  return await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--use-fake-device-for-media-stream=device-count=1,fps=5",
      "--use-fake-ui-for-media-stream",
      "--autoplay-policy=no-user-gesture-required",
      `--use-file-for-fake-audio-capture=${wav}${loop ? "" : "%noloop"}`,
    ],
  });
}

/** The needles found in a file's bytes, as Latin-1/UTF-8 and as UTF-16 of both orders, whatever their case. */
export async function wordsInFile(path: string, needles: string[]): Promise<string[]> {
  const patterns = needles.flatMap((needle) => {
    const plain = Buffer.from(needle.toLowerCase(), "latin1");
    const wide = Buffer.from(needle.toLowerCase(), "utf16le");
    return [
      { needle, bytes: plain },
      { needle, bytes: wide },
    ];
  });
  const longest = Math.max(...patterns.map((p) => p.bytes.length));
  const found = new Set<string>();
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 22 })) {
    const block = Buffer.concat([tail, chunk as Buffer]);
    for (let i = 0; i < block.length; i++) {
      const c = block[i] ?? 0;
      if (c >= 0x41 && c <= 0x5a) block[i] = c + 0x20;
    }
    for (const { needle, bytes } of patterns) if (!found.has(needle) && block.includes(bytes)) found.add(needle);
    tail = Buffer.from(block.subarray(Math.max(0, block.length - longest)));
  }
  return [...found];
}

/** Every file below a folder that holds one of the needles, as `path: needle`. */
export async function wordsBelow(folder: string, needles: string[]): Promise<string[]> {
  const hits: string[] = [];
  if (!existsSync(folder)) return hits;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    for (const needle of await wordsInFile(path, needles)) hits.push(`${path}: ${needle}`);
  }
  return hits;
}

/** A dump of all that a running Java process holds in memory, searched and removed. */
export async function wordsInHeap(pid: number, needles: string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "aye-heap-"));
  const dump = join(folder, "heap.hprof");
  try {
    execFileSync(join(javaHome(), "bin", "jcmd"), [String(pid), "GC.heap_dump", "-all", dump], { stdio: "ignore" });
    if (statSync(dump).size < 1_000_000) throw new Error("the heap dump is implausibly small");
    return await wordsInFile(dump, needles);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function javaHome(): string {
  const candidates = [
    process.env["JAVA_HOME"],
    ...(existsSync("/usr/lib/jvm") ? readdirSync("/usr/lib/jvm").map((d) => join("/usr/lib/jvm", d)) : []),
  ];
  for (const home of candidates) {
    if (home && /25/.test(home) && existsSync(join(home, "bin", "jcmd"))) return home;
  }
  if (process.env["JAVA_HOME"]) return process.env["JAVA_HOME"];
  throw new Error("JDK 25 was not found: set JAVA_HOME.");
}

/** Runs `./aye …` on the data folder of a server, which may be running, and gives what it printed. */
export function aye(on: Aye, ...args: string[]): string {
  const own = args[0] === "verify" ? ["--vkey", join(on.data, "log.vkey")] : ["--data", on.data];
  return execFileSync(join(root, "aye"), [...args, ...own], { cwd: root, encoding: "utf8" });
}

/** All that the data folder of a stopped server holds, decrypted with the keys that are left. */
export function everythingHeld(on: Aye): string {
  const classes = ["app/target/test-classes", "app/target/aye.jar", "app/target/lib/*"].map((part) => join(root, part));
  const held = execFileSync(join(javaHome(), "bin", "java"), ["--enable-native-access=ALL-UNNAMED", "-cp", classes.join(":"), "dev.aye.app.EverythingHeld", on.data], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  if (!/^end [1-9]/m.test(held)) throw new Error("the data folder could not be read to its end");
  return held;
}
