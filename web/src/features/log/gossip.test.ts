import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { Store } from '../../shell/store';
import { b64, utf8, type Bytes } from '../bytes/bytes';
import { checkFork, findingFile, LogBroken, readFork, writeFork, type Finding, type Fork } from './fork';
import { Gossip, MESSAGE_LIMIT, readMessage, writeMessage, type Compared } from './gossip';
import { provenKey } from '../listening/recipient';
import { leaf } from './leaf';
import { findings, KnownLog, type Findings } from './memory';
import { LogMismatch, openCheckpoint, verifier } from './note';
import { Tiles, type Fetch } from './tiles';
import { prefixPath } from './tree';

type Log = Awaited<ReturnType<typeof logInMemory>>;

const entry = (i: number) => leaf.answer(new Uint8Array(32).fill(i % 251));

function grow(log: Log, to: number, other = 0): void {
  for (let i = log.entries.length; i < to; i++) log.entries.push(entry(i + other));
}

/** One key, two histories: the same first `shared` entries, then different ones up to each size. */
async function histories(shared: number, one: number, two: number, origin?: string): Promise<[Log, Log]> {
  const first = await logInMemory(origin);
  const second = await logInMemory(first.origin, first.pair);
  for (const log of [first, second]) grow(log, shared);
  grow(first, one);
  grow(second, two, 100);
  return [first, second];
}

function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) % below;
  };
}

/** People in one meeting, each with a server of their own as far as the log goes, and a clock that the test moves. */
class Meeting {
  now = 1_000_000;
  readonly people: Somebody[] = [];
  /** Whether a packet to this person is lost. */
  loses: (to: string) => boolean = () => false;

  async joins(name: string, shows: Log, fetch: Fetch = (path) => shows.fetch(path)): Promise<Somebody> {
    const server = { fetch };
    const memory = memoryInMap();
    const told: Findings = new Store({ found: new Map() });
    const known = await KnownLog.of(shows.vkey, new Tiles((path) => server.fetch(path)), memory, told);
    const person: Somebody = {
      name,
      known,
      server,
      memory,
      told,
      sent: [],
      compared: [],
      failures: [],
    } as never;
    const gossip = new Gossip({
      log: known,
      send: (message, to) => {
        person.sent.push({ at: this.now, message, to });
        for (const other of this.people)
          if (to.includes(other.name) && !this.loses(other.name))
            other.gossip.receive(name, Uint8Array.from(message));
        return Promise.resolve();
      },
      changed: (compared) => person.compared.push(compared),
      failed: (failure) => person.failures.push(failure),
      now: () => this.now,
    });
    Object.assign(person, { gossip });
    this.people.push(person);
    for (const one of this.people)
      one.gossip.members(this.people.filter((p) => p !== one).map((p) => p.name));
    return person;
  }

  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.now += 1000;
      for (const person of this.people) await person.gossip.tick();
    }
  }
}

interface Somebody {
  readonly name: string;
  readonly known: KnownLog;
  readonly gossip: Gossip;
  readonly server: { fetch: Fetch };
  readonly memory: ReturnType<typeof memoryInMap>;
  readonly told: Findings;
  readonly sent: { at: number; message: Bytes; to: readonly string[] }[];
  readonly compared: Compared[];
  readonly failures: unknown[];
}

/** What a person's page was told, which is also what it wrote down. */
function foundBy(person: Somebody, log: Log): Finding | undefined {
  const written = person.memory.held.get(log.origin)?.finding;
  expect(person.told.get().found.get(log.vkey)).toEqual(written);
  return written;
}

async function proves(finding: Finding | undefined, vkey: string): Promise<void> {
  if (finding?.is !== 'fork') throw new Error(`no fork was found, but ${finding?.is}`);
  const kept: unknown = JSON.parse(findingFile(finding));
  const fork = readFork(kept);
  if (!fork) throw new Error('the file is none');
  await checkFork(fork, await verifier(vkey));
}

describe('members who are shown one log', () => {
  it.each([
    ['the same size', 12, 12],
    ['one ahead', 12, 7],
    ['one behind', 7, 12],
    ['over a full tile', 300, 250],
    ['an empty log', 0, 3],
  ])('find it the same: %s', async (_what, one, two) => {
    const log = await logInMemory();
    const meeting = new Meeting();
    grow(log, one);
    const old = await logInMemory(log.origin, log.pair);
    grow(old, two);
    const newer = one > two ? log : old;
    const ann = await meeting.joins('ann', log);
    const bob = await meeting.joins('bob', old);
    await meeting.pass(1);
    // From here on the server shows both all that it has.
    for (const p of [ann, bob]) p.server.fetch = (path) => newer.fetch(path);
    await meeting.pass(20);
    for (const person of [ann, bob]) {
      expect(person.compared.at(-1)).toEqual({
        others: 1,
        same: 1,
        unshown: 0,
        otherKey: 0,
        looking: 'fine',
      });
      expect(foundBy(person, log)).toBeUndefined();
      expect(person.failures).toEqual([]);
    }
  });

  it('say it when somebody comes and when it changed, and at most every ten seconds', async () => {
    const log = await logInMemory();
    grow(log, 5);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log);
    await meeting.joins('bob', log);
    for (let second = 0; second < 100; second++) {
      grow(log, log.entries.length + 1);
      await meeting.pass(1);
    }
    const toAll = ann.sent.map((s) => s.at);
    // Three times as a greeting, else at its beat.
    expect(toAll.length).toBeLessThanOrEqual(10 + 3);
    expect(toAll.length).toBeGreaterThanOrEqual(9);
    const calm = ann.sent.length;
    await meeting.pass(20);
    const settled = ann.sent.length;
    expect(settled - calm).toBeLessThanOrEqual(1);
    await meeting.pass(60);
    expect(ann.sent.length).toBe(settled);
    await meeting.joins('cem', log);
    await meeting.pass(60);
    expect(ann.sent.slice(settled).map((s) => s.to)).toEqual([['cem'], ['cem'], ['cem']]);
    for (const { message } of ann.sent) expect(message.length).toBeLessThan(1024);
  });

  it('never say a checkpoint that came with an answer', async () => {
    const log = await logInMemory();
    grow(log, 5);
    const meeting = new Meeting();
    const before = await log.checkpoint();
    const shown = { checkpoint: before };
    const ann = await meeting.joins('ann', log, (path) =>
      path === '/log/checkpoint' ? Promise.resolve(utf8(shown.checkpoint)) : log.fetch(path),
    );
    await meeting.joins('bob', log);
    await meeting.pass(1);
    grow(log, 6);
    const withAnswer = await openCheckpoint(await log.checkpoint(), ann.known.by);
    await ann.known.remember(withAnswer, new Date(0));
    await meeting.pass(4);
    expect(ann.sent.length).toBeGreaterThan(0);
    for (const { message } of ann.sent)
      expect(readMessage(message)).toEqual({ is: 'checkpoint', note: before });
  });
});

describe('a server that shows two people two histories', () => {
  it.each([
    ['of the same size', 5, 9, 9],
    ['of different sizes', 5, 9, 14],
    ['of different sizes the other way round', 5, 14, 9],
    ['that differ in the first entry', 0, 4, 7],
    ['of a size that is a power of two', 5, 8, 16],
    ['beyond a full tile', 200, 270, 600],
    ['of which one only goes on', 9, 9, 9],
  ])('is noticed by both within seconds: %s', async (_what, shared, one, two) => {
    const [log, other] = await histories(shared, one, two);
    if (one === shared) {
      grow(log, 12);
      grow(other, 10, 100);
    }
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log);
    const bob = await meeting.joins('bob', other);
    await meeting.pass(6);
    for (const person of [ann, bob]) await proves(foundBy(person, log), log.vkey);
    await expect(ann.known.latest(new Date(0))).rejects.toThrow(LogBroken);
    await expect(bob.known.sound()).rejects.toThrow(LogBroken);
  });

  it('is noticed by somebody who comes later, from the proof of those who were there', async () => {
    const [log, other] = await histories(5, 9, 14);
    const meeting = new Meeting();
    await meeting.joins('ann', log);
    await meeting.joins('bob', other);
    await meeting.pass(10);
    const cem = await meeting.joins('cem', log);
    await meeting.pass(4);
    await proves(foundBy(cem, log), log.vkey);
  });

  it('is noticed by somebody whose first packets were lost, and who never answers is told for a while', async () => {
    const [log, other] = await histories(5, 9, 14);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log);
    await meeting.joins('bob', other);
    await meeting.pass(10);
    const cem = await meeting.joins('cem', log);
    meeting.loses = (to) => to === 'cem';
    await meeting.pass(40);
    expect(foundBy(cem, log)).toBeUndefined();
    meeting.loses = () => false;
    await meeting.pass(7);
    await proves(foundBy(cem, log), log.vkey);
    await meeting.pass(10);
    const settled = ann.sent.length;
    await meeting.pass(60);
    expect(ann.sent.length).toBe(settled);
    ann.gossip.members(['bob', 'cem', 'mute']);
    await meeting.pass(600);
    expect(ann.sent.slice(settled).map((s) => s.to)).toEqual(Array.from({ length: 30 }, () => ['mute']));
  });

  it('is noticed when it begins in the middle of a meeting', async () => {
    const log = await logInMemory();
    grow(log, 6);
    const other = await logInMemory(log.origin, log.pair);
    grow(other, 6);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log);
    const bob = await meeting.joins('bob', other);
    await meeting.pass(20);
    expect(ann.compared.at(-1)?.same).toBe(1);
    expect(foundBy(ann, log)).toBeUndefined();
    grow(log, 8);
    grow(other, 7, 100);
    await meeting.pass(17);
    for (const person of [ann, bob]) await proves(foundBy(person, log), log.vkey);
  });

  it('cannot hide it in tiles that a cache still holds', async () => {
    const log = await logInMemory();
    grow(log, 300);
    const known = await KnownLog.of(log.vkey, new Tiles(cached(log)), memoryInMap());
    await known.latest(new Date(0));
    grow(log, 301);
    await known.latest(new Date(0));
    log.entries[3] = entry(77);
    grow(log, 310);
    const failure = await known.latest(new Date(0)).catch((f: unknown) => f);
    expect(failure).toBeInstanceOf(LogBroken);
    if (failure instanceof LogBroken) await proves(failure.finding, log.vkey);
  });
});

/** What full tiles do in a browser: they are asked for once, unless asked past the cache. */
function cached(log: Log): Fetch {
  const kept = new Map<string, Bytes>();
  return async (path, again = false) => {
    const known = again || path.includes('.p/') || path.endsWith('checkpoint') ? undefined : kept.get(path);
    const bytes = known ?? (await log.fetch(path));
    kept.set(path, bytes);
    return bytes;
  };
}

describe('what cannot be compared', () => {
  it('is said after some seconds and is no alarm, and is settled when the server shows it', async () => {
    const log = await logInMemory();
    grow(log, 9);
    const old = await log.checkpoint(4);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log, (path) =>
      path === '/log/checkpoint' ? Promise.resolve(utf8(old)) : log.fetch(path),
    );
    await meeting.joins('bob', log);
    await meeting.pass(10);
    expect(ann.compared.at(-1)).toMatchObject({ same: 0, unshown: 0 });
    await meeting.pass(15);
    expect(ann.compared.at(-1)).toMatchObject({ same: 0, unshown: 1 });
    expect(foundBy(ann, log)).toBeUndefined();
    ann.server.fetch = (path) => log.fetch(path);
    await meeting.pass(6);
    expect(ann.compared.at(-1)).toMatchObject({ same: 1, unshown: 0 });
  });

  it('is no alarm either when the tiles are not those of the log', async () => {
    const [log, other] = await histories(5, 9, 14);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log);
    await meeting.pass(1);
    ann.server.fetch = async (path) =>
      path.endsWith('checkpoint') ? log.fetch(path) : new Uint8Array((await log.fetch(path)).length);
    expect(await ann.known.compare(await other.checkpoint(7), new Date(0))).toMatchObject({ is: 'unshown' });
    expect(await ann.known.compare(await log.checkpoint(7), new Date(0))).toMatchObject({ is: 'unshown' });
    expect(foundBy(ann, log)).toBeUndefined();
  });

  it('is said of a server that shows nothing', async () => {
    const log = await logInMemory();
    grow(log, 9);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log, () => Promise.reject(new TypeError('no network')));
    await meeting.joins('bob', log);
    await meeting.pass(30);
    expect(ann.compared.at(-1)).toMatchObject({ looking: 'failing', same: 0, unshown: 1 });
    ann.server.fetch = (path) => log.fetch(path);
    await meeting.pass(10);
    expect(ann.compared.at(-1)).toMatchObject({ looking: 'fine', same: 1, unshown: 0 });
  });

  it('is said of somebody whose log has another key, and is no alarm', async () => {
    const log = await logInMemory();
    const stranger = await logInMemory();
    for (const l of [log, stranger]) grow(l, 4);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log);
    const bob = await meeting.joins('bob', stranger);
    await meeting.pass(10);
    for (const [person, its] of [
      [ann, log],
      [bob, stranger],
    ] as const) {
      expect(person.compared.at(-1)).toMatchObject({ same: 0, otherKey: 1 });
      expect(foundBy(person, its)).toBeUndefined();
    }
  });
});

describe('what somebody hostile says', () => {
  async function scene() {
    const [log, other] = await histories(5, 9, 14);
    const meeting = new Meeting();
    const ann = await meeting.joins('ann', log);
    await meeting.pass(1);
    ann.gossip.members(['eve']);
    const says = async (message: Uint8Array) => {
      ann.gossip.receive('eve', message);
      await meeting.pass(31);
    };
    const path = (await prefixPath(9, 14, other.read)).map(b64);
    const fork: Fork = {
      vkey: log.vkey,
      older: await log.checkpoint(9),
      newer: await other.checkpoint(14),
      path,
    };
    return { log, other, meeting, ann, says, fork };
  }

  it('alarms nobody unless the log signed it', async () => {
    const { log, ann, says, fork } = await scene();
    const stranger = await logInMemory(log.origin);
    grow(stranger, 14);
    const honest = (await prefixPath(5, 9, log.read)).map(b64);
    const turned = [...fork.path].reverse();
    const lies: Fork[] = [
      { ...fork, older: fork.newer, path: [] },
      { ...fork, older: await log.checkpoint(5), newer: await log.checkpoint(9), path: honest },
      { ...fork, older: await log.checkpoint(5), newer: await log.checkpoint(9), path: honest.slice(1) },
      { ...fork, path: [] },
      { ...fork, path: turned },
      { ...fork, path: [...fork.path, fork.path[0] ?? ''] },
      { ...fork, path: fork.path.map((h) => h.slice(0, -4)) },
      { ...fork, newer: await stranger.checkpoint(14) },
      {
        ...fork,
        vkey: stranger.vkey,
        older: await stranger.checkpoint(9),
        newer: await stranger.checkpoint(14),
      },
      { ...fork, older: fork.older.replace('\n9\n', '\n8\n') },
    ];
    for (const lie of lies) await says(writeMessage({ is: 'fork', fork: lie }));
    expect(ann.memory.held.get(log.origin)?.finding).toBeUndefined();
    await says(writeMessage({ is: 'fork', fork }));
    await proves(foundBy(ann, log), log.vkey);
  });

  it('is not read when it is no message, or too long', async () => {
    const { log, says, ann } = await scene();
    const note = await log.checkpoint();
    const good = writeMessage({ is: 'checkpoint', note });
    expect(readMessage(good)).toEqual({ is: 'checkpoint', note });
    for (const wrong of [
      '',
      '[]',
      'null',
      '1',
      '{}',
      '{"checkpoint":1}',
      `{"checkpoint":${JSON.stringify(note)},"checkpoint":${JSON.stringify(note)}}`,
      `{"checkpoint":${JSON.stringify(note)},"more":{}}`,
      ` {"checkpoint":${JSON.stringify(note)}}`,
      '{"fork":{}}',
      '{"fork":null}',
      `{"fork":{"schema":"urn:aye:fork:1","vkey":"","older":"","newer":"","path":[[]]}}`,
      `{"fork":{"schema":"urn:aye:fork:2","vkey":"","older":"","newer":"","path":[]}}`,
      `{"checkpoint":"${'x'.repeat(MESSAGE_LIMIT)}"}`,
      '[['.repeat(4000),
    ]) {
      expect(readMessage(utf8(wrong)), wrong.slice(0, 60)).toBeUndefined();
      await says(utf8(wrong));
    }
    expect(readMessage(Uint8Array.of(0x7b, 0xff, 0x7d))).toBeUndefined();
    expect(ann.compared.at(-1)).toMatchObject({ same: 0, unshown: 0, otherKey: 0 });
    await says(utf8(JSON.stringify({ checkpoint: 'hello\n\n— eve AAAA\n' })));
    expect(ann.compared.at(-1)).toMatchObject({ same: 0, unshown: 0, otherKey: 0 });
    await says(good);
    expect(ann.compared.at(-1)).toMatchObject({ same: 1 });
  });

  it('costs no more than its share, however much it is', async () => {
    const { log, ann, meeting } = await scene();
    let compared = 0;
    const compare = ann.known.compare.bind(ann.known);
    ann.known.compare = (note, now) => {
      compared++;
      return compare(note, now);
    };
    const message = writeMessage({ is: 'checkpoint', note: await log.checkpoint() });
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 200; i++) ann.gossip.receive('eve', message);
      for (let i = 0; i < 200; i++) ann.gossip.receive(`nobody ${i}`, message);
      await meeting.pass(1);
    }
    expect(compared).toBeGreaterThan(5);
    expect(compared).toBeLessThanOrEqual(6 + 60 / 5);
  });

  it('does not put a claim in the place of a proof', async () => {
    const { log, ann, meeting, fork } = await scene();
    ann.gossip.receive('eve', writeMessage({ is: 'fork', fork }));
    ann.gossip.receive('eve', writeMessage({ is: 'checkpoint', note: await log.checkpoint() }));
    await meeting.pass(1);
    expect(foundBy(ann, log)?.is).toBe('fork');
  });
});

describe('altered messages', () => {
  it('are read in one spelling only, and prove nothing that was not signed (seed 7)', async () => {
    const roll = dice(7);
    const [log, other] = await histories(5, 9, 14);
    const by = await verifier(log.vkey);
    const fork: Fork = {
      vkey: log.vkey,
      older: await log.checkpoint(9),
      newer: await other.checkpoint(14),
      path: (await prefixPath(9, 14, other.read)).map(b64),
    };
    await checkFork(fork, by);
    const seeds = [
      writeMessage({ is: 'fork', fork }),
      writeMessage({ is: 'checkpoint', note: await log.checkpoint() }),
    ];
    let read = 0;
    for (let i = 0; i < 4000; i++) {
      const bytes = Uint8Array.from(seeds[i % 2] ?? []);
      for (let n = roll(3); n >= 0; n--)
        bytes[roll(bytes.length)] = roll(4) === 0 ? roll(256) : 32 + roll(95);
      const cut = roll(8) === 0 ? bytes.slice(0, roll(bytes.length)) : bytes;
      const message = readMessage(cut);
      if (!message) continue;
      read++;
      expect(writeMessage(message)).toEqual(cut);
      if (message.is === 'checkpoint') {
        const opened = await openCheckpoint(message.note, by).catch(() => undefined);
        if (opened) expect(message.note).toBe(await log.checkpoint());
      } else if (writeFork(message.fork) !== writeFork(fork)) {
        await expect(checkFork(message.fork, by)).rejects.toThrow();
      }
    }
    expect(read).toBeGreaterThan(100);
  });

  it('of an honest log never prove a fork: every pair of sizes, every hash of the path altered', async () => {
    const log = await logInMemory();
    grow(log, 12);
    const by = await verifier(log.vkey);
    const notes = await Promise.all(Array.from({ length: 13 }, (_, n) => log.checkpoint(n)));
    const roll = dice(3);
    for (let newer = 1; newer <= 12; newer++)
      for (let older = 0; older <= newer; older++) {
        const path = older > 0 && older < newer ? (await prefixPath(older, newer, log.read)).map(b64) : [];
        const claim = { vkey: log.vkey, older: notes[older] ?? '', newer: notes[newer] ?? '' };
        const paths = [path, path.slice(1), path.slice(0, -1), [...path, b64(new Uint8Array(32))]];
        for (let i = 0; i < path.length; i++)
          paths.push(path.with(i, b64(Uint8Array.from({ length: 32 }, () => roll(256)))));
        for (const altered of paths)
          await expect(checkFork({ ...claim, path: altered }, by)).rejects.toThrow(LogMismatch);
      }
  });
});

describe('the memory of a log', () => {
  it('outlives the page, and so does what was found', async () => {
    const [log, other] = await histories(5, 9, 14, 'one.example/aye');
    const tiles = () => new Tiles(log.fetch);
    await (await KnownLog.of(log.vkey, tiles())).latest(new Date(0));
    const again = await KnownLog.of(log.vkey, new Tiles(other.fetch));
    await expect(again.latest(new Date(1))).rejects.toThrow(LogBroken);
    // The server may return to what it showed at first: what it signed stays signed.
    const later = await KnownLog.of(log.vkey, tiles());
    await proves(await later.finding(), log.vkey);
    await expect(later.latest(new Date(2))).rejects.toThrow(LogBroken);
    await expect(later.sound()).rejects.toThrow(LogBroken);
  });

  it('does not go back when two pages write at once', async () => {
    const log = await logInMemory('two.example/aye');
    grow(log, 20);
    const pages = await Promise.all(
      Array.from({ length: 8 }, () => KnownLog.of(log.vkey, new Tiles(log.fetch))),
    );
    const notes = await Promise.all(
      [3, 20, 7, 12, 1, 19, 5, 16].map(async (n) =>
        openCheckpoint(await log.checkpoint(n), await verifier(log.vkey)),
      ),
    );
    await Promise.all(pages.map((page, i) => page.remember(notes[i] ?? never(), new Date(0))));
    const shown = { note: await log.checkpoint(19) };
    const page = await KnownLog.of(
      log.vkey,
      new Tiles((path) =>
        path.endsWith('/checkpoint') ? Promise.resolve(utf8(shown.note)) : log.fetch(path),
      ),
    );
    await expect(page.latest(new Date(0))).rejects.toThrow('shorter');
  });

  it('finds a fork between two pages that write at once', async () => {
    const [log, other] = await histories(5, 9, 9, 'three.example/aye');
    const pages = await Promise.all(
      [log, other].map((shown) => KnownLog.of(log.vkey, new Tiles(shown.fetch))),
    );
    const outcomes = await Promise.allSettled(pages.map((page) => page.latest(new Date(0))));
    expect(outcomes.map((o) => o.status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(pages[0]?.sound()).rejects.toThrow(LogBroken);
    await expect(pages[1]?.sound()).rejects.toThrow(LogBroken);
  });

  it('keeps both checkpoints of a log that went back, and lets it come back', async () => {
    const log = await logInMemory();
    grow(log, 9);
    const memory = memoryInMap();
    const before = await log.checkpoint();
    const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memory);
    await known.latest(new Date(0));
    log.entries.length = 6;
    const after = await log.checkpoint();
    const failure = await known.latest(new Date(1)).catch((f: unknown) => f);
    expect(failure).toBeInstanceOf(LogBroken);
    const finding = await known.finding();
    expect(finding).toEqual({
      is: 'back',
      vkey: log.vkey,
      before,
      after,
      at: new Date(1).toISOString(),
    });
    expect(finding && JSON.parse(findingFile(finding))).toMatchObject({ before, after });
    await expect(known.sound()).rejects.toThrow(LogBroken);
    const recipient = { key: '', keyIndex: 0, keyProof: '' };
    await expect(provenKey(recipient, known, new Date(2))).rejects.toThrow(LogBroken);
    await expect(known.latest(new Date(2))).rejects.toThrow(LogBroken);
    expect(memory.held.get(log.origin)?.size).toBe(9);
    grow(log, 10);
    expect((await known.latest(new Date(3))).size).toBe(10);
    await known.sound();
    expect(findings.get().found.has(log.vkey)).toBe(false);
  });

  it('takes a log that came back as another one for what it is', async () => {
    const log = await logInMemory();
    grow(log, 9);
    const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap());
    await known.latest(new Date(0));
    log.entries.length = 6;
    await expect(known.latest(new Date(1))).rejects.toThrow(LogBroken);
    grow(log, 12, 100);
    await expect(known.latest(new Date(2))).rejects.toThrow(LogBroken);
    await proves(await known.finding(), log.vkey);
  });
});

function never(): never {
  throw new Error('there are eight');
}
