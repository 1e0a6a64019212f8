import { describe, expect, it } from 'vitest';
import { freshDevice } from '../../../tests/devices';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import type { Meeting } from '../api/client';
import { b64, b64u, sha256, unb64u, utf8 } from '../bytes/bytes';
import { openJws } from '../device/jws';
import { commitment, leaf } from '../log/leaf';
import { LogBroken } from '../log/fork';
import { KnownLog } from '../log/memory';
import { verifier } from '../log/note';
import { Tiles } from '../log/tiles';
import { isLogOf } from '../withdraw/slipLog';
import { takeBack, type Standing } from '../withdraw/withdrawal';
import { apart } from './anew';
import { answerMedium, answerRow, NOTHING_ANSWERED, questionOf, rowAnswer, toSign } from './answers';
import { receipts, refusals, slips } from './keeping';
import { parseNotice, type Notice, type NoticeRow } from './notice';
import { answeredBefore as before } from './offered';
import { readSlips, signReceipt, slipFile, slipLink } from './receipt';
import { answer } from './signing';
import { standingIn } from './standing';

const recipient = {
  id: 'companion',
  key: RECIPIENT_KEY,
  processor: { host: 'this server', model: 'sphinx4' },
};

async function row(purpose: string): Promise<NoticeRow> {
  const found = (await parseNotice(noticeText('en'))).rows.find((r) => r.purpose === purpose);
  if (!found) throw new Error(purpose);
  return found;
}

/** A meeting that asks what the notice of the tests asks. */
function asks(
  id: string,
  of: typeof recipient,
  en = noticeText('en'),
  log = { origin: 'log.example/aye', vkey: '' },
): Meeting {
  return {
    id,
    title: '',
    room: 'r1',
    demo: false,
    ai: {
      purposes: ['captions', 'notes', 'training'],
      recipients: [{ name: 'Companion', keyIndex: 0, keyProof: '', ...of }],
    },
    notice: { version: 1, en, nl: noticeText('nl') },
    scope: { widest: 'meeting', days: 90 },
    log,
  };
}

async function answeredBefore(meeting: Meeting, notice: Notice, rows: readonly NoticeRow[]) {
  const now = new Date(0);
  return before(await standingIn(meeting, now), notice, rows, now);
}

async function knownLog() {
  const log = await logInMemory();
  const known = await KnownLog.of(log.vkey, new Tiles(log.fetch), memoryInMap());
  return { log, known };
}

describe('the card', () => {
  it('signs nothing that was not answered', async () => {
    expect(toSign(NOTHING_ANSWERED, (await parseNotice(noticeText('en'))).rows)).toEqual([]);
  });

  it('grants exactly the media that a row names, and each can be switched off inside', async () => {
    const notes = await row('notes');
    const yes = answerRow(NOTHING_ANSWERED, notes, true);
    expect(toSign(yes, [notes]).map((a) => [a.medium, a.yes])).toEqual([
      ['voice', true],
      ['chat', true],
    ]);
    const part = answerMedium(yes, notes, 'chat', false);
    expect(rowAnswer(part, notes)).toBe('yes');
    expect(toSign(part, [notes]).map((a) => a.yes)).toEqual([true, false]);
  });

  it('does not sign again what was answered before', async () => {
    const captions = await row('captions');
    const before = { answered: new Map([['captions voice', { yes: false, from: 'before' as const }]]) };
    expect(rowAnswer(before, captions)).toBe('no');
    expect(toSign(before, [captions])).toEqual([]);
  });

  it('asks again after a no only when purpose, recipient, medium or retention changed', async () => {
    const notes = await row('notes');
    const asked = questionOf('Example Org', notes, 'voice', recipient);
    expect(questionOf('Example Org', { ...notes, sentence: 'Other words.' }, 'voice', recipient)).toBe(asked);
    expect(questionOf('Example Org', { ...notes, retention: 'For ever.' }, 'voice', recipient)).not.toBe(
      asked,
    );
    expect(questionOf('Example Org', notes, 'chat', recipient)).not.toBe(asked);
    const moved = { ...recipient, processor: { host: 'elsewhere', model: 'sphinx4' } };
    expect(questionOf('Example Org', notes, 'voice', moved)).not.toBe(asked);
  });

  it('does not ask again in the same meeting for what was taken back', async () => {
    const captions = await row('captions');
    const meeting = asks('takenback', recipient);
    await slips.put({
      handle: 'h',
      secret: 's',
      origin: 'o',
      title: '',
      meeting: meeting.id,
      purpose: 'captions',
      medium: 'voice',
      takenAt: '2026-01-01T00:00:00.000Z',
      usedAt: '2026-01-01T00:00:01.000Z',
    });
    const before = await answeredBefore(meeting, await parseNotice(noticeText('en')), [captions]);
    expect(rowAnswer(before, captions)).toBe('no');
    expect(toSign(before, [captions])).toEqual([]);
  });

  it('asks anew for a yes that was said to another recipient, or never recorded', async () => {
    const { log, known } = await knownLog();
    const device = await freshDevice('m-moved', log.origin);
    await device.keep();
    const notice = await parseNotice(noticeText('en'));
    const said = { log: known, device, seat: 's', participant: 'p1', notice, recipient, now: new Date(0) };
    const yes = [{ purpose: 'captions', medium: 'voice', yes: true } as const];
    const meeting = asks('m-moved', recipient, noticeText('en'), log);
    const lost = { answer: () => Promise.reject(new TypeError('no network')) };
    await expect(answer({ ...said, answers: yes, api: lost })).rejects.toThrow();
    const captions = await row('captions');
    expect(rowAnswer(await answeredBefore(meeting, notice, [captions]), captions)).toBe('open');
    await answer({
      ...said,
      answers: yes,
      api: {
        answer: async (_m, _s, body) => {
          log.entries.push(leaf.answer(await commitment(unb64u(body.salt), body.receipt)));
          const index = log.entries.length - 1;
          return { index, proof: await log.proof(index), grants: [] };
        },
      },
    });
    expect(rowAnswer(await answeredBefore(meeting, notice, [captions]), captions)).toBe('yes');
    const model = { ...recipient, processor: { host: 'this server', model: 'another' } };
    const moved = asks('m-moved', model, noticeText('en'), log);
    expect(rowAnswer(await answeredBefore(moved, notice, [captions]), captions)).toBe('open');
  });

  it('asks anew, with the difference, for a yes that was said to other words', async () => {
    const { log, known } = await knownLog();
    const device = await freshDevice('m-words', log.origin);
    await device.keep();
    const notice = await parseNotice(noticeText('en'));
    await answer({
      log: known,
      device,
      seat: 's',
      participant: 'p1',
      notice,
      recipient,
      now: new Date(0),
      answers: [{ purpose: 'captions', medium: 'voice', yes: true }],
      api: {
        answer: async (_m, _s, body) => {
          log.entries.push(leaf.answer(await commitment(unb64u(body.salt), body.receipt)));
          const index = log.entries.length - 1;
          return { index, proof: await log.proof(index), grants: [] };
        },
      },
    });
    const meeting = (en: string) => asks('m-words', recipient, en, log);
    const captions = await row('captions');
    const same = await answeredBefore(meeting(noticeText('en')), notice, [captions]);
    expect(rowAnswer(same, captions)).toBe('yes');
    expect(same.reworded.size).toBe(0);
    const en = noticeText('en').replace('Gone when the line leaves the screen.', 'Kept for a day.');
    const changed = await parseNotice(en);
    const anew = await answeredBefore(meeting(en), changed, changed.rows.slice(0, 1));
    expect(rowAnswer(anew, captions)).toBe('open');
    expect(anew.reworded.get('captions')).toEqual({
      locale: 'en',
      changed: [
        { field: 'retention', before: 'Gone when the line leaves the screen.', after: 'Kept for a day.' },
      ],
    });
  });

  it('does not ask again in the other language after a no, and a yes forgets it in both', async () => {
    const { log, known } = await knownLog();
    const device = await freshDevice('m-nl', log.origin);
    const [en, nl] = [await parseNotice(noticeText('en')), await parseNotice(noticeText('nl'))];
    const asked = asks('m-next', recipient);
    const captions = nl.rows.slice(0, 1);
    const say = (yes: boolean) =>
      answer({
        log: known,
        device,
        seat: 's',
        participant: 'p1',
        notice: en,
        translations: [nl],
        recipient,
        now: new Date(0),
        answers: [{ purpose: 'captions', medium: 'voice', yes }],
        api: {
          answer: async (_m, _s, body) => {
            log.entries.push(leaf.answer(await commitment(unb64u(body.salt), body.receipt)));
            const index = log.entries.length - 1;
            return { index, proof: await log.proof(index), grants: [] };
          },
        },
      });
    const shown = async () => [...(await answeredBefore(asked, nl, captions)).answered.values()];
    await say(false);
    expect(await shown()).toEqual([{ yes: false, from: 'before' }]);
    await say(true);
    expect(await shown()).toEqual([]);
  });

  it('sets apart just the words in which two texts differ', () => {
    expect(apart('Kept for 90 days here.', 'Kept for 9 days here.')).toEqual([
      ['Kept for ', '90 ', 'days here.'],
      ['Kept for ', '9 ', 'days here.'],
    ]);
    expect(apart('', 'New')).toEqual([
      ['', '', ''],
      ['', 'New', ''],
    ]);
    expect(apart('a b', 'a b c')).toEqual([
      ['a ', 'b', ''],
      ['a ', 'b c', ''],
    ]);
  });

  it('shows no text that it cannot draw whole', async () => {
    await expect(parseNotice('{"version":1}')).rejects.toThrow();
    await expect(parseNotice(noticeText('en').replace('"training"', '"mindreading"'))).rejects.toThrow();
  });
});

describe('receipts', () => {
  it('are signed by the device and hold a handle, never the secret', async () => {
    const device = await freshDevice();
    const signed = await signReceipt({
      device,
      participant: 'p1',
      notice: await parseNotice(noticeText('nl')),
      recipient,
      answers: [
        { purpose: 'captions', medium: 'voice', yes: true },
        { purpose: 'notes', medium: 'voice', yes: false },
      ],
      now: new Date('2026-11-22T10:00:00.000Z'),
      vkey: 'log.example/aye+0+k',
    });
    const { payload, jwk } = await openJws(signed.receipt, 'aye-receipt+jws');
    expect(jwk).toEqual(device.record.jwk);
    const [given, refused] = payload['choices'] as Record<string, string>[];
    expect(given?.['handle']).toBe(b64u(await sha256(unb64u(signed.slips[0]?.secret ?? ''))));
    expect(refused).toEqual({
      purpose: 'notes',
      purposeIri: 'urn:aye:purpose:meeting-notes',
      medium: 'voice',
      state: 'refused',
    });
    expect(payload['notice']).toEqual({
      version: 1,
      locale: 'nl',
      hash: b64u(await sha256(utf8(noticeText('nl')))),
    });
    expect(signed.receipt).not.toContain(signed.slips[0]?.secret);
    await expect(openJws(`${signed.receipt.slice(0, -4)}AAAA`, 'aye-receipt+jws')).rejects.toThrow();
  });

  it('have their slips on the device before they leave it, and count only once the log holds them', async () => {
    const { log, known } = await knownLog();
    const device = await freshDevice('m-sign', log.origin);
    const said = {
      log: known,
      device,
      seat: 's',
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient,
      now: new Date(0),
    };
    const api = (honest: boolean) => ({
      answer: async (_m: string, _s: string, body: { receipt: string; salt: string }) => {
        expect((await slips.all()).some((s) => s.meeting === 'm-sign')).toBe(true);
        const committed = await commitment(unb64u(body.salt), body.receipt);
        log.entries.push(leaf.answer(honest ? committed : new Uint8Array(32)));
        const index = log.entries.length - 1;
        return { index, proof: await log.proof(index), grants: [] };
      },
    });
    const yes = [{ purpose: 'captions', medium: 'voice', yes: true } as const];
    await expect(answer({ ...said, answers: yes, api: api(false) })).rejects.toThrow(
      'not where the proof says',
    );
    const kept = async () => (await receipts.all()).filter((r) => r.meeting === 'm-sign');
    expect(await kept()).toEqual([]);
    await answer({ ...said, answers: yes, api: api(true) });
    expect((await kept()).map((r) => r.index)).toEqual([1]);
    await answer({ ...said, answers: [{ purpose: 'notes', medium: 'voice', yes: false }], api: api(true) });
    expect((await refusals.all()).length).toBe(1);
  });

  it('take a no and no yes once the log contradicts itself', async () => {
    const { log, known } = await knownLog();
    const now = new Date();
    log.entries.push(leaf.answer(new Uint8Array(32)));
    await known.latest(now);
    log.entries[0] = leaf.answer(new Uint8Array(32).fill(1));
    log.entries.push(leaf.answer(new Uint8Array(32)));
    await expect(known.latest(now)).rejects.toThrow(LogBroken);
    const asked: string[] = [];
    const said = {
      log: known,
      device: await freshDevice('m-broken'),
      seat: 's',
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient: { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'h', model: 'w' } },
      now,
      api: {
        answer: async (_meeting: string, _seat: string, body: { receipt: string; salt: string }) => {
          asked.push(body.receipt);
          log.entries.push(leaf.answer(await commitment(unb64u(body.salt), body.receipt)));
          const index = log.entries.length - 1;
          return { index, proof: await log.proof(index), grants: [] };
        },
      },
    };
    const about = (yes: boolean) => [{ purpose: 'captions', medium: 'voice', yes } as const];
    await expect(answer({ ...said, answers: about(true) })).rejects.toThrow(LogBroken);
    expect(asked).toEqual([]);
    expect((await slips.all()).some((s) => s.meeting === 'm-broken')).toBe(false);
    const { receipt } = await answer({ ...said, answers: about(false) });
    expect(asked).toEqual([receipt.receipt]);
    expect((await receipts.all()).some((r) => r.id === receipt.id)).toBe(true);
  });
});

describe('an answer', () => {
  it('is not signed for a log that bears another name than the one of the meeting', async () => {
    const { known } = await knownLog();
    const sent: string[] = [];
    const said = answer({
      api: {
        answer: (_m, _s, { receipt }) => {
          sent.push(receipt);
          return Promise.reject(new Error('not reached'));
        },
      },
      log: known,
      device: await freshDevice('m-other', 'another.example/aye'),
      seat: 's',
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient,
      answers: [{ purpose: 'captions', medium: 'voice', yes: true }],
      now: new Date(0),
    });
    await expect(said).rejects.toThrow('another log');
    expect(sent).toEqual([]);
  });
});

describe('slips', () => {
  it('name the log of their yes, in the link and in the file', async () => {
    const { log, known } = await knownLog();
    const { slips: drawn } = await signReceipt({
      device: await freshDevice('m1', log.origin),
      participant: 'p1',
      notice: await parseNotice(noticeText('en')),
      recipient,
      answers: [{ purpose: 'captions', medium: 'voice', yes: true }],
      now: new Date(0),
      vkey: log.vkey,
    });
    const second = (await logInMemory(log.origin)).vkey;
    const elsewhere = await logInMemory('another.example/aye');
    for (const brought of [slipLink('https://aye.example', drawn), slipFile(drawn)]) {
      const [slip] = readSlips(brought);
      if (!slip) throw new Error(brought);
      expect(slip.secret).toBe(drawn[0]?.secret);
      expect(await isLogOf(slip, known.by)).toBe(true);
      for (const vkey of [second, elsewhere.vkey])
        await expect(isLogOf(slip, await verifier(vkey)), brought).rejects.toThrow('another log');
    }
    const [old] = readSlips(slipLink('https://aye.example', [{ secret: drawn[0]?.secret ?? '' }]));
    expect(await isLogOf(old ?? {}, known.by)).toBe(false);
  });

  it('come back from their link and their file, and from nothing else', () => {
    const slip = {
      origin: 'o',
      meeting: 'm',
      title: '',
      purpose: 'notes',
      medium: 'voice',
      handle: 'h',
      secret: b64u(new Uint8Array(32)),
    } as const;
    expect(readSlips(slipLink('https://aye.example', [slip, slip])).length).toBe(2);
    expect(readSlips(slipFile([slip]))[0]).toEqual({
      origin: 'o',
      secret: slip.secret,
      purpose: 'notes',
      medium: 'voice',
    });
    for (const wrong of ['', '#', 'hello', '{"schema":"x","slips":[]}', `${slip.secret}.short`])
      expect(() => readSlips(wrong), wrong).toThrow();
  });
});

describe('withdrawing', () => {
  /** Time that passes only by waiting; `appear` decides when the secret reaches the log. */
  async function withdraw(appearAfterMs: number | undefined, lie = false) {
    const { log, known } = await knownLog();
    log.entries.push(leaf.answer(new Uint8Array(32)));
    const secret = new Uint8Array(32).fill(5);
    let now = Date.parse('2026-11-22T10:00:00.000Z');
    let appears: number | undefined;
    const standings: Standing[] = [];
    await takeBack(
      b64u(secret),
      {
        withdraw: async () => {
          if (appearAfterMs !== undefined) appears = now + appearAfterMs;
          const handle = lie ? new Uint8Array(32) : await sha256(secret);
          const promise = await log.sign(
            `aye-promise/1\n${log.origin}\n${b64(handle)}\n1\n${new Date(now).toISOString()}\n`,
          );
          return { handle: b64u(handle), promise };
        },
      },
      () => Promise.resolve(known),
      (s) => standings.push(s),
      {
        now: () => new Date(now),
        wait: (ms) => {
          now += ms;
          if (appears !== undefined && now >= appears) {
            log.entries.push(leaf.answer(new Uint8Array(32).fill(1)), leaf.withdraw(secret));
            appears = undefined;
          }
          return Promise.resolve();
        },
      },
    );
    return standings;
  }

  it('ends when the secret is proved to be in the log', async () => {
    const standings = await withdraw(4000);
    expect(standings.map((s) => s.is)).toEqual(['sending', 'promised', 'inLog']);
    expect(standings.at(-1)).toMatchObject({ index: 2 });
  });

  it('says so when the promise was broken', async () => {
    expect((await withdraw(undefined)).at(-1)?.is).toBe('late');
    expect((await withdraw(90_000)).at(-1)?.is).toBe('late');
  });

  it('does not take a promise about something else', async () => {
    expect((await withdraw(0, true)).at(-1)?.is).toBe('unchecked');
  });
});
