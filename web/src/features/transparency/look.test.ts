import { afterEach, describe, expect, it, vi } from 'vitest';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { noticeText } from '../../../tests/notices';
import { en } from '../../words/en';
import { nl } from '../../words/nl';
import { b64, b64u, concat, sha256, utf8, type Bytes } from '../bytes/bytes';
import { parseNotice } from '../consent/notice';
import { leaf } from '../log/leaf';
import { KnownLog } from '../log/memory';
import { cosignedAt, openCheckpoint, verifier, witnessKey } from '../log/note';
import { Tiles } from '../log/tiles';
import { unchecked } from '../log/unchecked';
import { hashOfPages } from './build';
import { lookAtBuild } from './look';
import { checkText, difference, versions, type Listed } from './notices';
import { watched } from './witnesses';

async function aLog(...leaves: Bytes[]) {
  const log = await logInMemory();
  log.entries.push(leaf.answer(new Uint8Array(32)), ...leaves);
  const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap());
  const checkpoint = await known.latest(new Date());
  return { log, known, checkpoint };
}

/** A text that says one thing otherwise, as the next version. */
function reworded(change: (text: Record<string, never>) => void, locale: 'en' | 'nl' = 'en'): string {
  const text = JSON.parse(noticeText(locale)) as Record<string, never>;
  Object.assign(text, { version: 2 });
  change(text);
  return JSON.stringify(text);
}

describe('what people were asked', () => {
  async function published(...texts: string[]) {
    const hashes = await Promise.all(texts.map((t) => sha256(utf8(t))));
    const { known, checkpoint } = await aLog(...hashes.map(leaf.notice));
    const check = async (i: number, change: Partial<Listed> = {}, bytes = utf8(texts[i] ?? '')) => {
      const { version, locale } = JSON.parse(texts[i] ?? '') as { version: number; locale: string };
      const listed = {
        version,
        locale,
        hash: b64u(hashes[i] ?? new Uint8Array()),
        index: i + 1,
        published: '2026-03-01T10:00:00.000Z',
        changed: [],
        ...change,
      };
      return checkText(listed, bytes, known.tiles, checkpoint);
    };
    return check;
  }

  it('is proved only when the text has its hash and the log holds that hash at its place', async () => {
    const check = await published(noticeText('en'), noticeText('nl'));
    expect(await check(0)).toMatchObject({ is: 'proved', notice: { version: 1, locale: 'en' } });
    const other = utf8(noticeText('en').replace('then forgotten', 'then kept'));
    expect(await check(0, {}, other)).toMatchObject({ is: 'otherText', notice: undefined });
    for (const index of [0, 2, 3, -1, 1.5])
      expect(await check(0, { index }), String(index)).toMatchObject({ is: 'notInLog' });
    const never = b64u(await sha256(other));
    expect(await check(0, { hash: never }, other)).toMatchObject({ is: 'notInLog' });
    expect(await check(0, { version: 2 })).toMatchObject({ is: 'unreadable' });
    expect(await check(0, { locale: 'nl' })).toMatchObject({ is: 'unreadable' });
  });

  it('tells what changed from the two texts themselves, and when the server tells it otherwise', async () => {
    const longer = reworded((text) => {
      Object.assign(text['rows']?.[1] ?? {}, { retention: 'Kept for ever.' });
    });
    const check = await published(noticeText('en'), longer);
    const change = {
      part: 'rows',
      purpose: 'notes',
      field: 'retention',
      before: 'Kept for 90 days.',
      after: 'Kept for ever.',
    };
    const honest = versions([await check(1, { changed: [change] }), await check(0)]);
    expect(honest.map((v) => v.version)).toEqual([2, 1]);
    expect(honest[0]?.changes.get('en')).toEqual([change]);
    expect(honest[0]?.contradicted).toBe(false);
    expect(honest[1]?.changes.size).toBe(0);
    const silent = versions([await check(1), await check(0)]);
    expect(silent[0]?.changes.get('en')).toEqual([change]);
    expect(silent[0]?.contradicted).toBe(true);
  });

  it('tells of rows and parts that came or went, and of no paragraph that only moved', async () => {
    const older = await parseNotice(noticeText('en'));
    const moved = { ...older, lead: [...older.lead].reverse(), full: [...older.full, 'One more.'] };
    expect(difference(older, moved)).toEqual([{ part: 'full', field: 'text', after: 'One more.' }]);
    const [captions, notes, training] = older.rows;
    if (!captions || !notes || !training) throw new Error('three rows');
    const found = difference(older, {
      ...older,
      controller: { ...older.controller, name: 'Other Org' },
      rows: [captions, { ...notes, media: notes.media.slice(0, 1) }, { ...training, purpose: 'recording' }],
    });
    expect(found[0]).toEqual({
      part: 'controller',
      field: 'name',
      before: 'Example Org',
      after: 'Other Org',
    });
    expect(found).toContainEqual({
      part: 'rows',
      purpose: 'notes',
      field: 'media.chat',
      before: 'Your chat messages',
    });
    expect(found.filter((c) => c.purpose === 'recording').every((c) => c.before === undefined)).toBe(true);
    expect(found.filter((c) => c.purpose === 'training').every((c) => c.after === undefined)).toBe(true);
  });
});

describe('the pages', () => {
  const files: Record<string, string> = {
    'index.html': '<!doctype html>',
    'assets/a.js': '22',
    'assets/B.js': '1',
  };
  const told = async () => ({
    hash: '',
    index: 7,
    files: await Promise.all(
      Object.entries(files).map(async ([name, content]) => ({
        name,
        sha256: b64u(await sha256(utf8(content))),
      })),
    ),
  });
  const read = (name: string) => Promise.resolve(utf8(files[name] ?? ''));

  it('have the hash that the server gives them (WebFilesTest)', async () => {
    const built = await hashOfPages(await told(), read, ['assets/a.js']);
    expect(built).toEqual({
      hash: 'oTWkL30iiyh-3RvYqXMh6ZgStp0OLq7sMTCBRB0crsM',
      index: 7,
      files: 3,
      bytes: 18,
      other: [],
      strange: [],
    });
  });

  it('are other pages when one byte is, when a file is missing, or when the page uses one that is not listed', async () => {
    const right = await hashOfPages(await told(), read, []);
    const changed = await hashOfPages(await told(), (n) => (n === 'assets/a.js' ? read('x') : read(n)), []);
    expect(changed.other).toEqual(['assets/a.js']);
    expect(changed.hash).not.toBe(right.hash);
    const { files: listed, ...rest } = await told();
    expect((await hashOfPages({ ...rest, files: listed.slice(1) }, read, [])).hash).not.toBe(right.hash);
    const used = ['assets/a.js', 'https://elsewhere.example/x.js'];
    expect((await hashOfPages(await told(), read, used)).strange).toEqual(['https://elsewhere.example/x.js']);
    const twice = { ...rest, files: [...listed, ...listed] };
    await expect(hashOfPages(twice, read, [])).rejects.toThrow();
  });
});

describe('what the server cannot be asked for just now', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A server that has no time for its log, but serves the rest. */
  const busy = (files: Record<string, string>, status: number) =>
    vi.stubGlobal('fetch', (path: string) =>
      Promise.resolve(
        path.startsWith('/log/tile/') ? new Response('', { status }) : new Response(files[path] ?? ''),
      ),
    );

  it('is not held against a text, as what the log does not have is', async () => {
    const { known, checkpoint } = await aLog(leaf.notice(await sha256(utf8(noticeText('en')))));
    const listed = {
      version: 1,
      locale: 'en',
      hash: b64u(await sha256(utf8(noticeText('en')))),
      index: 1,
      published: '2026-03-01T10:00:00.000Z',
      changed: [],
    };
    const check = () => checkText(listed, utf8(noticeText('en')), new Tiles(), checkpoint);
    for (const status of [429, 500, 503]) {
      busy({}, status);
      expect(await check(), String(status)).toMatchObject({ is: 'unchecked', notice: { version: 1 } });
    }
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await check()).toMatchObject({ is: 'unchecked' });
    busy({}, 404);
    expect(await check()).toMatchObject({ is: 'notInLog' });
    expect(await checkText(listed, utf8(noticeText('en')), known.tiles, checkpoint)).toMatchObject({
      is: 'proved',
    });
  });

  it('is not held against the pages', async () => {
    const { known, checkpoint } = await aLog(leaf.answer(new Uint8Array(32).fill(1)));
    const start = '<!doctype html>';
    const sha = b64u(await sha256(utf8(start)));
    const told = { hash: '', index: 0, files: [{ name: 'index.html', sha256: sha }] };
    const files = { '/api/build': JSON.stringify(told), '/': start, '/index.html': start };
    vi.stubGlobal('document', { querySelectorAll: () => [] });
    vi.stubGlobal('location', { origin: 'https://aye.example' });
    const look = async (log: KnownLog) =>
      (await lookAtBuild({ log, checkpoint, latest: [], receipt: '' })).unproved;
    busy(files, 503);
    const overHttp = await KnownLog.of(known.by.vkey, new Tiles(), memoryInMap());
    expect(unchecked(await look(overHttp))).toBe(true);
    const unproved = await look(known);
    expect(unproved).toBeDefined();
    expect(unchecked(unproved)).toBe(false);
  });
});

describe('witnesses', () => {
  async function witness(name: string) {
    const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    const typed = concat(
      Uint8Array.of(4),
      new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
    );
    const id = (await sha256(concat(utf8(`${name}\n`), typed))).slice(0, 4);
    const hex = [...id].map((b) => b.toString(16).padStart(2, '0')).join('');
    const cosign = async (note: string, seconds: number, signed = note) => {
      const body = signed.slice(0, signed.lastIndexOf('\n\n') + 1);
      const time = new Uint8Array(8);
      new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
      const message = utf8(`cosignature/v1\ntime ${seconds}\n${body}`);
      const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, message));
      return `${note}— ${name} ${b64(concat(id, time, signature))}\n`;
    };
    return { told: { name, vkey: `${name}+${hex}+${b64(typed)}`, size: 0 }, cosign };
  }

  it('count by the signatures that are shown here, not by what the server says', async () => {
    const { log, known } = await aLog();
    const [one, two, three] = [
      await witness('w.example/1'),
      await witness('w.example/2'),
      await witness('w.example/3'),
    ];
    const older = await log.checkpoint();
    log.entries.push(leaf.answer(new Uint8Array(32).fill(1)));
    const note = await one.cosign(await log.checkpoint(), 1_800_000_000);
    const newest = await openCheckpoint(note, known.by);
    const confirmed = await two.cosign(await one.cosign(older, 1_700_000_000), 1_700_000_001);
    const claims = { ...three.told, size: 9, at: '2026-03-01T10:00:00.000Z' };
    const told = { quorum: 2, witnesses: [one.told, two.told, claims] };
    const seen = await watched(told, newest, confirmed, known, new Date());
    expect(seen.witnesses.map((w) => w.is)).toEqual([
      { seen: 'newest', at: new Date(1_800_000_000_000) },
      { seen: 'earlier', at: new Date(1_700_000_001_000), size: 1 },
      { seen: 'told', at: new Date('2026-03-01T10:00:00.000Z'), size: 9 },
    ]);
    expect(seen.enough).toBe(1);
    expect(
      (await watched({ ...told, quorum: 3 }, newest, confirmed, known, new Date())).enough,
    ).toBeUndefined();
    expect((await watched({ ...told, quorum: 1 }, newest, confirmed, known, new Date())).enough).toBe(2);
  });

  it('whose signature is of another checkpoint, by another key or named twice count for nothing', async () => {
    const { log, known } = await aLog();
    const [one, two] = [await witness('w.example/1'), await witness('w.example/1')];
    const own = await log.checkpoint();
    log.entries.push(leaf.answer(new Uint8Array(32).fill(1)));
    const now = await log.checkpoint();
    const told = { quorum: 1, witnesses: [one.told] };
    const of = async (note: string, t: Parameters<typeof watched>[0] = told) =>
      watched(t, await openCheckpoint(note, known.by), undefined, known, new Date());
    expect((await of(await one.cosign(now, 5, own))).enough).toBeUndefined();
    expect((await of(await two.cosign(now, 5))).witnesses[0]?.is).toEqual({ seen: 'never' });
    expect((await of(now)).enough).toBeUndefined();
    const twice = { quorum: 2, witnesses: [one.told, one.told] };
    expect((await of(await one.cosign(now, 5), twice)).enough).toBeUndefined();
    const broken = { quorum: 1, witnesses: [{ ...one.told, vkey: known.by.vkey }] };
    expect((await of(await one.cosign(now, 5), broken)).witnesses[0]?.is).toEqual({ seen: 'wrongKey' });
  });

  it('are read as they sign in the world: a checkpoint of a public log, cosigned by a public witness', async () => {
    const remora = await witnessKey('remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2');
    const text =
      'arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n';
    const line =
      '— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n';
    expect(await cosignedAt(`${text}\n${line}`, remora)).toEqual(new Date(0x6a122120 * 1000));
    expect(await cosignedAt(`${text.replace('532', '533')}\n${line}`, remora)).toBeUndefined();
    await expect(verifier(remora.vkey)).rejects.toThrow();
  });

  it('cannot make a checkpoint count that the log does not continue', async () => {
    const { log, known, checkpoint } = await aLog();
    const other = await logInMemory(log.origin, log.pair);
    other.entries.push(leaf.answer(new Uint8Array(32).fill(9)));
    const one = await witness('w.example/1');
    const forked = await one.cosign(await other.checkpoint(), 5);
    const told = { quorum: 1, witnesses: [one.told] };
    await expect(watched(told, checkpoint, forked, known, new Date())).rejects.toThrow();
  });
});

it('says in both languages what is collected, column by column', () => {
  for (const words of [en, nl])
    for (const row of Object.values(words.transparency.rows))
      expect(Object.keys(row)).toEqual(Object.keys(words.transparency.columns));
});
