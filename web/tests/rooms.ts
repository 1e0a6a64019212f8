import 'fake-indexeddb/auto';
import { beforeEach, expect, vi } from 'vitest';
import { noticeText } from './notices';
import { freshDevice } from './devices';
import { logInMemory, memoryInMap } from './log-in-memory';
import type { Meeting } from '../src/features/api/client';
import { b64, b64u, random, sha256, unb64u } from '../src/features/bytes/bytes';
import { ends, refusals, slips } from '../src/features/consent/keeping';
import { parseNotice, type NoticeRow } from '../src/features/consent/notice';
import { answeredBefore } from '../src/features/consent/offered';
import { readReceipt } from '../src/features/consent/receiptReader';
import { THIS_MEETING, type Scope } from '../src/features/consent/scope';
import { answer } from '../src/features/consent/signing';
import { standingIn } from '../src/features/consent/standing';
import { Device } from '../src/features/device/device';
import { openJws } from '../src/features/device/jws';
import { ecdhPair } from '../src/features/encryption/secret';
import { commitment, leaf } from '../src/features/log/leaf';
import { KnownLog } from '../src/features/log/memory';
import { Tiles } from '../src/features/log/tiles';
import { Store } from '../src/shell/store';
import type { RoomModel } from '../src/features/room/roomModel';

vi.mock('livekit-client/e2ee-worker?worker', () => ({
  default: class {
    postMessage() {}
    terminate() {}
  },
}));

/** The line to the meeting room: whether it can be made, and what cuts it. */
const scene = vi.hoisted(() => ({
  cut: false,
  drop: (): void => undefined,
  told: [] as Record<string, string>[],
  /** What was published as data, while that can be done. */
  said: [] as Uint8Array[],
  mute: false,
  slow: Promise.resolve(),
  /** What was copied to AI. */
  copied: [] as Uint8Array[],
}));
export const line = scene;

/** A meeting room in which nobody else is. */
vi.mock('livekit-client', () => {
  const names = new Proxy({}, { get: (_of, name) => name });
  class Room {
    engine = { emit: () => true, e2eeManager: { handleEncryptedData: () => Promise.resolve({}) } };
    localParticipant = {
      identity: 'p1',
      setAttributes: (attributes: Record<string, string>) => {
        scene.told.push(attributes);
        return Promise.resolve();
      },
      publishData: async (bytes: Uint8Array) => {
        await scene.slow;
        if (scene.mute) throw new Error('no data channel');
        scene.said.push(bytes);
      },
    };
    isE2EEEnabled = true;
    remoteParticipants = new Map();
    activeSpeakers = [];
    on(event: string, heard: (detail: unknown) => void) {
      if (event === 'Disconnected') scene.drop = () => heard('SIGNAL_CLOSE');
      return this;
    }
    async setE2EEEnabled() {}
    async connect() {
      if (scene.cut) throw new Error('could not establish a connection');
    }
    async disconnect() {}
  }
  return {
    Room,
    RoomEvent: names,
    ConnectionState: names,
    DisconnectReason: names,
    Track: { Source: names },
    LocalAudioTrack: class {},
    LocalVideoTrack: class {},
    BaseKeyProvider: class {
      onSetEncryptionKey() {}
    },
  };
});

vi.mock('../src/features/listening/streamRoom', () => ({
  openStreamRoom: () =>
    Promise.resolve({
      publishVoice: () => Promise.resolve(),
      publishChat: (bytes: Uint8Array) => {
        scene.copied.push(bytes);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
}));

vi.mock('../src/features/listening/micCopy', async (original) => ({
  ...(await original<typeof import('../src/features/listening/micCopy')>()),
  webAudioGraph: () => ({
    output: { enabled: false },
    source: () => ({ connect: () => undefined, disconnect: () => undefined }),
    gate: () => undefined,
    level: () => 0,
    close: () => undefined,
  }),
}));

vi.stubGlobal('AudioContext', class {});

export const row = (purpose: 'captions' | 'notes' | 'training'): NoticeRow => ({
  purpose,
  label: purpose,
  sentence: '',
  media: [
    { medium: 'voice', label: 'What I say' },
    ...(purpose === 'training' ? [{ medium: 'chat' as const, label: 'What I write' }] : []),
  ],
  recipient: '',
  retention: '',
  basis: '',
  undo: '',
});

export const soon = (claim: () => void | Promise<void>) => vi.waitFor(claim, 10_000);

type Reach = 'answers' | 'unreachable' | 'silent';
type Told = { purpose: string; medium: string; state: string; handle?: string };

/** A server with a log, at which the person of the test has said yes to what `yes` took slips for. */
export async function server(lasting = false) {
  const log = await logInMemory(`log.example/${b64u(random(8))}`);
  const { point } = await ecdhPair();
  log.entries.push(leaf.key(point));
  const notice = await parseNotice(noticeText('en'));
  const meeting: Meeting = {
    id: `m-${b64u(random(8))}`,
    title: 'A meeting',
    room: 'r1',
    demo: false,
    ai: {
      purposes: ['captions', 'notes', 'training'],
      recipients: [
        {
          id: 'companion',
          name: 'Aye companion',
          key: b64u(point),
          keyIndex: 0,
          keyProof: await log.proof(0),
          processor: { host: 'h', model: 'w' },
        },
      ],
    },
    notice: { version: 1, en: noticeText('en'), nl: noticeText('nl') },
    scope: { widest: 'meeting', days: 90 },
    log: { origin: log.origin, vkey: log.vkey },
  };
  const fresh = await freshDevice(meeting.id, log.origin);
  const device = lasting ? new Device({ ...fresh.record, lasting }) : fresh;
  const given: Told[] = [];
  const story: string[] = [];
  const asked: string[] = [];
  /** What each receipt that came answers, also of those that were refused. */
  const sent: string[][] = [];
  /** For each row the text that was last answered. */
  const words = new Map<string, string>();
  const scene = {
    reach: 'answers' as Reach,
    /** What becomes of an answer: recorded and proved, recorded with a wrong proof, or recorded and never replied to. */
    answering: 'honest' as 'honest' | 'wrongProof' | 'lost',
    /** The purpose of which it takes no answer just now. */
    refuses: undefined as string | undefined,
    reason: 'not-stored',
    /** What the server says of the person's choices, where that is not the truth. */
    mine: undefined as Told[] | undefined,
  };
  const problem = (status: number, slug: string) =>
    new Response(JSON.stringify({ type: `urn:aye:problem:${slug}`, title: '', detail: '' }), {
      status,
      headers: { 'Content-Type': 'application/problem+json' },
    });
  const json = (value: unknown) => new Response(JSON.stringify(value));
  const lines: ReadableStreamDefaultController<Uint8Array>[] = [];
  const tell = (kind: string, data: unknown) => {
    const event = new TextEncoder().encode(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
    for (const to of lines) to.enqueue(event);
  };
  const tellMine = () => tell('mine', { choices: scene.mine ?? given });
  const record = async ({ receipt, salt }: { receipt: string; salt: string }) => {
    log.entries.push(leaf.answer(await commitment(unb64u(salt, 32), receipt)));
    const index = log.entries.length - 1;
    const { choices } = JSON.parse(new TextDecoder().decode(unb64u(receipt.split('.')[1] ?? ''))) as {
      choices: Told[];
    };
    for (const choice of choices) {
      asked.push(`${choice.purpose} ${choice.state}`);
      words.set(`${choice.purpose} ${choice.medium}`, (await readReceipt(receipt)).notice.hash);
      const at = given.findIndex((g) => g.purpose === choice.purpose && g.medium === choice.medium);
      if (at >= 0) given.splice(at, 1);
      given.push(choice);
    }
    return {
      index,
      proof: await log.proof(scene.answering === 'wrongProof' ? 0 : index),
      grants: [],
    };
  };
  vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
    if (path.startsWith('/log/')) return new Response(await log.fetch(path));
    if (path.endsWith('/events'))
      return new Response(
        new ReadableStream({
          start: (to) => {
            lines.push(to);
            tellMine();
          },
        }),
      );
    if (path.endsWith('/answers')) {
      const body = JSON.parse(init?.body as string) as { receipt: string; salt: string };
      const { choices } = JSON.parse(new TextDecoder().decode(unb64u(body.receipt.split('.')[1] ?? ''))) as {
        choices: Told[];
      };
      sent.push(choices.map((c) => `${c.purpose} ${c.medium} ${c.state}`));
      if (choices.some((c) => c.purpose === scene.refuses)) return problem(503, scene.reason);
      const { notice: shown } = await readReceipt(body.receipt);
      const isGiven = (c: Told) =>
        given.some((g) => g.purpose === c.purpose && g.medium === c.medium && g.state === 'given') &&
        words.get(`${c.purpose} ${c.medium}`) === shown.hash;
      if (choices.some((c) => c.state === 'given' && isGiven(c))) return problem(400, 'answer-already-given');
      const reply = await record(body);
      tellMine();
      if (scene.answering === 'lost') throw new TypeError('no network');
      return json(reply);
    }
    if (path.endsWith('/streams')) {
      story.push(init?.method === 'POST' ? 'open' : 'close');
      return init?.method === 'POST'
        ? json({ serverUrl: 'ws://x', token: 't' })
        : new Response(null, { status: 204 });
    }
    const byKey = path === '/api/me/withdrawals';
    if (!byKey && path !== '/api/withdrawals') throw new Error(path);
    const { secret = '', handle: named } = JSON.parse(init?.body as string) as Record<string, string>;
    const handle = named === undefined ? await sha256(unb64u(secret, 32)) : unb64u(named, 32);
    // Pages of earlier tests live on, and still try to tell their own server what was taken back there.
    const owed = (await slips.get(b64u(handle))) ?? (await ends.get(b64u(handle)));
    if (owed && !owed.meeting.startsWith(meeting.id)) return new Promise<Response>(() => undefined);
    story.push(`no${byKey ? ' by key' : ''}, ${scene.reach}`);
    if (scene.reach === 'silent') return new Promise<Response>(() => undefined);
    if (scene.reach === 'unreachable') throw new TypeError('no network');
    if (named !== undefined) {
      const { Authorization: proof = '' } = (init?.headers ?? {}) as Record<string, string>;
      expect((await openJws(proof.replace('Device ', ''), 'aye-request+jws')).jwk).toEqual(device.record.jwk);
    }
    const ended = given.find((g) => g.handle === b64u(handle));
    if (!ended) return problem(404, 'unknown-slip');
    ended.state = 'withdrawn';
    log.entries.push(named === undefined ? leaf.withdraw(unb64u(secret, 32)) : leaf.revoke(handle));
    const promise = await log.sign(
      `aye-promise/1\n${log.origin}\n${b64(handle)}\n1\n${new Date().toISOString()}\n`,
    );
    tellMine();
    return json({ handle: b64u(handle), promise });
  });
  /** What this device said earlier, and kept: the slip, and the receipt with its proof. */
  const yes = async (
    purpose: 'captions' | 'notes',
    medium: 'voice' | 'chat' = 'voice',
    scope: Scope = THIS_MEETING,
  ) => {
    const [recipient] = meeting.ai.recipients;
    if (!recipient) throw new Error('nobody to say yes to');
    const { slips: drawn } = await answer({
      api: { answer: (_meeting, _seat, body) => record(body) },
      log: await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap()),
      device: scope.kind === 'meeting' ? device : device.in(`${meeting.id}-before`, 'Before', new Date()),
      seat: 's',
      participant: 'p0',
      notice,
      recipient,
      answers: [{ purpose, medium, yes: true }],
      scope,
      now: new Date(),
    });
    const [slip] = drawn;
    if (!slip) throw new Error('no slip was drawn');
    return slip;
  };
  /** The page as it is after it was loaded: it knows nothing but what this device kept. */
  const load = async (
    as: Meeting = meeting,
    keeps = true,
    now = () => new Date(),
    seen: readonly string[] = notice.rows.map((r) => r.purpose),
  ) => {
    vi.resetModules();
    const { RoomModel: Fresh } = await import('../src/features/room/roomModel');
    const room: RoomModel = new Fresh({
      meeting: as,
      notice,
      joined: { serverUrl: '', token: '', participantId: 'p1', seat: 's', host: false },
      hostKey: undefined,
      device,
      keeps,
      linkSecret: random(32),
      name: 'Ann',
      media: {
        store: new Store({ mic: undefined, camera: undefined, micOn: false }),
        close: () => undefined,
      } as never,
      seen,
      now,
    });
    return {
      room,
      said: (purpose: 'captions' | 'notes', medium = 'voice') => room.choice(purpose, medium),
    };
  };
  return { log, scene, story, asked, sent, yes, load, meeting, device, tell, tellMine };
}

beforeEach(() => {
  Object.assign(line, { cut: false, mute: false, slow: Promise.resolve(), told: [], said: [], copied: [] });
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

/** What the card of the next meeting, in which the very same is asked, has pressed at the start. */
export const next = async (meeting: Meeting, locale: 'en' | 'nl' = 'en') => {
  const after = { ...meeting, id: `${meeting.id}-next`, room: 'r9' };
  const notice = await parseNotice(meeting.notice[locale]);
  const now = new Date();
  const { answered } = await answeredBefore(await standingIn(after, now), notice, notice.rows, now);
  return { after, captions: answered.get('captions voice') };
};
export const SAID = { yes: false, from: 'before' };
export const forget = async () => {
  for (const { question } of await refusals.all()) await refusals.delete(question);
};

export const quiet = () => new Promise((resolve) => setTimeout(resolve, 150));
