import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { noticeText } from '../../../tests/notices';
import { b64u, concat, sha256, text, unb64u, utf8, type Bytes } from '../bytes/bytes';
import { commitment } from '../log/leaf';
import { BadReceipt, readReceipt, readReceiptFile, shownText, type Receipt } from './receiptReader';
import { NotStrict, strictJson } from './strictJson';

/** The same files that the reader of the server is held to. */
const SHARED = '../../../../consent/src/test/resources/';

interface Vectors {
  readonly context: { readonly notice: { readonly text: string } };
  readonly device: JsonWebKey;
  readonly vectors: readonly {
    readonly name: string;
    readonly receipt: string;
    readonly salt: string;
    readonly commitment: string;
    readonly parse: string;
    readonly answer: string;
  }[];
}

type Mutant = readonly [
  base: string,
  part: string,
  at: number,
  removed: number,
  put: string,
  verdict: string,
];

async function shared(name: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(SHARED + name, import.meta.url), 'utf8'));
}

const file = (await shared('receipt-vectors.json')) as Vectors;
const fuzz = (await shared('receipt-fuzz.json')) as { readonly mutants: readonly Mutant[] };
const receiptOf = new Map(file.vectors.map((v) => [v.name, v.receipt]));

async function verdict(jws: string): Promise<string> {
  try {
    return `good ${await digest(await readReceipt(jws))}`;
  } catch (failure) {
    if (failure instanceof BadReceipt) return failure.slug;
    throw failure;
  }
}

/** A hash of all that was read, made as ReceiptFuzzTest makes it. */
async function digest(r: Receipt): Promise<string> {
  const fields = [
    r.person,
    r.id,
    r.origin,
    r.meeting,
    r.participant,
    r.issued,
    String(r.notice.version),
    r.notice.locale,
    r.notice.hash,
    r.controller,
    r.recipient.id,
    r.recipient.key,
    r.recipient.processor.host,
    r.recipient.processor.model,
    r.scope.kind,
    r.scope.kind === 'room' ? r.scope.id : '',
    r.scope.kind === 'meeting' ? '' : r.scope.until,
    ...r.choices.flatMap((c) => [c.purpose, c.medium, c.state, c.handle ?? '']),
  ];
  const parts = fields.flatMap((field) => [utf8(`${utf8(field).length}:`), utf8(field)]);
  return b64u(await sha256(concat(...parts))).slice(0, 12);
}

async function sign(header: Uint8Array, payload: Uint8Array): Promise<string> {
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const key = await crypto.subtle.importKey('jwk', file.device, ecdsa, false, ['sign']);
  const signed = `${b64u(header)}.${b64u(payload)}`;
  return `${signed}.${b64u(new Uint8Array(await crypto.subtle.sign(ecdsa, key, utf8(signed))))}`;
}

function parts(jws: string): { header: Bytes; payload: Bytes } {
  const [header = '', payload = ''] = jws.split('.');
  return { header: unb64u(header), payload: unb64u(payload) };
}

async function mutated([base, part, at, removed, put]: Mutant): Promise<string> {
  const jws = receiptOf.get(base) ?? '';
  const { header, payload } = parts(jws);
  const change = (bytes: Uint8Array) => concat(bytes.slice(0, at), unb64u(put), bytes.slice(at + removed));
  if (part === 'header') return sign(change(header), payload);
  return part === 'payload' ? sign(header, change(payload)) : text(change(utf8(jws)));
}

describe('the receipts that every reader must judge alike', () => {
  it.each(file.vectors.map((v) => [v.name, v] as const))('%s', async (_name, vector) => {
    expect((await verdict(vector.receipt)).split(' ')[0]).toBe(vector.parse);
    expect(b64u(await commitment(unb64u(vector.salt, 32), vector.receipt))).toBe(vector.commitment);
  });

  it('are all there', () => {
    expect(file.vectors.length).toBeGreaterThan(100);
    expect(new Set(file.vectors.map((v) => v.parse))).toEqual(
      new Set(['good', 'malformed', 'not-a-token', 'oversized', 'bad-signature', 'bad-key']),
    );
  });

  it('are held against the text that was shown as the server holds them', async () => {
    const said: Record<string, string> = {};
    for (const { name, receipt, parse, answer } of file.vectors) {
      if (parse !== 'good') continue;
      const shown = await shownText(await readReceipt(receipt), file.context.notice.text);
      said[answer] ??= 'wrong' in shown ? shown.wrong : 'shown';
      if (answer === 'unknown-notice') expect('wrong' in shown, name).toBe(true);
    }
    expect(said).toMatchObject({ good: 'shown', 'wrong-controller': 'controller', 'not-offered': 'unasked' });
  });
});

describe('receipts changed by chance', () => {
  it('are judged as the server judges them, and read alike to the last field', async () => {
    const differ: unknown[] = [];
    for (const mutant of fuzz.mutants) {
      const found = await verdict(await mutated(mutant));
      if (found !== mutant[5]) differ.push([...mutant, found]);
    }
    expect(differ).toEqual([]);
    expect(fuzz.mutants.length).toBeGreaterThanOrEqual(2000);
    expect(fuzz.mutants.filter((m) => m[5].startsWith('good ')).length).toBeGreaterThan(400);
  }, 120_000);
});

/** The same numbers on every run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('a hostile text', () => {
  const FULL = 12_000; // what fits into a receipt of 16 KiB once it is base64

  it('is refused with an error of the reader and no other', async () => {
    const pick = chance(7);
    const bits = [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\u00',
      '\\ud800',
      '1',
      '-',
      'e9',
      'true',
      'null',
      ' ',
      '\n',
    ];
    const { header, payload } = parts(receiptOf.get('a yes') ?? '');
    const words = text(payload).split(/(?=[{}[\]:,"])/);
    for (let i = 0; i < 400; i++) {
      const made = Array.from({ length: 1 + pick(400) }, () =>
        pick(2) === 0 ? (bits[pick(bits.length)] ?? '') : (words[pick(words.length)] ?? ''),
      ).join('');
      const random = Uint8Array.from({ length: pick(FULL) }, () => pick(256));
      for (const jws of [
        await sign(header, utf8(made.slice(0, FULL))),
        await sign(utf8(made.slice(0, 4000)), payload),
        await sign(header, random),
        made,
        `${made}.${made}.${made}`,
      ])
        await expect(readReceipt(jws)).rejects.toBeInstanceOf(BadReceipt);
      for (const bytes of [utf8(made), random]) expect(() => readReceiptFile(bytes)).toThrow(BadReceipt);
    }
  });

  // Of a megabyte each, so that anything quadratic would outlast the test by far.
  const LONG = 1 << 20;
  it.each([
    ['opening brackets', '['.repeat(LONG)],
    ['opening braces', '{"a":'.repeat(LONG / 5)],
    ['an endless text', `"${'a'.repeat(LONG)}`],
    ['nothing but escapes', `"${'\\u0061'.repeat(LONG / 6)}"`],
    ['nothing but backslashes', `"${'\\\\'.repeat(LONG / 2)}"`],
    ['a number without end', '1'.repeat(LONG)],
    ['spaces', ' '.repeat(LONG)],
    ['many keys', `{${Array.from({ length: LONG / 12 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['many lists', `[${'[],'.repeat(LONG / 3)}[]]`],
    ['half pairs', `"${'\ud83d\ude00'.repeat(LONG / 4)}\\ud800"`],
    ['quotes', '"'.repeat(LONG)],
    ['commas', `[${','.repeat(LONG)}`],
  ])('takes no more than linear time: %s', (_name, long) => {
    const bytes = utf8(long);
    const started = performance.now();
    try {
      strictJson(bytes);
    } catch (failure) {
      expect(failure).toBeInstanceOf(NotStrict);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('of the full size is judged in a moment', async () => {
    const { header } = parts(receiptOf.get('a yes') ?? '');
    const started = performance.now();
    const texts = [
      '['.repeat(FULL),
      `"${'\\u0061'.repeat(FULL / 6 - 1)}"`,
      `{${'"a":1,'.repeat(FULL / 6 - 1)}"b":1}`,
    ];
    for (const hostile of texts) expect(await verdict(await sign(header, utf8(hostile)))).toBe('malformed');
    expect(await verdict('A'.repeat(16385))).toBe('oversized');
    expect(await verdict('A'.repeat(16384))).toBe('not-a-token');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('a receipt file', () => {
  const good = () => ({
    receipt: receiptOf.get('a yes') ?? '',
    salt: b64u(new Uint8Array(32)),
    index: 7,
    proof: 'c2sp.org/tlog-proof@v1\n',
  });
  const read = (value: unknown) => readReceiptFile(utf8(JSON.stringify(value)));

  it('holds what docs/protocol.md says and nothing else', () => {
    expect(read(good())).toEqual(good());
    expect(read({ ...good(), noticeText: noticeText('en') }).noticeText).toBe(noticeText('en'));
    const { salt: _salt, ...less } = good();
    for (const bad of [
      less,
      { ...good(), secret: 'x' },
      { ...good(), index: -1 },
      { ...good(), index: 1.5 },
      { ...good(), salt: 'AA' },
      { ...good(), noticeText: '' },
      [good()],
      'x',
    ])
      expect(() => read(bad), JSON.stringify(bad).slice(-40)).toThrow(BadReceipt);
    expect(() => readReceiptFile(utf8(`\ufeff${JSON.stringify(good())}`))).toThrow(BadReceipt);
    expect(() => readReceiptFile(utf8(JSON.stringify(good()).replace('{', '{"index":8,')))).toThrow(
      BadReceipt,
    );
    expect(() => readReceiptFile(new Uint8Array(256 * 1024 + 1))).toThrow(BadReceipt);
  });
});
