import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { freshDevice } from '../../../tests/devices';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { Problem } from '../api/client';
import { b64u, random, sha256, unb64u, type Bytes } from '../bytes/bytes';
import { ends, slips, type KeptEnd, type KeptSlip } from '../consent/keeping';
import { openJws } from '../device/jws';
import { leaf } from '../log/leaf';
import { KnownLog } from '../log/memory';
import { Tiles } from '../log/tiles';
import { Outbox } from './outbox';

const soon = (claim: () => void | Promise<void>) => vi.waitFor(claim, 10_000);

const NOON = new Date('2026-11-22T12:00:00.000Z');

async function slip(): Promise<KeptSlip> {
  const secret = random(32);
  const kept: KeptSlip = {
    origin: 'log.example/aye',
    meeting: 'm1',
    title: 'A meeting',
    purpose: 'captions',
    medium: 'voice',
    handle: b64u(await sha256(secret)),
    secret: b64u(secret),
  };
  await slips.put(kept);
  return kept;
}

/** An outbox as one page has it, against a server that answers as `reach` says. */
async function page(reach: (secret: string, promise: () => Promise<Answer>) => Promise<Answer>) {
  const log = await logInMemory();
  log.entries.push(leaf.answer(new Uint8Array(32)));
  const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap());
  const promise = async (secret: string) => {
    const bytes = unb64u(secret, 32);
    const handle = await sha256(bytes);
    log.entries.push(leaf.withdraw(bytes));
    return signed(handle);
  };
  const promiseByKey = (handle: string) => {
    log.entries.push(leaf.revoke(unb64u(handle, 32)));
    return signed(unb64u(handle, 32));
  };
  const signed = async (handle: Bytes) => {
    return {
      handle: b64u(handle),
      promise: await log.sign(
        `aye-promise/1\n${log.origin}\n${Buffer.from(handle).toString('base64')}\n1\n${NOON.toISOString()}\n`,
      ),
    };
  };
  const asked: string[] = [];
  let waits = 0;
  const outbox = new Outbox(
    {
      withdraw: (secret) => {
        asked.push(secret);
        return reach(secret, () => promise(secret));
      },
      withdrawByKey: (handle, proof) => {
        asked.push(`${handle} ${proof}`);
        return reach(handle, () => promiseByKey(handle));
      },
    },
    () => Promise.resolve(known),
    {
      now: () => NOON,
      // A page that was closed waits for ever; here that is one that waited thrice.
      wait: () => (++waits > 3 ? new Promise<void>(() => undefined) : Promise.resolve()),
    },
  );
  return { outbox, asked };
}

interface Answer {
  handle: string;
  promise: string;
}

const offline = () => Promise.reject(new Problem('offline', 0, 'no server'));

beforeEach(async () => {
  for (const { handle } of await slips.all()) await slips.delete(handle);
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

describe('the outbox', () => {
  it('has every slip marked on the device before the first request', async () => {
    const taken = [await slip(), await slip(), await slip()];
    const seen: (string | undefined)[][] = [];
    const { outbox } = await page(async (_secret, promise) => {
      seen.push((await slips.all()).map((s) => s.takenAt));
      return promise();
    });
    await outbox.take(taken);
    expect(seen).toEqual(Array(3).fill(Array(3).fill(NOON.toISOString())));
    for (const { usedAt } of await slips.all()) expect(usedAt).toBeDefined();
  });

  it('says again on the next page what this one could not say, until the server has answered', async () => {
    const taken = await slip();
    const first = await page(offline);
    void first.outbox.take([taken]);
    await soon(() => expect(first.asked.length).toBe(4));
    expect(first.outbox.store.get().said.get(taken.handle)).toMatchObject({ is: 'sending', meeting: 'm1' });
    expect(await slips.get(taken.handle)).toMatchObject({ takenAt: NOON.toISOString() });
    expect((await slips.get(taken.handle))?.usedAt).toBeUndefined();

    let tries = 0;
    const second = await page((_secret, promise) => (++tries < 3 ? offline() : promise()));
    await second.outbox.resend();
    expect(second.asked).toEqual([taken.secret, taken.secret, taken.secret]);
    expect((await slips.get(taken.handle))?.usedAt).toBe(NOON.toISOString());
    await soon(() => expect(second.outbox.store.get().said.get(taken.handle)?.is).toBe('inLog'));

    const third = await page(offline);
    await third.outbox.resend();
    expect(third.asked).toEqual([]);
  });

  it('lets none wait for another', async () => {
    const stuck = await slip();
    const free = await slip();
    const { outbox, asked } = await page((secret, promise) =>
      secret === stuck.secret ? new Promise<Answer>(() => undefined) : promise(),
    );
    void outbox.take([stuck, free]);
    await soon(async () => expect((await slips.get(free.handle))?.usedAt).toBeDefined());
    expect(asked).toHaveLength(2);
    expect(outbox.store.get().said.get(stuck.handle)?.is).toBe('sending');
  });

  it('sends once however often it is told, and stops when the server knows no such grant', async () => {
    const taken = await slip();
    const { outbox, asked } = await page(() => Promise.reject(new Problem('unknown-slip', 404, 'no')));
    await Promise.all([outbox.take([taken]), outbox.take([taken]), outbox.resend()]);
    expect(asked).toHaveLength(1);
    expect(outbox.store.get().said.get(taken.handle)?.is).toBe('unchecked');
    expect((await slips.get(taken.handle))?.usedAt).toBeDefined();
  });

  it('goes on when a proxy says that there is nothing here', async () => {
    const taken = await slip();
    let tries = 0;
    const { outbox } = await page((_secret, promise) =>
      ++tries < 2 ? Promise.reject(new Problem('status-404', 404, 'not found')) : promise(),
    );
    await outbox.take([taken]);
    expect(tries).toBe(2);
  });

  it('is sent, but never called done, when the server shows another log than the one of the yes', async () => {
    for (const other of [{ origin: 'second.example/aye' }, { log: 'AAAAAAAAAAAAAAAAAAAAAA' }]) {
      const kept = { ...(await slip()), ...other };
      const { outbox, asked } = await page((_secret, promise) => promise());
      await outbox.take([kept]);
      expect(asked).toEqual([kept.secret]);
      await soon(() => expect(outbox.store.get().said.get(kept.handle)?.is).toBe('unchecked'));
    }
  });

  it('ends a yes by the key that signed it where the slip is lost, also from the next page', async () => {
    const device = await freshDevice('m-key');
    await device.keep();
    const { origin, title } = device.record;
    const handle = b64u(await sha256(random(32)));
    const about = { origin, meeting: 'm-key', title, purpose: 'notes', medium: 'voice' };
    const end: KeptEnd = { ...about, handle, takenAt: NOON.toISOString() };
    const first = await page(offline);
    void first.outbox.take([end]);
    await soon(() => expect(first.asked.length).toBe(4));
    expect(await ends.get(handle)).toEqual(end);

    const second = await page((_handle, promise) => promise());
    await second.outbox.resend();
    const [asked = ''] = second.asked;
    expect(asked.startsWith(`${handle} `)).toBe(true);
    const proof = await openJws(asked.slice(handle.length + 1), 'aye-request+jws');
    expect(proof.payload).toMatchObject({ aud: origin, method: 'POST', path: '/api/me/withdrawals' });
    expect(proof.jwk).toEqual(device.record.jwk);
    expect((await ends.get(handle))?.usedAt).toBe(NOON.toISOString());
    await soon(() => expect(second.outbox.store.get().said.get(handle)?.is).toBe('inLog'));
    const third = await page(offline);
    await third.outbox.resend();
    expect(third.asked).toEqual([]);
  });

  it('tries at once what waits, when it is told to hurry', async () => {
    const taken = await slip();
    let away = true;
    const log = await logInMemory();
    const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap());
    const asked: string[] = [];
    const outbox = new Outbox(
      {
        withdraw: (secret) => {
          asked.push(secret);
          return away ? offline() : Promise.reject(new Problem('unknown-slip', 404, 'no'));
        },
        withdrawByKey: offline,
      },
      () => Promise.resolve(known),
      { now: () => NOON, wait: () => new Promise<void>(() => undefined) },
    );
    const answered = outbox.take([taken]);
    await soon(() => expect(outbox.store.get().said.get(taken.handle)).toHaveProperty('why'));
    away = false;
    outbox.hurry();
    await answered;
    expect(asked).toHaveLength(2);
  });
});
