import 'fake-indexeddb/auto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freshDevice } from '../../../tests/devices';
import { logInMemory, memoryInMap } from '../../../tests/log-in-memory';
import { noticeText, RECIPIENT_KEY } from '../../../tests/notices';
import { b64u, text, unb64u, utf8 } from '../bytes/bytes';
import { receiptFile, receipts } from '../consent/keeping';
import { parseNotice } from '../consent/notice';
import { signReceipt } from '../consent/receipt';
import { readReceipt, readReceiptFile } from '../consent/receiptReader';
import { commitment, leaf } from '../log/leaf';
import { KnownLog } from '../log/memory';
import { Tiles } from '../log/tiles';
import { typeable } from '../log/vkey';
import { brought, broughtAs, keptHere, paperOf, verdict } from './paper';

async function aReceipt() {
  const log = await logInMemory();
  const device = await freshDevice('m1', log.origin);
  const { receipt, salt, slips } = await signReceipt({
    device,
    participant: 'p1',
    notice: await parseNotice(noticeText('en')),
    recipient: { id: 'companion', key: RECIPIENT_KEY, processor: { host: 'this server', model: 'm' } },
    answers: [
      { purpose: 'captions', medium: 'voice', yes: true },
      { purpose: 'notes', medium: 'chat', yes: false },
    ],
    now: new Date('2026-03-01T10:00:00.250Z'),
    vkey: log.vkey,
  });
  log.entries.push(leaf.answer(new Uint8Array(32)), leaf.answer(await commitment(salt, receipt)));
  const file = {
    receipt,
    salt: b64u(salt),
    index: 1,
    proof: await log.proof(1),
    noticeText: noticeText('en'),
  };
  const logOf = (vkey: string) => KnownLog.of(vkey, new Tiles(log.fetch), memoryInMap());
  const paper = (change: Partial<typeof file> = {}, vkey: string | undefined = log.vkey) =>
    paperOf({ file: { ...file, ...change }, ...(vkey === '' ? {} : { vkey }) }, logOf, new Date());
  return { log, file, slips, paper, receipt };
}

afterEach(() => vi.unstubAllGlobals());

describe('the readable page of a receipt', () => {
  it('holds when signature, text and log do, also once read back from its file', async () => {
    const { file, paper, log } = await aReceipt();
    const found = await paper();
    expect(found).toMatchObject({ text: { is: 'shown' }, log: { is: 'proved', index: 1, size: 2 } });
    expect(verdict(found)).toBe('holds');
    expect(readReceiptFile(utf8(receiptFile(file)))).toEqual(file);
    const { noticeText: _text, ...without } = file;
    const bare = await paperOf(
      { file: without, vkey: log.vkey },
      (vkey) => KnownLog.of(vkey, new Tiles(log.fetch), memoryInMap()),
      new Date(),
    );
    expect(bare.text).toEqual({ is: 'absent' });
    expect(verdict(bare)).toBe('holds');
  });

  it('says which part of a changed file does not hold, and draws no text that was not shown', async () => {
    const { file, paper, receipt } = await aReceipt();
    const other = await paper({ noticeText: file.noticeText.replace('then forgotten', 'then kept') });
    expect(other.text).toEqual({ is: 'wrong', how: 'hash' });
    expect(other.log.is).toBe('proved');
    expect(verdict(other)).toBe('wrong');
    for (const change of [
      { salt: b64u(new Uint8Array(32).fill(1)) },
      { index: 0 },
      { proof: file.proof.replace('index 1', 'index 0') },
      { proof: 'c2sp.org/tlog-proof@v1\n' },
    ]) {
      const found = await paper(change);
      expect(found.log.is, JSON.stringify(change).slice(0, 40)).toBe('unproved');
      expect(verdict(found)).toBe('wrong');
    }
    const [header = '', payload = '', signature = ''] = receipt.split('.');
    const lie = b64u(utf8(text(unb64u(payload)).replace('"refused"', '"given" ')));
    for (const forged of [`${header}.${lie}.${signature}`, `${receipt.slice(0, -8)}AAAAAAAA`])
      await expect(paper({ receipt: forged })).rejects.toMatchObject({ slug: 'bad-signature' });
  });

  it('is called neither good nor changed when nobody could be asked, or this browser keeps nothing', async () => {
    const { file, log } = await aReceipt();
    const away: Record<string, () => Promise<Response>> = {
      offline: () => Promise.reject(new TypeError('Failed to fetch')),
      busy: () => Promise.resolve(new Response('', { status: 429 })),
      down: () => Promise.resolve(new Response('', { status: 503 })),
      'cut off': () =>
        Promise.resolve(
          new Response(new ReadableStream({ start: (body) => body.error(new TypeError('network error')) })),
        ),
    };
    const overHttp = (vkey: string) => KnownLog.of(vkey, new Tiles(), memoryInMap());
    for (const [how, answer] of Object.entries(away)) {
      vi.stubGlobal('fetch', answer);
      for (const found of [{ file, vkey: log.vkey }, await brought(file)]) {
        const paper = await paperOf(found, overHttp, new Date());
        expect(paper.log.is, how).toBe('unchecked');
        expect(verdict(paper), how).toBe('unchecked');
      }
      const changed = { ...file, salt: b64u(new Uint8Array(32).fill(1)) };
      expect(verdict(await paperOf({ file: changed, vkey: log.vkey }, overHttp, new Date())), how).toBe(
        'wrong',
      );
    }
    const refused = { ...memoryInMap(), get: () => Promise.reject(new DOMException('', 'SecurityError')) };
    const forgetful = (vkey: string) => KnownLog.of(vkey, new Tiles(log.fetch), refused);
    expect(verdict(await paperOf({ file, vkey: log.vkey }, forgetful, new Date()))).toBe('unchecked');
  });

  it('is not proved by a log that the receipt does not name', async () => {
    const { paper } = await aReceipt();
    expect((await paper({}, '')).log).toEqual({ is: 'elsewhere' });
    const another = await logInMemory('other.example/log');
    const elsewhere = await paper({}, another.vkey);
    expect(elsewhere.log).toEqual({ is: 'elsewhere' });
    expect(verdict(elsewhere)).toBe('elsewhere');
    const sameName = await logInMemory();
    expect((await paper({}, sameName.vkey)).log.is).toBe('unproved');
  });

  it('knows nothing that takes a yes back', async () => {
    const { paper, slips } = await aReceipt();
    expect(slips).toHaveLength(1);
    const told = JSON.stringify(await paper());
    expect(told).toContain(slips[0]?.handle);
    expect(told).not.toContain(slips[0]?.secret);
  });
});

describe('a link to a receipt', () => {
  it('has the browser ask nobody, whoever made it, and shows what is kept here alone', async () => {
    const { file, receipt, log } = await aReceipt();
    await (await freshDevice('m1', log.origin)).keep();
    const asked: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      asked.push(path);
      return Promise.reject(new TypeError('Failed to fetch'));
    });
    const { id } = await readReceipt(receipt);
    expect(await keptHere(id)).toBeUndefined();
    await receipts.put({ id, meeting: 'm1', title: 'T', at: '', vkey: log.vkey, ...file });
    expect(await keptHere(id)).toEqual({ file, title: 'T', vkey: log.vkey });
    expect(asked).toEqual([]);
  });
});

describe('a receipt file', () => {
  it('that had no text is saved without one, and read again', async () => {
    const { file } = await aReceipt();
    const { noticeText: _text, ...bare } = file;
    expect(readReceiptFile(utf8(receiptFile(bare)))).toEqual(bare);
    expect(readReceiptFile(utf8(receiptFile({ ...bare, noticeText: '' })))).toEqual(bare);
  });

  it('is not opened when it is larger than a receipt can be', async () => {
    const { file } = await aReceipt();
    const opened: number[] = [];
    const ofSize = (size: number) =>
      ({
        size,
        arrayBuffer: () => {
          opened.push(size);
          return Promise.resolve(utf8(receiptFile(file)).buffer);
        },
      }) as Blob;
    await expect(broughtAs(ofSize(256 * 1024 + 1))).rejects.toMatchObject({ slug: 'oversized' });
    expect(opened).toEqual([]);
    expect((await broughtAs(ofSize(256 * 1024))).file).toEqual(file);
  });

  it('stands in no command when it could end the quotes around it', () => {
    expect(typeable('meet.example/log+0a1b2c3d+AbC/+d=')).toBe('meet.example/log+0a1b2c3d+AbC/+d=');
    expect(typeable("x';curl${IFS}evil;'+0a1b2c3d+AbC")).toBe('KEY');
    expect(typeable(undefined)).toBe('KEY');
  });
});
