import { describe, expect, it, vi } from 'vitest';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { b64u, unb64u, utf8, type Bytes } from '../bytes/bytes';
import { ecdhPair, sharedX, unseal } from '../encryption/secret';
import { leaf } from '../log/leaf';
import { KnownLog } from '../log/memory';
import { Tiles } from '../log/tiles';
import { Listening, type ListeningState } from './listening';
import { MicCopy, type AudioGraph } from './micCopy';
import { wrapStreamKey } from './streamKey';
import type { StreamRoom } from './streamRoom';

vi.mock('livekit-client/e2ee-worker?worker', () => ({ default: class {} }));

/** A track as far as copies care: it can end, and it knows whether it is enabled. */
class FakeTrack extends EventTarget {
  enabled = true;
  readyState = 'live';
  end() {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

const track = () => new FakeTrack() as unknown as MediaStreamTrack & FakeTrack;

function fakeGraph(): AudioGraph & { open: boolean } {
  const graph = {
    output: track(),
    open: false,
    source: () => ({ connect: () => undefined, disconnect: () => undefined }),
    gate: (open: boolean) => void (graph.open = open),
    level: () => 0.5,
    close: () => undefined,
  };
  return graph;
}

describe('the copy of the microphone', () => {
  it('is silent unless nothing speaks against it', () => {
    const graph = fakeGraph();
    const copy = new MicCopy(graph);
    const mic = track();
    expect(copy.sending).toBe(false);
    copy.follow(mic);
    expect(copy.sending && graph.open && graph.output.enabled).toBe(true);
    copy.muted(true);
    expect(copy.sending || graph.open || graph.output.enabled).toBe(false);
    copy.paused(true);
    copy.muted(false);
    expect(copy.sending).toBe(false);
    copy.paused(false);
    expect(copy.sending).toBe(true);
    mic.end();
    expect(copy.sending).toBe(false);
    copy.follow(track());
    expect(copy.sending).toBe(true);
    copy.withdrawn();
    copy.follow(track());
    expect(copy.sending).toBe(false);
    expect(copy.level()).toBe(0);
  });

  it('does not come back when a track that it no longer follows lives on', () => {
    const copy = new MicCopy(fakeGraph());
    const old = track();
    copy.follow(old);
    copy.follow(undefined);
    expect(copy.sending).toBe(false);
    old.end();
    expect(copy.sending).toBe(false);
  });
});

describe('the gate of the copy', () => {
  const open = () => {
    const graph = fakeGraph();
    const copy = new MicCopy(graph);
    copy.follow(track());
    copy.muted(true);
    return { graph, copy, through: () => graph.open && graph.output.enabled && copy.sending };
  };

  it('is open under push-to-talk exactly while the key is held', () => {
    const { copy, through } = open();
    expect(through()).toBe(false);
    for (let i = 0; i < 3; i++) {
      copy.muted(false);
      expect(through()).toBe(true);
      copy.muted(true);
      expect(through()).toBe(false);
    }
  });

  it('stays shut under push-to-talk while the person paused their copy', () => {
    const { copy, through } = open();
    copy.paused(true);
    copy.muted(false);
    expect(through()).toBe(false);
    copy.muted(true);
    copy.paused(false);
    expect(through()).toBe(false);
  });

  it('is shut from before the old device is let go until the new one is connected', () => {
    const story: string[] = [];
    const graph = fakeGraph();
    const copy = new MicCopy({
      ...graph,
      gate: (on) => story.push(on ? 'open' : 'shut'),
      source: () => ({
        connect: () => story.push('connect'),
        disconnect: () => story.push('disconnect'),
      }),
    });
    copy.muted(false);
    copy.follow(track());
    story.length = 0;
    copy.follow(track());
    expect(story.indexOf('shut')).toBeLessThan(story.indexOf('disconnect'));
    expect(story.indexOf('connect')).toBeLessThan(story.indexOf('open'));
    expect(story.slice(0, -1)).not.toContain('open');
  });

  it('stays shut after a device change while muted or paused', () => {
    const { copy, through } = open();
    copy.follow(track());
    expect(through()).toBe(false);
    copy.muted(false);
    copy.paused(true);
    copy.follow(track());
    expect(through()).toBe(false);
  });

  it('stays shut when the new device had ended before it was followed', () => {
    const { copy, through } = open();
    copy.muted(false);
    const gone = track();
    gone.end();
    copy.follow(gone);
    expect(through()).toBe(false);
  });
});

describe('the stream key', () => {
  it('opens for its recipient, meeting and participant only', async () => {
    const { privateKey, point } = await ecdhPair();
    const about = { meeting: 'm', participant: 'p', recipient: 'companion' };
    const { streamKey, wrappedKey } = await wrapStreamKey(point, about);
    const wire = unb64u(wrappedKey);
    expect(wire.length).toBe(65 + 12 + 32 + 16);
    const ikm = await sharedX(privateKey, wire.slice(0, 65));
    expect(await unseal(ikm, 'aye/stream/1', 'm\np\ncompanion', wire.slice(65))).toEqual(streamKey);
    await expect(unseal(ikm, 'aye/stream/1', 'm\nq\ncompanion', wire.slice(65))).rejects.toThrow();
  });
});

async function scene(options: { keyInLog?: boolean } = {}) {
  const log = await logInMemory();
  const { point } = await ecdhPair();
  const other = (await ecdhPair()).point;
  log.entries.push(leaf.answer(new Uint8Array(32)), leaf.key(options.keyInLog === false ? other : point));
  const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap());
  const story: string[] = [];
  const states: ListeningState[] = [];
  const keys: string[] = [];
  const graphs: (AudioGraph & { open: boolean })[] = [];
  const listening: Listening = new Listening({
    api: {
      openStream: (_meeting, _seat, body) => {
        story.push('POST');
        keys.push(body.wrappedKey);
        return Promise.resolve({ serverUrl: 'ws://x', token: 't' });
      },
      closeStream: () => {
        story.push('DELETE');
        return Promise.resolve();
      },
    },
    meeting: 'm',
    participant: 'p',
    seat: 's',
    recipient: {
      id: 'companion',
      name: 'Aye companion',
      key: b64u(point),
      keyIndex: 1,
      keyProof: await log.proof(1),
      processor: { host: 'h', model: 'w' },
    },
    log: known,
    openRoom: (): Promise<StreamRoom> => {
      story.push('join');
      return Promise.resolve({
        publishVoice: () => Promise.resolve(void story.push('voice')),
        publishChat: (message: Bytes) => Promise.resolve(void story.push(`chat ${message.length}`)),
        close: () =>
          Promise.resolve(void story.push(listening.sendingVoice ? 'closed loud' : 'closed silent')),
      });
    },
    graph: () => {
      const graph = fakeGraph();
      graphs.push(graph);
      return graph;
    },
    changed: (state) => states.push(state),
    now: () => new Date(0),
  });
  listening.microphone(track());
  listening.muted(false);
  return { listening, story, states, keys, graphs };
}

const captions = { handle: 'h1', medium: 'voice' };
const notes = { handle: 'h2', medium: 'voice' };
const chat = { handle: 'h3', medium: 'chat' };

describe('listening', () => {
  it('opens one stream for all purposes and closes it with the last grant', async () => {
    const { listening, story } = await scene();
    await listening.grants([captions, notes]);
    await listening.grants([notes, captions]);
    expect(story).toEqual(['POST', 'join', 'voice']);
    expect(listening.sendingVoice).toBe(true);
    await listening.grants([]);
    expect(story.slice(3)).toEqual(['closed silent', 'DELETE']);
  });

  it('opens anew under a new key for a later yes on the same medium', async () => {
    const { listening, story, keys } = await scene();
    await listening.grants([captions]);
    await listening.grants([captions, notes]);
    expect(story).toEqual(['POST', 'join', 'voice', 'closed silent', 'POST', 'join', 'voice']);
    expect(keys[0]).not.toBe(keys[1]);
    expect(listening.sendingVoice).toBe(true);
  });

  it('opens anew for a yes that replaces another on the same row', async () => {
    const { listening, story } = await scene();
    await listening.grants([captions]);
    await listening.grants([{ ...captions, handle: 'h9' }]);
    expect(story.filter((s) => s === 'POST').length).toBe(2);
  });

  it('is not opened anew for a grant that no stream carries', async () => {
    const { listening, story } = await scene();
    await listening.grants([captions]);
    await listening.grants([captions, { handle: 'h8', medium: 'files' }]);
    expect(story).toEqual(['POST', 'join', 'voice']);
  });

  it('opens anew no louder than before: muted, paused or without a microphone it stays silent', async () => {
    const { listening, graphs } = await scene();
    const silent = () => graphs.every((g) => !g.open && !g.output.enabled) && !listening.sendingVoice;
    await listening.grants([captions]);
    listening.muted(true);
    await listening.grants([captions, notes]);
    expect(silent()).toBe(true);
    listening.paused(true);
    listening.muted(false);
    await listening.grants([captions]);
    expect(silent()).toBe(true);
    listening.microphone(undefined);
    listening.paused(false);
    await listening.grants([captions, notes]);
    expect(silent()).toBe(true);
    listening.microphone(track());
    expect(listening.sendingVoice).toBe(true);
  });

  it('draws a new key when grants shrink but do not end', async () => {
    const { listening, story, keys } = await scene();
    await listening.grants([captions, notes]);
    await listening.grants([notes]);
    expect(story).toEqual(['POST', 'join', 'voice', 'closed silent', 'POST', 'join', 'voice']);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('is silent when stop returns, before anybody was told', async () => {
    const { listening, story, graphs } = await scene();
    await listening.grants([captions]);
    listening.stop(['h1']);
    expect(graphs[0]?.open || graphs[0]?.output.enabled).toBe(false);
    expect(story).not.toContain('DELETE');
  });

  it('publishes nothing when the yes is taken back while the room is being opened', async () => {
    const { listening, story, states } = await scene();
    const opening = listening.grants([captions]);
    listening.stop(['h1']);
    await opening;
    expect(story).not.toContain('voice');
    expect(states.at(-1)?.is).toBe('off');
  });

  it('copies chat under a chat grant only, and never while paused', async () => {
    const { listening, story } = await scene();
    await listening.grants([captions]);
    await listening.chat(utf8('hello'));
    expect(story.some((s) => s.startsWith('chat'))).toBe(false);
    await listening.grants([captions, chat]);
    await listening.chat(utf8('hello'));
    expect(story.at(-1)).toBe('chat 5');
    listening.paused(true);
    await listening.chat(utf8('hello again'));
    expect(story.at(-1)).toBe('chat 5');
    listening.stop(['h3']);
    listening.paused(false);
    await listening.chat(utf8('hello'));
    expect(story.filter((s) => s === 'chat 5').length).toBe(1);
  });

  it('wraps no key to a recipient whose KEY leaf is not in the log', async () => {
    const { listening, story, states } = await scene({ keyInLog: false });
    await listening.grants([captions]);
    expect(story).toEqual([]);
    expect(states.at(-1)?.is).toBe('failed');
  });
});
