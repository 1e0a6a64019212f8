import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { freshDevice } from '../../../tests/devices';
import { logInMemory } from '../../../tests/log-in-memory';
import type { Meeting } from '../api/client';
import { b64, b64u, random, sha256, unb64u } from '../bytes/bytes';
import { slips, type KeptSlip } from '../consent/keeping';
import type { NoticeRow } from '../consent/notice';
import { ecdhPair } from '../encryption/secret';
import { leaf } from '../log/leaf';
import { Store } from '../../shell/store';
import type { RoomModel } from './roomModel';

vi.mock('livekit-client/e2ee-worker?worker', () => ({
  default: class {
    postMessage() {}
    terminate() {}
  },
}));

/** The line to the meeting room: whether it can be made, and what cuts it. */
const line = vi.hoisted(() => ({ cut: false, drop: (): void => undefined }));

/** A meeting room in which nobody else is. */
vi.mock('livekit-client', () => {
  const names = new Proxy({}, { get: (_of, name) => name });
  class Room {
    engine = { emit: () => true, e2eeManager: { handleEncryptedData: () => Promise.resolve({}) } };
    localParticipant = { identity: 'p1', setAttributes: () => Promise.resolve() };
    remoteParticipants = new Map();
    activeSpeakers = [];
    on(event: string, heard: (detail: unknown) => void) {
      if (event === 'Disconnected') line.drop = () => heard('SIGNAL_CLOSE');
      return this;
    }
    async setE2EEEnabled() {}
    async connect() {
      if (line.cut) throw new Error('could not establish a connection');
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

vi.mock('../listening/streamRoom', () => ({
  openStreamRoom: () =>
    Promise.resolve({
      publishVoice: () => Promise.resolve(),
      publishChat: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }),
}));

vi.mock('../listening/micCopy', async (original) => ({
  ...(await original<typeof import('../listening/micCopy')>()),
  webAudioGraph: () => ({
    output: { enabled: false },
    source: () => ({ connect: () => undefined, disconnect: () => undefined }),
    gate: () => undefined,
    level: () => 0,
    close: () => undefined,
  }),
}));

vi.stubGlobal('AudioContext', class {});

const row = (purpose: 'captions' | 'notes'): NoticeRow => ({
  purpose,
  label: purpose,
  sentence: '',
  media: [{ medium: 'voice', label: 'What I say' }],
  recipient: '',
  retention: '',
  basis: '',
  undo: '',
});

const soon = (claim: () => void | Promise<void>) => vi.waitFor(claim, 10_000);

type Reach = 'answers' | 'unreachable' | 'silent';

/** A server with a log, at which the person of the test has said yes to what `yes` took slips for. */
async function server() {
  const log = await logInMemory(`log.example/${b64u(random(8))}`);
  const { point } = await ecdhPair();
  log.entries.push(leaf.key(point));
  const meeting: Meeting = {
    id: `m-${b64u(random(8))}`,
    title: 'A meeting',
    demo: false,
    ai: {
      purposes: [],
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
    notice: { version: 1, en: '', nl: '' },
    log: { origin: log.origin, vkey: log.vkey },
  };
  const given: KeptSlip[] = [];
  const story: string[] = [];
  const scene = { reach: 'answers' as Reach };
  const json = (value: unknown) => new Response(JSON.stringify(value));
  vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
    if (path.startsWith('/log/')) return new Response(await log.fetch(path));
    if (path.endsWith('/events')) {
      const choices = given.map(({ purpose, medium, handle }) => ({
        purpose,
        medium,
        handle,
        state: 'given',
      }));
      const event = `event: mine\ndata: ${JSON.stringify({ choices })}\n\n`;
      return new Response(new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode(event)) }));
    }
    if (path.endsWith('/streams')) {
      story.push(init?.method === 'POST' ? 'open' : 'close');
      return init?.method === 'POST'
        ? json({ serverUrl: 'ws://x', token: 't' })
        : new Response(null, { status: 204 });
    }
    if (path !== '/api/withdrawals') throw new Error(path);
    story.push(`no, ${scene.reach}`);
    if (scene.reach === 'silent') return new Promise<Response>(() => undefined);
    if (scene.reach === 'unreachable') throw new TypeError('no network');
    const { secret } = JSON.parse(init?.body as string) as { secret: string };
    const handle = await sha256(unb64u(secret, 32));
    log.entries.push(leaf.withdraw(unb64u(secret, 32)));
    const promise = await log.sign(
      `aye-promise/1\n${log.origin}\n${b64(handle)}\n1\n${new Date().toISOString()}\n`,
    );
    return json({ handle: b64u(handle), promise });
  });
  const yes = async (purpose: 'captions' | 'notes') => {
    const secret = random(32);
    const slip: KeptSlip = {
      origin: log.origin,
      meeting: meeting.id,
      title: '',
      purpose,
      medium: 'voice',
      handle: b64u(await sha256(secret)),
      secret: b64u(secret),
    };
    await slips.put(slip);
    given.push(slip);
    return slip;
  };
  /** The page as it is after it was loaded: it knows nothing but what this device kept. */
  const load = async () => {
    vi.resetModules();
    const { RoomModel: Fresh } = await import('./roomModel');
    const room: RoomModel = new Fresh({
      meeting,
      notice: undefined,
      joined: { serverUrl: '', token: '', participantId: 'p1', seat: 's', host: false },
      hostKey: undefined,
      device: await freshDevice(meeting.id),
      linkSecret: random(32),
      name: 'Ann',
      media: {
        store: new Store({ mic: undefined, camera: undefined, micOn: false }),
        close: () => undefined,
      } as never,
      seen: [],
    });
    return { room, said: (purpose: 'captions' | 'notes') => room.choice(purpose, 'voice') };
  };
  return { scene, story, yes, load };
}

beforeEach(() => {
  line.cut = false;
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

describe('the line to the meeting', () => {
  it('that was never there is told apart from one that was lost', async () => {
    const { load } = await server();
    line.cut = true;
    const outside = (await load()).room;
    await outside.enter([]).catch((failure: unknown) => outside.failed(failure));
    expect(outside.store.get()).toMatchObject({ phase: 'out', why: 'never' });

    line.cut = false;
    const inside = (await load()).room;
    await inside.enter([]);
    line.drop();
    await soon(() => expect(inside.store.get()).toMatchObject({ phase: 'out', why: 'lost' }));
  });

  it('that breaks while it is being made was never there', async () => {
    const { load } = await server();
    const { room } = await load();
    line.cut = true;
    const entering = room.enter([]).catch((failure: unknown) => room.failed(failure));
    await vi.waitFor(() => line.drop());
    await entering;
    await soon(() => expect(room.store.get()).toMatchObject({ phase: 'out', why: 'never' }));
  });
});

describe('a no in the room', () => {
  it('to a row that was given withdraws it with its slip, and shows as a no at once', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    expect(said('captions')).toBe('given');
    const told = room.decide(row('captions'), false);
    expect(said('captions')).toBe('withdrawn');
    await told;
    expect(story).toContain('no, answers');
    expect(said('captions')).toBe('withdrawn');
    expect((await slips.get(slip.handle))?.usedAt).toBeDefined();
    expect(room.store.get().standings.has(slip.handle)).toBe(true);
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
    await room.leave();
  });

  it('is not undone by a reload while the server cannot be reached', async () => {
    const { scene, story, yes, load } = await server();
    const slip = await yes('captions');
    await yes('notes');
    const before = await load();
    await before.room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    scene.reach = 'silent';
    void before.room.decide(row('captions'), false);
    await soon(() => expect(story).toContain('no, silent'));
    expect((await slips.get(slip.handle))?.takenAt).toBeDefined();
    await before.room.leave();

    story.length = 0;
    scene.reach = 'unreachable';
    const after = await load();
    await after.room.enter([]);
    await soon(() => expect(after.said('notes')).toBe('given'));
    await soon(() => expect(story).toContain('no, unreachable'));
    expect(after.said('captions')).toBe('withdrawn');
    expect(story).not.toContain('open');

    scene.reach = 'answers';
    await soon(() => expect(story).toContain('open'));
    expect(story.indexOf('no, answers')).toBeLessThan(story.indexOf('open'));
    expect(after.said('captions')).toBe('withdrawn');
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
    await after.room.leave();
  });

  it('on the card before joining takes back what was given, before anything is opened', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    await soon(async () => expect((await slips.get(slip.handle))?.usedAt).toBeDefined());
    await soon(() => expect(said('captions')).toBe('withdrawn'));
    expect(story).toContain('no, answers');
    expect(story).not.toContain('open');
    await room.leave();
  });

  it('said after leaving opens nothing for what remains', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    await yes('notes');
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    await room.leave();
    await room.withdraw([slip.handle]);
    expect(story).toContain('no, answers');
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
  });
});
