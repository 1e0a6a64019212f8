import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { noticeText } from '../../../tests/notices';
import { freshDevice } from '../../../tests/devices';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import type { Meeting } from '../api/client';
import { b64, b64u, random, sha256, unb64u } from '../bytes/bytes';
import { receipts, refusals, slips } from '../consent/keeping';
import { parseNotice, type NoticeRow } from '../consent/notice';
import { answeredBefore } from '../consent/offered';
import { readReceipt } from '../consent/receiptReader';
import { THIS_MEETING, type Scope } from '../consent/scope';
import { answer } from '../consent/signing';
import { standingIn } from '../consent/standing';
import { Device } from '../device/device';
import { openJws } from '../device/jws';
import { ecdhPair } from '../encryption/secret';
import { commitment, leaf } from '../log/leaf';
import { KnownLog } from '../log/memory';
import { Tiles } from '../log/tiles';
import { Store } from '../../shell/store';
import { en } from '../../words/en';
import type { RoomModel } from './roomModel';

vi.mock('livekit-client/e2ee-worker?worker', () => ({
  default: class {
    postMessage() {}
    terminate() {}
  },
}));

/** The line to the meeting room: whether it can be made, and what cuts it. */
const line = vi.hoisted(() => ({
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

/** A meeting room in which nobody else is. */
vi.mock('livekit-client', () => {
  const names = new Proxy({}, { get: (_of, name) => name });
  class Room {
    engine = { emit: () => true, e2eeManager: { handleEncryptedData: () => Promise.resolve({}) } };
    localParticipant = {
      identity: 'p1',
      setAttributes: (attributes: Record<string, string>) => {
        line.told.push(attributes);
        return Promise.resolve();
      },
      publishData: async (bytes: Uint8Array) => {
        await line.slow;
        if (line.mute) throw new Error('no data channel');
        line.said.push(bytes);
      },
    };
    isE2EEEnabled = true;
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
      publishChat: (bytes: Uint8Array) => {
        line.copied.push(bytes);
        return Promise.resolve();
      },
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

const row = (purpose: 'captions' | 'notes' | 'training'): NoticeRow => ({
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

const soon = (claim: () => void | Promise<void>) => vi.waitFor(claim, 10_000);

type Reach = 'answers' | 'unreachable' | 'silent';
type Told = { purpose: string; medium: string; state: string; handle?: string };

/** A server with a log, at which the person of the test has said yes to what `yes` took slips for. */
async function server(lasting = false) {
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
  const json = (value: unknown) => new Response(JSON.stringify(value));
  const lines: ReadableStreamDefaultController<Uint8Array>[] = [];
  const tell = (kind: string, data: unknown) => {
    const event = new TextEncoder().encode(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
    for (const to of lines) to.enqueue(event);
  };
  const tellMine = () => tell('mine', { choices: scene.mine ?? given });
  const record = async ({ receipt, salt }: { receipt: string; salt: string }) => {
    log.entries.push(leaf.answer(await commitment(unb64u(salt, 32), receipt)));
    const { choices } = JSON.parse(new TextDecoder().decode(unb64u(receipt.split('.')[1] ?? ''))) as {
      choices: Told[];
    };
    for (const choice of choices) {
      asked.push(`${choice.purpose} ${choice.state}`);
      const at = given.findIndex((g) => g.purpose === choice.purpose && g.medium === choice.medium);
      if (at >= 0) given.splice(at, 1);
      given.push(choice);
    }
    const index = log.entries.length - 1;
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
      if (choices.some((c) => c.purpose === scene.refuses))
        return new Response(
          JSON.stringify({ type: `urn:aye:problem:${scene.reason}`, title: '', detail: '' }),
          {
            status: 503,
            headers: { 'Content-Type': 'application/problem+json' },
          },
        );
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
    story.push(`no${byKey ? ' by key' : ''}, ${scene.reach}`);
    if (scene.reach === 'silent') return new Promise<Response>(() => undefined);
    if (scene.reach === 'unreachable') throw new TypeError('no network');
    const { secret = '', handle: named } = JSON.parse(init?.body as string) as Record<string, string>;
    if (named !== undefined) {
      const { Authorization: proof = '' } = (init?.headers ?? {}) as Record<string, string>;
      expect((await openJws(proof.replace('Device ', ''), 'aye-request+jws')).jwk).toEqual(device.record.jwk);
    }
    const handle = named === undefined ? await sha256(unb64u(secret, 32)) : unb64u(named, 32);
    log.entries.push(named === undefined ? leaf.withdraw(unb64u(secret, 32)) : leaf.revoke(handle));
    const ended = given.find((g) => g.handle === b64u(handle));
    if (ended) ended.state = 'withdrawn';
    const promise = await log.sign(
      `aye-promise/1\n${log.origin}\n${b64(handle)}\n1\n${new Date().toISOString()}\n`,
    );
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
    const { RoomModel: Fresh } = await import('./roomModel');
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
  line.cut = false;
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

/** What the card of the next meeting, in which the very same is asked, has pressed at the start. */
const next = async (meeting: Meeting, locale: 'en' | 'nl' = 'en') => {
  const after = { ...meeting, id: `${meeting.id}-next`, room: 'r9' };
  const notice = await parseNotice(meeting.notice[locale]);
  const now = new Date();
  const { answered } = await answeredBefore(await standingIn(after, now), notice, notice.rows, now);
  return { after, captions: answered.get('captions voice') };
};
const SAID = { yes: false, from: 'before' };
const forget = async () => {
  for (const { question } of await refusals.all()) await refusals.delete(question);
};

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

  it('where the slip is lost goes by the key that signed the yes, and is not undone by a reload', async () => {
    const { scene, story, sent, yes, load, device } = await server();
    await device.keep();
    const slip = await yes('captions');
    await yes('notes');
    await slips.delete(slip.handle);
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    expect(said('captions')).toBe('given');
    // No answer is written down just now, and none is needed.
    scene.refuses = 'captions';
    scene.reach = 'unreachable';
    void room.decide(row('captions'), false);
    expect(said('captions')).toBe('withdrawn');
    await soon(() => expect(story).toContain('no by key, unreachable'));
    await room.leave();

    story.length = 0;
    const after = await load();
    await after.room.enter([]);
    await soon(() => expect(story).toContain('no by key, unreachable'));
    await quiet();
    expect(after.said('captions')).toBe('withdrawn');
    expect(story, 'the server would take it for captions, too').not.toContain('open');
    scene.reach = 'answers';
    await soon(() => expect(story).toContain('open'));
    expect(story.indexOf('no by key, answers')).toBeLessThan(story.indexOf('open'));
    await soon(() => expect(after.room.store.get().standings.get(slip.handle)?.is).toBe('inLog'));
    expect(after.said('captions')).toBe('withdrawn');
    expect(sent, 'nothing was signed').toEqual([]);
    await after.room.leave();
  });

  it('on the card before joining goes by the key, too, where the slip is lost', async () => {
    const { story, sent, yes, load, device } = await server();
    await device.keep();
    const slip = await yes('captions');
    await slips.delete(slip.handle);
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    await soon(() => expect(story).toEqual(['no by key, answers']));
    expect(said('captions')).toBe('withdrawn');
    expect(sent).toEqual([]);
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

describe('a no that takes back a yes', () => {
  const asksIn = async ({ load, tell }: Awaited<ReturnType<typeof server>>, after: Meeting) => {
    const fewer = { ...after, ai: { ...after.ai, purposes: ['notes'] } };
    const { room } = await load(fewer, true, undefined, ['notes']);
    await room.enter([]);
    tell('meeting', after);
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toContain('training'));
    const asked = room.store.get().fresh.map((r) => r.purpose);
    await room.leave();
    return asked;
  };

  it('is not asked again in the next meeting, in either language, nor when it is switched on in its midst', async () => {
    await forget();
    const all = await server();
    await all.yes('captions');
    const { room } = await all.load();
    await room.enter([]);
    expect((await next(all.meeting)).captions).toBeUndefined();
    await room.decide(row('captions'), false);
    await room.leave();
    for (const locale of ['en', 'nl'] as const)
      expect((await next(all.meeting, locale)).captions, locale).toEqual(SAID);
    expect(await asksIn(all, (await next(all.meeting)).after)).toEqual(['training']);
  });

  it('after a no and a yes is the last word, and a yes after it forgets it', async () => {
    await forget();
    const { load, meeting, story } = await server();
    const { room } = await load();
    await room.enter([]);
    await room.decide(row('captions'), false);
    expect((await next(meeting)).captions).toEqual(SAID);
    await room.decide(row('captions'), true);
    expect((await next(meeting)).captions).toBeUndefined();
    await room.decide(row('captions'), false);
    expect(story).toContain('no, answers');
    expect((await next(meeting)).captions).toEqual(SAID);
    await room.decide(row('captions'), true);
    expect((await next(meeting)).captions).toBeUndefined();
    await room.leave();
  });

  it('on the card before joining, or after leaving, is remembered, too', async () => {
    await forget();
    const before = await server();
    await before.yes('captions');
    const { room } = await before.load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    expect((await next(before.meeting)).captions).toEqual(SAID);
    await room.leave();

    await forget();
    const after = await server();
    const slip = await after.yes('captions');
    const left = (await after.load()).room;
    await left.enter([]);
    await left.leave();
    await left.withdraw([slip.handle]);
    for (const locale of ['en', 'nl'] as const)
      expect((await next(after.meeting, locale)).captions, locale).toEqual(SAID);
  });

  it('is remembered also where the server cannot be told, and a wider one for every meeting', async () => {
    await forget();
    const { scene, yes, load, meeting } = await server(true);
    await yes('captions', 'voice', {
      kind: 'organisation',
      until: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const { room } = await load({ ...meeting, scope: { widest: 'organisation', days: 90 } });
    await room.enter([]);
    scene.reach = 'unreachable';
    void room.decide(row('captions'), false);
    await soon(async () => expect((await next(meeting)).captions).toEqual(SAID));
    scene.reach = 'answers';
    await room.leave();
  });

  it('in this meeting only is not remembered for another one', async () => {
    await forget();
    const { yes, load, meeting } = await server(true);
    await yes('captions', 'voice', {
      kind: 'room',
      id: 'r1',
      until: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const { room, said } = await load({ ...meeting, scope: { widest: 'room', days: 90 } });
    await room.enter([]);
    await room.refuseHere(row('captions'));
    expect(said('captions')).toBe('refused');
    expect((await next(meeting)).captions).toBeUndefined();
    await room.leave();
  });

  it('that is not one, because a yes is said anew for one that was never proved, is not remembered', async () => {
    await forget();
    const { scene, story, load, meeting } = await server();
    scene.answering = 'lost';
    const before = await load();
    await before.room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await before.room.leave();
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    await room.decide(row('captions'), true);
    expect(story).toContain('no, answers');
    expect((await next(meeting)).captions).toBeUndefined();
    await room.leave();
  });
});

describe('a no that the server does not confirm', () => {
  /** The words of the page that was loaded last. */
  const inEnglish = async () => {
    const { default: words } = await import('i18next');
    await words.init({ lng: 'en', defaultNS: 'words', resources: { en: { words: en } } });
  };
  const words = (key: string) => (en.errors as unknown as Record<string, string>)[key];

  it('is told as the no that it is, without pressing; a yes is told as one that does not count', async () => {
    const { scene, load } = await server();
    const { room, said } = await load();
    await inEnglish();
    await room.enter([]);
    for (const reason of ['not-stored', 'not-witnessed-yet', 'disk-full']) {
      scene.refuses = 'captions';
      scene.reason = reason;
      await room.decide(row('captions'), false);
      expect(room.store.get().trouble, reason).toBe(words('no'));
      await room.sign([
        { purpose: 'captions', medium: 'voice', yes: false },
        { purpose: 'notes', medium: 'voice', yes: true },
      ]);
      expect(room.store.get().trouble, reason).toMatch(/.\. What you said no to stays a no\.$/);
      room.clearTrouble();
      // The yes to notes was not recorded either; the slip that was drawn for it is used up before the next.
      await room.decide(row('notes'), false);
      room.clearTrouble();
    }
    await room.decide(row('captions'), true);
    expect(room.store.get().trouble).not.toContain(words('noBeside'));
    expect(said('captions')).toBe('requested');
    await room.leave();
  });

  it('says what became of the yes that it was to end', async () => {
    const { scene, yes, load, meeting } = await server();
    const slip = await yes('captions');
    await slips.delete(slip.handle);
    for (const { id, meeting: of } of await receipts.all()) if (of === meeting.id) await receipts.delete(id);
    const { room } = await load();
    await inEnglish();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    scene.refuses = 'captions';
    await room.decide(row('captions'), false);
    expect(room.store.get().trouble).toBe(words('noAfterYes'));
    await room.leave();
  });

  it('for this meeting only says so, lets nothing of its medium out until it is recorded, and can be pressed again', async () => {
    const { scene, story, sent, yes, load, meeting } = await server(true);
    const wide = { kind: 'room', id: 'r1', until: new Date(Date.now() + 3_600_000).toISOString() } as const;
    await yes('captions', 'voice', wide);
    await yes('notes', 'voice', wide);
    const { room, said } = await load({ ...meeting, scope: { widest: 'room', days: 90 } });
    await inEnglish();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    scene.refuses = 'captions';
    await room.refuseHere(row('captions'));
    expect(room.store.get().trouble).toBe(words('noHere'));
    await quiet();
    expect(said('notes')).toBe('given');
    expect(room.store.get().listening.is).toBe('off');
    expect(
      story.filter((s) => s === 'open'),
      'the server would take it for captions, too',
    ).toHaveLength(1);
    scene.refuses = undefined;
    sent.length = 0;
    await room.decide(row('captions'), false);
    expect(sent).toEqual([['captions voice refused']]);
    await soon(() => expect(story.filter((s) => s === 'open')).toHaveLength(2));
    expect(story).not.toContain('no, answers');
    await room.leave();
  });
});

describe('an answer to Learning', () => {
  const everyRow = (yes: boolean) => [
    { purpose: 'captions' as const, medium: 'voice' as const, yes },
    { purpose: 'training' as const, medium: 'voice' as const, yes },
    { purpose: 'notes' as const, medium: 'voice' as const, yes: !yes },
    { purpose: 'training' as const, medium: 'chat' as const, yes: !yes },
  ];

  it('is a receipt of its own, whatever is said, and one stream is opened for all', async () => {
    for (const yes of [true, false]) {
      const { story, sent, log, load } = await server();
      const { room } = await load();
      const before = log.entries.length;
      await room.enter(everyRow(yes));
      const said = (given: boolean) => (given ? 'given' : 'refused');
      expect(sent).toEqual([
        [`captions voice ${said(yes)}`, `notes voice ${said(!yes)}`],
        [`training voice ${said(yes)}`, `training chat ${said(!yes)}`],
      ]);
      expect(log.entries.length - before).toBe(2);
      expect(room.store.get().receipts).toHaveLength(2);
      await soon(() => expect(room.store.get().listening.is).toBe('on'));
      expect(story.filter((s) => s === 'open')).toHaveLength(1);
      await room.leave();
    }
  });

  it('that was not recorded shows as none, beside those that were; pressed again, it alone is sent', async () => {
    const { scene, sent, story, load } = await server();
    scene.refuses = 'training';
    const { room, said } = await load();
    await room.enter(everyRow(true));
    expect(said('captions')).toBe('given');
    expect(said('notes')).toBe('refused');
    expect(room.choice('training', 'voice')).toBe('requested');
    expect(room.choice('training', 'chat')).toBe('requested');
    expect(room.store.get().trouble).toBeDefined();
    await soon(() => expect(story).toEqual(['open']));

    scene.refuses = undefined;
    sent.length = 0;
    await room.decide(row('training'), true);
    expect(sent).toEqual([['training voice given', 'training chat given']]);
    expect(room.choice('training', 'voice')).toBe('given');
    expect(room.store.get().trouble).toBeUndefined();
    await room.leave();
  });

  it('is sent also when the others could not be recorded', async () => {
    const { scene, sent, load } = await server();
    scene.refuses = 'captions';
    const { room, said } = await load();
    await room.enter(everyRow(true));
    expect(sent).toHaveLength(2);
    expect(said('captions')).toBe('requested');
    expect(said('notes')).toBe('requested');
    expect(room.choice('training', 'voice')).toBe('given');
    expect(room.store.get().trouble).toBeDefined();
    await room.leave();
  });
});

const quiet = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('a browser that stores nothing', () => {
  it('meets, is offered nothing, and sends AI nothing', async () => {
    const { story, sent, load, meeting, tell } = await server();
    const real = indexedDB;
    const { room } = await load(meeting, false);
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('refused', 'SecurityError');
      },
    });
    try {
      await room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
      tell('meeting', meeting);
      await quiet();
      expect(room.store.get()).toMatchObject({ phase: 'in', keeps: false, offered: [], fresh: [] });
      expect(sent, 'nothing is signed').toEqual([]);
      expect(
        story,
        'no stream is opened; what an earlier test took back may still be on its way',
      ).not.toContain('open');
      await room.leave();
    } finally {
      vi.stubGlobal('indexedDB', real);
    }
  });
});

describe('a stream', () => {
  it('is for the purpose and medium that were signed, whatever the server says of the handle', async () => {
    const { scene, yes, load } = await server();
    const chat = await yes('notes', 'chat');
    scene.mine = [
      { purpose: 'notes', medium: 'chat', state: 'given', handle: chat.handle },
      { purpose: 'quiet', medium: 'voice', state: 'given', handle: chat.handle },
      { purpose: 'captions', medium: 'voice', state: 'given', handle: chat.handle },
    ];
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await quiet();
    expect(room.store.get().listening).toEqual({ is: 'on', voice: false, chat: true });
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBe('otherwise');
    await room.leave();
  });

  it('ends when the text of what is asked can no longer be shown in the language of the page', async () => {
    const { yes, load, meeting, tell } = await server();
    await yes('captions');
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    tell('meeting', { ...meeting, notice: { ...meeting.notice, en: '{}' } });
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    expect(room.store.get().notice).toBeUndefined();
    tell('meeting', meeting);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await room.leave();
  });

  it('is not opened when the only medium that the server names is another than was signed', async () => {
    const { scene, yes, load } = await server();
    const chat = await yes('notes', 'chat');
    scene.mine = [{ purpose: 'quiet', medium: 'voice', state: 'given', handle: chat.handle }];
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    await quiet();
    expect(room.store.get().listening).not.toMatchObject({ voice: true });
    await room.leave();
  });

  it('is not opened under a wrong proof, neither then nor after a reload', async () => {
    const { scene, story, load } = await server();
    scene.answering = 'wrongProof';
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await quiet();
    expect(story).not.toContain('open');
    await soon(() => expect(said('captions')).toBe('requested'));
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    await room.leave();
    const after = await load();
    await after.room.enter([]);
    await quiet();
    expect(story).not.toContain('open');
    expect(after.said('captions')).toBe('requested');
    await soon(() => expect(after.room.store.get().disagrees).toBe('unproved'));
    await after.room.leave();
  });

  it('is not opened after a lost reply, and its yes can be taken back or said anew', async () => {
    const { scene, story, load } = await server();
    scene.answering = 'lost';
    const before = await load();
    await before.room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await before.room.leave();
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    expect(story).toEqual([]);
    scene.answering = 'honest';
    await room.decide(row('captions'), true);
    expect(story.slice(0, 2)).toEqual(['no, answers', 'open']);
    expect(said('captions')).toBe('given');
    await soon(() => expect(room.store.get().disagrees).toBeUndefined());
    await room.leave();
  });

  it('goes on when a yes that stands is pressed again on the card before joining', async () => {
    const { story, yes, load } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    expect(story).toEqual(['open']);
    expect(said('captions')).toBe('given');
    expect((await slips.get(slip.handle))?.takenAt).toBeUndefined();
    await room.leave();
  });

  it('stays closed after a no that the server keeps as a yes, which is told', async () => {
    const { scene, yes, load, tellMine } = await server();
    const slip = await yes('captions');
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }];
    await slips.delete(slip.handle);
    const { room, said } = await load();
    await room.enter([]);
    expect(said('captions')).toBe('given');
    await room.sign([{ purpose: 'captions', medium: 'voice', yes: false }]);
    expect(said('captions')).toBe('refused');
    tellMine();
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    expect(said('captions')).toBe('refused');
    expect(room.store.get().listening.is).toBe('off');
    await room.leave();
  });

  it('ends when the server takes the grant away', async () => {
    const { scene, story, yes, load, tellMine } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'revoked', handle: slip.handle }];
    tellMine();
    await soon(() => expect(story).toEqual(['open', 'close']));
    expect(said('captions')).toBe('revoked');
    await room.leave();
  });

  it('is not opened for a yes that the server denies, which is told', async () => {
    const { scene, story, yes, load } = await server();
    await yes('captions');
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'refused' }];
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().disagrees).toBe('otherwise'));
    await quiet();
    expect(story).not.toContain('open');
    await room.leave();
  });

  it('goes to nobody but the recipient that was signed: another one is asked about anew', async () => {
    const { story, yes, load, meeting, tell } = await server();
    await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    const [companion] = meeting.ai.recipients;
    const moved = (change: object): Meeting => ({
      ...meeting,
      ai: { ...meeting.ai, recipients: [{ ...companion, ...change } as never] },
    });
    tell('meeting', moved({ processor: { host: 'elsewhere.example', model: 'w' } }));
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(said('captions')).toBe('requested'));
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toEqual(['captions']));
    await room.leave();
    for (const change of [
      { processor: { host: 'h', model: 'another' } },
      { key: b64u((await ecdhPair()).point) },
      { id: 'somebody' },
    ]) {
      story.length = 0;
      const other = await load(moved(change));
      await other.room.enter([]);
      await quiet();
      expect(story, JSON.stringify(change)).toEqual([]);
      expect(other.said('captions')).toBe('requested');
      await other.room.leave();
    }
  });
});

describe('a row that is asked in other words than were signed', () => {
  const reword = (meeting: Meeting, was: string, is: string): Meeting => {
    const en = meeting.notice.en.replace(was, is);
    expect(en).not.toBe(meeting.notice.en);
    return { ...meeting, notice: { ...meeting.notice, version: 2, en } };
  };

  it('sends nothing under the old yes, and is asked once, with what this device kept of the difference', async () => {
    const { scene, story, asked, yes, load, meeting, tell, tellMine } = await server();
    const slip = await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    const longer = reword(meeting, 'then forgotten', 'then kept for a day');
    tell('meeting', longer);
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'requested', handle: slip.handle }];
    tellMine();
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBeUndefined();
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toEqual(['captions']));
    expect(room.store.get().reworded.get('captions')).toEqual({
      locale: 'en',
      changed: [
        {
          field: 'sentence',
          before: 'Your voice is turned into text, shown live, then forgotten.',
          after: 'Your voice is turned into text, shown live, then kept for a day.',
        },
      ],
    });
    room.dismissFresh();
    tell('meeting', longer);
    await quiet();
    expect(room.store.get().fresh).toEqual([]);
    expect(story.filter((s) => s === 'open')).toHaveLength(1);

    scene.mine = undefined;
    await room.decide(row('captions'), true);
    expect(asked).toEqual(['captions given', 'captions given']);
    expect(story).not.toContain('no, answers');
    await soon(() => expect(story.filter((s) => s === 'open')).toHaveLength(2));
    expect(said('captions')).toBe('given');
    expect(room.store.get().reworded.size).toBe(0);
    await room.leave();
  });

  it('is that also where the server does not say so', async () => {
    const { story, yes, load, meeting } = await server();
    await yes('captions');
    const { room, said } = await load(reword(meeting, 'then forgotten', 'then kept for a day'));
    await room.enter([]);
    await quiet();
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(story).toEqual([]);
    await room.leave();
  });

  it('sends nothing for a text that the kept receipt does not hold', async () => {
    const { story, yes, load, meeting } = await server();
    await yes('captions');
    const [kept] = (await receipts.all()).filter((r) => r.meeting === meeting.id);
    if (!kept) throw new Error('no receipt');
    await receipts.put({ ...kept, noticeText: kept.noticeText.replace('then forgotten', 'then sold') });
    const { room, said } = await load();
    await room.enter([]);
    await quiet();
    await soon(() => expect(said('captions')).toBe('requested'));
    await soon(() => expect(room.store.get().disagrees).toBe('unproved'));
    expect(story).toEqual([]);
    await room.leave();
  });

  it('is not asked again after a no, unless the question is another one', async () => {
    const { asked, load, meeting, tell } = await server();
    const { room, said } = await load();
    await room.enter([{ purpose: 'captions', medium: 'voice', yes: false }]);
    await soon(() => expect(asked).toEqual(['captions refused']));
    tell('meeting', reword(meeting, 'then forgotten', 'and then forgotten'));
    await quiet();
    expect(said('captions')).toBe('refused');
    expect(room.store.get().fresh).toEqual([]);
    tell('meeting', reword(meeting, 'Gone when the line leaves the screen.', 'Kept for a day.'));
    await soon(() => expect(room.store.get().fresh.map((r) => r.purpose)).toEqual(['captions']));
    expect(
      room.store
        .get()
        .reworded.get('captions')
        ?.changed.map((c) => c.field),
    ).toEqual(['retention']);
    await room.leave();
  });
});

describe('the card that asks in the midst of a meeting', () => {
  beforeEach(async () => {
    for (const { question } of await refusals.all()) await refusals.delete(question);
  });

  const asking = (room: RoomModel, purpose: string) => {
    const asked = room.store.get().fresh.find((r) => r.purpose === purpose);
    if (!asked) throw new Error(`${purpose} is not asked`);
    return asked;
  };

  it('leaves each row where it is until all of it is answered, so that none comes under a finger meant for another', async () => {
    const { asked, load, meeting, tell } = await server();
    const none = { ...meeting, ai: { ...meeting.ai, purposes: [] } };
    const { room } = await load(none, true, undefined, []);
    await room.enter([]);
    tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes: ['notes', 'training'] } });
    const card = () => room.store.get().fresh.map((r) => r.purpose);
    await soon(() => expect(card()).toEqual(['notes', 'training']));
    await room.decide(asking(room, 'notes'), true);
    expect(new Set(asked)).toEqual(new Set(['notes given']));
    expect(card()).toEqual(['notes', 'training']);
    // What is offered besides comes below what is there already.
    tell('meeting', meeting);
    await soon(() => expect(card()).toEqual(['notes', 'training', 'captions']));
    await room.decide(asking(room, 'training'), true, ['voice']);
    await room.decide(asking(room, 'captions'), false);
    expect(card()).toEqual(['notes', 'training', 'captions']);
    await room.decide(asking(room, 'training'), false, ['chat']);
    expect(card()).toEqual([]);
    expect(new Set(asked)).toEqual(
      new Set(['notes given', 'training given', 'captions refused', 'training refused']),
    );
    tell('meeting', { ...meeting });
    await quiet();
    expect(card()).toEqual([]);
    await room.leave();
  });

  it('stays for a yes that could not be recorded, which is still asked', async () => {
    const { scene, load, meeting, tell } = await server();
    const { room } = await load({ ...meeting, ai: { ...meeting.ai, purposes: [] } }, true, undefined, []);
    await room.enter([]);
    const card = () => room.store.get().fresh.map((r) => r.purpose);
    tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes: ['captions', 'notes'] } });
    await soon(() => expect(card()).toEqual(['captions', 'notes']));
    scene.refuses = 'notes';
    await room.decide(asking(room, 'notes'), true);
    await room.decide(asking(room, 'captions'), false);
    expect(card()).toEqual(['captions', 'notes']);
    scene.refuses = undefined;
    await room.decide(asking(room, 'notes'), true);
    expect(card()).toEqual([]);
    await room.leave();
  });

  it('lets go of a row that is no longer offered', async () => {
    const { load, meeting, tell } = await server();
    const offers = (...purposes: string[]) =>
      tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes } });
    const { room } = await load({ ...meeting, ai: { ...meeting.ai, purposes: [] } }, true, undefined, []);
    await room.enter([]);
    const card = () => room.store.get().fresh.map((r) => r.purpose);
    offers('captions', 'notes');
    await soon(() => expect(card()).toEqual(['captions', 'notes']));
    await room.decide(asking(room, 'notes'), false);
    offers('notes');
    await soon(() => expect(card()).toEqual([]));
    await room.leave();
  });
});

describe('a no that overtakes a yes', () => {
  it('is shown and silences at once, and takes the yes back when it is known what became of it', async () => {
    const { story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    let answers: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (answers = resolve));
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      if (path.endsWith('/answers')) await slow;
      return honest(path, init);
    });
    const yes = room.decide(row('captions'), true);
    await quiet();
    const no = room.decide(row('captions'), false);
    expect([...room.store.get().refusing]).toEqual(['captions voice']);
    await room.decide(row('captions'), false);
    answers();
    await Promise.all([yes, no]);
    await quiet();
    expect(asked, 'a no by withdrawal, and only one').toEqual(['captions given']);
    expect(story).toEqual(['no, answers']);
    expect(said('captions')).toBe('withdrawn');
    expect(room.store.get().refusing.size).toBe(0);
    await room.leave();
  });

  it('before the yes has left tears it up: it is not sent, and no slip of it stays', async () => {
    const { sent, story, load, meeting } = await server();
    const { room, said } = await load();
    await room.enter([]);
    await Promise.all([room.decide(row('captions'), true), room.decide(row('captions'), false)]);
    await quiet();
    expect(sent).toEqual([['captions voice refused']]);
    expect(story).toEqual([]);
    expect((await slips.all()).filter((s) => s.meeting === meeting.id)).toEqual([]);
    expect(said('captions')).toBe('refused');
    await room.leave();
  });

  it('tears up only its own row of what is signed together', async () => {
    const { sent, asked, load } = await server();
    const { room, said } = await load();
    const entering = room.enter([
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'notes', medium: 'voice', yes: true },
    ]);
    const before = crypto.subtle.sign.bind(crypto.subtle);
    let no: Promise<void> | undefined;
    const signs = vi.spyOn(crypto.subtle, 'sign').mockImplementation((...args) => {
      if (room.store.get().phase === 'in' && room.store.get().busy.size > 0)
        no ??= room.decide(row('captions'), false);
      return before(...args);
    });
    await entering;
    signs.mockRestore();
    expect(no, 'pressed while the receipt was being signed').toBeDefined();
    await no;
    expect(sent[0]).toEqual(['notes voice given']);
    expect(asked).toEqual(['notes given', 'captions refused']);
    expect([said('captions'), said('notes')]).toEqual(['refused', 'given']);
    await room.leave();
  });

  it('is not undone where the page is closed before the server has replied to the yes', async () => {
    await forget();
    const { asked, story, log, load, meeting } = await server();
    const { room } = await load();
    await room.enter([]);
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await honest(path, init);
      return path.endsWith('/answers') ? new Promise<Response>(() => undefined) : reply;
    });
    void room.decide(row('captions'), true);
    await soon(() => expect(asked).toEqual(['captions given']));
    void room.decide(row('captions'), false);
    await quiet();
    expect(story, 'nothing was opened, nothing told').toEqual([]);

    vi.stubGlobal('fetch', honest);
    expect((await next(meeting)).captions).toEqual(SAID);
    const after = await load();
    await after.room.enter([]);
    await soon(() => expect(story).toEqual(['no, answers']));
    expect(log.entries, 'the key, the yes and its end').toHaveLength(3);
    expect(after.said('captions')).toBe('withdrawn');
    await after.room.leave();
  });

  it('takes back a yes whose reply never came, once the page has waited long enough, and says nothing of the yes', async () => {
    const { story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    const waits = new Map<string, AbortController>();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      const wait = new AbortController();
      waits.set(`${ms}`, wait);
      return wait.signal;
    });
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await honest(path, init);
      if (!path.endsWith('/answers')) return reply;
      return new Promise<Response>((_resolve, reject) =>
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)),
      );
    });
    const yes = room.decide(row('captions'), true);
    await soon(() => expect(asked).toEqual(['captions given']));
    const no = room.decide(row('captions'), false);
    await quiet();
    const patience = waits.get('30000');
    expect(patience).toBeDefined();
    patience?.abort(new DOMException('it took too long', 'TimeoutError'));
    await Promise.all([yes, no]);
    timeout.mockRestore();
    expect(story).toEqual(['no, answers']);
    expect(said('captions')).toBe('withdrawn');
    expect(room.store.get().trouble).toBeUndefined();
    await room.leave();
  });

  it('ends only what came before it where a yes was pressed since', async () => {
    const { scene, story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    let answers: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (answers = resolve));
    const honest = fetch;
    let first = true;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await honest(path, init);
      if (path.endsWith('/answers') && first) {
        first = false;
        await slow;
      }
      return reply;
    });
    const presses = [room.decide(row('captions'), true)];
    await soon(() => expect(asked).toHaveLength(1));
    presses.push(room.decide(row('captions'), false));
    await quiet();
    presses.push(room.decide(row('captions'), true));
    await soon(() => expect(asked).toHaveLength(2));
    answers();
    await Promise.all(presses);
    await quiet();
    expect(asked).toEqual(['captions given', 'captions given']);
    expect(story.filter((s) => s.startsWith('no'))).toEqual([`no, ${scene.reach}`]);
    expect(said('captions')).toBe('given');
    await room.leave();
  });

  it('is the last word of what no yes was pressed to since', async () => {
    const { asked, load } = await server();
    const { room } = await load();
    const learning = row('training');
    await room.enter([]);
    let answers: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (answers = resolve));
    const honest = fetch;
    let first = true;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      const reply = await honest(path, init);
      if (path.endsWith('/answers') && first) {
        first = false;
        await slow;
      }
      return reply;
    });
    const presses = [room.decide(learning, true)];
    await soon(() => expect(asked).toHaveLength(2));
    presses.push(room.decide(learning, false));
    await quiet();
    presses.push(room.decide(learning, true, ['chat']));
    await soon(() => expect(asked).toHaveLength(3));
    answers();
    await Promise.all(presses);
    await quiet();
    expect(room.choice('training', 'voice')).toBe('withdrawn');
    expect(room.choice('training', 'chat')).toBe('given');
    await room.leave();
  });

  it('while what stood before is being ended is the last word: the yes is never signed', async () => {
    const { scene, story, asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    scene.answering = 'lost';
    await room.decide(row('captions'), true);
    expect(asked).toEqual(['captions given']);
    scene.answering = 'honest';
    let ended: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (ended = resolve));
    const honest = fetch;
    vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
      if (path === '/api/withdrawals') await slow;
      return honest(path, init);
    });
    const yes = room.decide(row('captions'), true);
    await quiet();
    const no = room.decide(row('captions'), false);
    await quiet();
    ended();
    await Promise.all([yes, no]);
    await quiet();
    expect(
      asked.filter((a) => a === 'captions given'),
      'the yes whose reply was lost, and no other',
    ).toHaveLength(1);
    expect(story).not.toContain('open');
    expect(said('captions')).not.toBe('given');
    await room.leave();
  });

  it('pressed while the page still connects comes after the yes that was chosen at the door', async () => {
    const { story, asked, load } = await server();
    const { room, said } = await load();
    const entering = room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await Promise.all([entering, room.decide(row('captions'), false)]);
    await quiet();
    expect(asked).toEqual(['captions refused']);
    expect(story).not.toContain('open');
    expect(said('captions')).toBe('refused');
    await room.leave();
  });

  it('does not stand in the way of a yes that comes after it', async () => {
    const { asked, load } = await server();
    const { room, said } = await load();
    await room.enter([]);
    await room.decide(row('captions'), false);
    const yes = room.decide(row('captions'), true);
    expect(room.store.get().refusing.size).toBe(0);
    await yes;
    expect(asked).toEqual(['captions refused', 'captions given']);
    expect(said('captions')).toBe('given');
    await room.leave();
  });
});

describe('what is written', () => {
  const texts = (of: readonly Uint8Array[]) =>
    of.map((bytes) => (JSON.parse(new TextDecoder().decode(bytes)) as { text: string }).text);
  const words = () => texts(line.said);
  const send = (room: RoomModel, text: string) => {
    room.write(text);
    return room.say();
  };
  beforeEach(() => {
    line.said.length = 0;
    line.copied.length = 0;
    line.mute = false;
  });

  it('before the yes to that is not copied to AI, however late it is sent, nor is what is sent after a no', async () => {
    const { load } = await server();
    const { room } = await load();
    const opened = () => soon(() => expect(room.choice('training', 'chat')).toBe('given'));
    const held = () => {
      let goes: () => void = () => undefined;
      line.slow = new Promise((resolve) => (goes = resolve));
      return () => goes();
    };
    await room.enter([]);
    const release = held();
    const early = send(room, 'before the yes');
    await room.decide(row('training'), true, ['chat']);
    await opened();
    release();
    await early;
    await send(room, 'after the yes');
    const releaseLast = held();
    const late = send(room, 'as the no came');
    await room.decide(row('training'), false, ['chat']);
    releaseLast();
    await late;
    expect(words()).toEqual(['before the yes', 'after the yes', 'as the no came']);
    expect(texts(line.copied)).toEqual(['after the yes']);
    await room.leave();
  });

  it('before one is in waits until one is, in the order in which it was written', async () => {
    const { load } = await server();
    const { room } = await load();
    const both = [send(room, 'first'), send(room, 'second')];
    await quiet();
    expect(line.said).toEqual([]);
    await room.enter([]);
    await Promise.all(both);
    expect(words()).toEqual(['first', 'second']);
    expect(room.store.get().chat.map((c) => c.text)).toEqual(['first', 'second']);
    await room.leave();
  });

  it('and cannot be sent is back in the draft with what was written meanwhile, and says so', async () => {
    const { load } = await server();
    const { room } = await load();
    await room.enter([]);
    line.mute = true;
    const sending = send(room, 'hello');
    room.write('you');
    await sending;
    expect(room.store.get().draft).toEqual({ words: 'hello you', refused: 'chatNotSent' });
    expect(room.store.get().chat).toEqual([]);
    await send(room, 'x'.repeat(20_000));
    expect(room.store.get().draft.refused).toBe('chatTooLong');
    line.mute = false;
    await send(room, 'hello you');
    expect(room.store.get().draft).toEqual({ words: '' });
    expect(words()).toEqual(['hello you']);
    await room.leave();
  });
});

describe('a yes from another meeting', () => {
  const HOUR = 3_600_000;
  const wide = (scope: Meeting['scope']['widest'] = 'organisation') => ({
    scope: { widest: scope, days: 90 },
  });
  const soonOver = () => new Date(Date.now() + HOUR).toISOString();
  const everywhere = (): Scope => ({ kind: 'organisation', until: soonOver() });

  it('opens the stream here, and is told with its day and its end', async () => {
    const { yes, load, meeting } = await server(true);
    const scope = everywhere();
    const slip = await yes('captions', 'voice', scope);
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening).toEqual({ is: 'on', voice: true, chat: false }));
    expect(said('captions')).toBe('given');
    expect(room.store.get().wider.get('captions voice')).toMatchObject({ scope, elsewhere: true });
    expect(room.store.get().slips.map((s) => s.handle)).toEqual([slip.handle]);
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('opens nothing that it does not reach, and nothing without its slip, whatever the server says', async () => {
    const { story, yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const over = () => new Date(Date.now() + 2 * HOUR);
    for (const [as, now] of [
      [{ ...meeting, ...wide(), room: 'r2' }],
      [{ ...meeting, ...wide('meeting') }],
      [{ ...meeting, ...wide() }, over],
      [{ ...meeting, ...wide(), ai: { ...meeting.ai, purposes: ['notes'] } }],
    ] as [Meeting, (() => Date)?][]) {
      const { room } = await load(as, true, now);
      await room.enter([]);
      await quiet();
      expect(story).toEqual([]);
      await room.leave();
    }
    await slips.delete(slip.handle);
    const { room } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
    await slips.put(slip);
    const whole = await load({ ...meeting, ...wide() });
    await whole.room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    await whole.room.leave();
  });

  it('ends in the middle of a meeting when its time is over', async () => {
    const { story, yes, load, meeting } = await server(true);
    await yes('captions', 'voice', everywhere());
    let later = 0;
    const { room, said } = await load({ ...meeting, ...wide() }, true, () => new Date(Date.now() + later));
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    later = 2 * HOUR;
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(story).toEqual(['open', 'close']));
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('is taken back everywhere with the no of its row', async () => {
    const { story, asked, yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', everywhere());
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await room.decide(row('captions'), false);
    expect(story).toContain('no, answers');
    expect(said('captions')).toBe('withdrawn');
    expect(asked).toEqual(['captions given']);
    expect((await slips.get(slip.handle))?.usedAt).toBeDefined();
    expect(room.store.get().standings.has(slip.handle)).toBe(true);
    expect(story.filter((s) => s === 'open')).toHaveLength(1);
    await room.leave();
  });

  it('is refused in this meeting only, at once, also where that cannot be recorded, and after a reload', async () => {
    const { scene, story, asked, yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', everywhere());
    const as = { ...meeting, ...wide() };
    const before = await load(as);
    await before.room.enter([]);
    await soon(() => expect(before.room.store.get().listening.is).toBe('on'));
    scene.answering = 'lost';
    // The server goes on saying yes: its word gives nothing.
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }];
    const no = before.room.refuseHere(row('captions'));
    expect(before.said('captions')).toBe('refused');
    expect(before.room.store.get().listening.is).toBe('off');
    await no;
    await before.room.leave();

    story.length = 0;
    scene.answering = 'honest';
    const after = await load(as);
    await after.room.enter([]);
    await quiet();
    expect(after.said('captions')).toBe('refused');
    expect(after.room.store.get().disagrees).toBeUndefined();
    expect(asked).toEqual(['captions given', 'captions refused', 'captions refused']);
    expect(story).toEqual([]);
    expect((await slips.get(slip.handle))?.takenAt, 'elsewhere it stands').toBeUndefined();

    // A second no takes nothing more, and a yes here is one for this meeting.
    await after.room.decide(row('captions'), false);
    expect((await slips.get(slip.handle))?.takenAt).toBeUndefined();
    scene.mine = undefined;
    after.room.setScope(everywhere());
    await after.room.decide(row('captions'), true);
    await soon(() => expect(story).toEqual(['open']));
    const kept = (await receipts.all()).filter((r) => r.meeting === meeting.id).at(-1);
    expect((await readReceipt(kept?.receipt ?? '')).scope).toEqual(THIS_MEETING);
    await after.room.leave();
  });

  it('that the server tells no more of is over here, and no contradiction', async () => {
    const { scene, yes, load, meeting, tellMine } = await server(true);
    await yes('captions', 'voice', everywhere());
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'requested' }];
    tellMine();
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await soon(() => expect(said('captions')).toBe('requested'));
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('that another page took back is taken back here', async () => {
    const { scene, yes, load, meeting, tellMine } = await server(true);
    const slip = await yes('captions', 'voice', everywhere());
    const { room, said } = await load({ ...meeting, ...wide() });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    const now = new Date().toISOString();
    await slips.put({ ...slip, takenAt: now, usedAt: now });
    scene.mine = [{ purpose: 'captions', medium: 'voice', state: 'requested' }];
    tellMine();
    await soon(() => expect(said('captions')).toBe('withdrawn'));
    expect(room.store.get().listening.is).toBe('off');
    expect(room.store.get().disagrees).toBeUndefined();
    await room.leave();
  });

  it('counts for nobody whose key is for this meeting alone', async () => {
    const { story, yes, load, meeting } = await server(false);
    await yes('captions');
    const [kept] = (await receipts.all()).filter((r) => r.meeting === meeting.id);
    if (!kept) throw new Error('no receipt');
    const moved = { ...meeting, ...wide(), id: `${meeting.id}-next` };
    await receipts.put({ ...kept, meeting: moved.id });
    const { room } = await load(moved);
    await room.enter([]);
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
  });
});

describe('the key that the others in a meeting see', () => {
  const seen = () => {
    const record = line.told.flatMap((attributes) => attributes['aye.member'] ?? []).at(-1) ?? '';
    const header = JSON.parse(new TextDecoder().decode(unb64u(record.split('.')[0] ?? ''))) as {
      jwk: unknown;
    };
    return header.jwk;
  };

  it('is never the lasting one', async () => {
    for (const lasting of [true, false]) {
      const { load, device } = await server(lasting);
      const { room } = await load();
      await room.enter([]);
      expect(JSON.stringify(seen()) === JSON.stringify(device.record.jwk)).toBe(!lasting);
      await room.leave();
    }
  });
});

describe('a log that contradicts itself', () => {
  it('ends every copy, takes no yes, takes a no, and is still known after a reload', async () => {
    const { log, story, asked, yes, load } = await server();
    await yes('captions');
    const { room, said } = await load();
    await room.enter([]);
    await soon(() => expect(story).toEqual(['open']));
    await soon(() => expect(room.store.get().compared?.looking).toBe('fine'));
    log.entries[0] = leaf.answer(random(32));
    log.entries.push(leaf.answer(random(32)));
    await soon(() => expect(room.store.get().finding?.is).toBe('fork'));
    await soon(() => expect(story).toEqual(['open', 'close']));
    expect(room.store.get()).toMatchObject({ phase: 'in', listening: { is: 'off' } });
    expect(asked).toEqual(['captions given']);
    await room.decide(row('notes'), true);
    expect(asked).toEqual(['captions given']);
    await room.sign([
      { purpose: 'notes', medium: 'voice', yes: false },
      { purpose: 'notes', medium: 'chat', yes: true },
    ]);
    expect(asked).toEqual(['captions given', 'notes refused']);
    expect(said('notes')).toBe('refused');
    await room.decide(row('captions'), false);
    expect(said('captions')).toBe('withdrawn');
    expect(story).toEqual(['open', 'close', 'no, answers']);
    await room.leave();

    await yes('notes');
    story.length = 0;
    const after = await load();
    await after.room.enter([{ purpose: 'captions', medium: 'voice', yes: true }]);
    await soon(() => expect(after.said('notes')).toBe('given'));
    expect(after.room.store.get().finding?.is).toBe('fork');
    await quiet();
    expect(story).toEqual([]);
    expect(asked.slice(2)).toEqual(['notes given']);
    await after.room.leave();
  }, 30_000);
});

describe('a server that says anything', () => {
  const wide = { scope: { widest: 'organisation', days: 90 } } as const;
  const soonOver = () => new Date(Date.now() + 3_600_000).toISOString();
  it('does not get what another tab took back', async () => {
    const { yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'organisation', until: soonOver() });
    const { room } = await load({ ...meeting, ...wide });
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    await slips.put({ ...slip, takenAt: new Date().toISOString() });
    await soon(() => expect(room.store.get().listening.is).toBe('off'));
    await room.leave();
  });
  it('does not move a seat into another room', async () => {
    const { scene, story, yes, load, meeting, tell } = await server(true);
    await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const here = { ...meeting, ...wide, room: 'r2' };
    const { room } = await load(here);
    scene.mine = [];
    await room.enter([]);
    await quiet();
    expect(story).not.toContain('open');
    story.length = 0;
    const given = (await slips.all()).find((s) => s.meeting.startsWith(meeting.id));
    tell('meeting', { ...here, room: 'r1' });
    await quiet();
    tell('mine', {
      choices: [{ purpose: 'captions', medium: 'voice', state: 'given', handle: given?.handle }],
    });
    await quiet();
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
  });
  it('does not bring back what was taken back', async () => {
    const { scene, story, yes, load, meeting, tell } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const now = new Date().toISOString();
    await slips.put({ ...slip, takenAt: now, usedAt: now });
    const here = { ...meeting, ...wide, room: 'r2' };
    const { room } = await load(here);
    scene.mine = [];
    await room.enter([]);
    await quiet();
    tell('meeting', { ...here, room: 'r1' });
    await quiet();
    tell('mine', {
      choices: [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }],
    });
    await quiet();
    await quiet();
    expect(story).toEqual([]);
    await room.leave();
  });
  it('is taken at its last word about the meeting, whichever is read first', async () => {
    const { yes, load, meeting, tell } = await server();
    await yes('captions');
    const { room } = await load();
    await room.enter([]);
    await soon(() => expect(room.store.get().listening.is).toBe('on'));
    tell('meeting', meeting);
    tell('meeting', { ...meeting, ai: { ...meeting.ai, purposes: [] } });
    await quiet();
    await quiet();
    expect(room.store.get().meeting.ai.purposes).toEqual([]);
    expect(room.store.get().listening.is).toBe('off');
    await room.leave();
  });
  it('does not make a meeting the one in which something was said', async () => {
    const { scene, story, yes, load, meeting, tell } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const here: Meeting = { ...meeting, scope: { widest: 'meeting', days: 90 }, room: 'r2' };
    const { room } = await load(here);
    scene.mine = [];
    await room.enter([]);
    await quiet();
    expect(story).not.toContain('open');
    story.length = 0;
    const other = JSON.parse(here.notice.en) as { controller: { name: string } };
    other.controller.name = 'Somebody Else';
    tell('meeting', { ...here, id: slip.meeting, notice: { ...here.notice, en: JSON.stringify(other) } });
    await quiet();
    tell('mine', {
      choices: [{ purpose: 'captions', medium: 'voice', state: 'given', handle: slip.handle }],
    });
    await quiet();
    await quiet();
    expect({ story, listening: room.store.get().listening }).toEqual({ story: [], listening: { is: 'off' } });
    await room.leave();
  });
  it('does not get what was taken back before joining, also where the device could not write that down', async () => {
    const { scene, story, yes, load } = await server();
    const slip = await yes('captions');
    scene.reach = 'unreachable';
    const { room } = await load();
    const { outbox: box } = await import('../withdraw/outbox');
    const { slips: shelf } = await import('../consent/keeping');
    vi.spyOn(shelf, 'put').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    void box.take([slip]);
    await quiet();
    await room.enter([]);
    await quiet();
    await quiet();
    expect(story).not.toContain('open');
    await room.leave();
  });

  it('keeps no yes of another key alive after a no that reaches as far', async () => {
    const { yes, load, meeting } = await server(true);
    const slip = await yes('captions', 'voice', { kind: 'room', id: 'r1', until: soonOver() });
    const { room } = await load({ ...meeting, ...wide, id: `${meeting.id}-r2`, room: 'r2' });
    await room.enter([
      {
        purpose: 'captions',
        medium: 'voice',
        yes: false,
        scope: { kind: 'organisation', until: soonOver() },
      },
    ]);
    await soon(async () => expect((await slips.get(slip.handle))?.takenAt).toBeDefined());
    await room.leave();
  });
});
