import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { en } from './en';
import { nl } from './nl';

const SOURCES = new URL('../', import.meta.url);

/** The key of each sentence, from the outermost on. */
function keys(words: object, before = ''): string[] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? keys(value, `${before}${key}.`) : [`${before}${key}`],
  );
}

/** All keys that pages ask for: written out, or with a part that is filled in. */
async function asked(): Promise<(key: string) => boolean> {
  const names = (await readdir(SOURCES, { recursive: true })).filter(
    (name) => /\.tsx?$/.test(name) && !name.includes('.test.') && !name.startsWith('words'),
  );
  const all = (await Promise.all(names.map((name) => readFile(new URL(name, SOURCES), 'utf8')))).join('\n');
  const plain = new Set([...all.matchAll(/'([a-zA-Z]+(?:\.[\w-]+)*)'/g)].map(([, key]) => key));
  const filled = [...all.matchAll(/\bt\(\s*`((?:[a-zA-Z]+\.)+[^`]*)`/g)].map(
    ([, pattern = '']) =>
      new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[^.]+')}$`),
  );
  expect(filled.length).toBeGreaterThan(20);
  return (key) => plain.has(key) || filled.some((pattern) => pattern.test(key));
}

it('every word is asked for by some page, and both languages have the same', async () => {
  const isAsked = await asked();
  const all = keys(en);
  expect(all.length).toBeGreaterThan(500);
  expect(all.filter((key) => !isAsked(key))).toEqual([]);
  expect(keys(nl).sort()).toEqual(all.sort());
});

it('Dutch has one verb for taking a yes back', () => {
  const said = JSON.stringify(nl);
  expect(said).toContain('ingetrokken');
  expect(
    said.match(
      /\w*(terugn[ae]m|teruggenomen|teruggevraagd|terug te nemen)\w*|\b(neem|trek) (je|het) (\S+ ){0,6}terug\b/gi,
    ),
  ).toBeNull();
});

it('Dutch has one word for a receipt, and one for encryption that nobody in between can read', () => {
  const said = JSON.stringify(nl);
  // What is left is proof: of the log, or of a fork of it.
  const proof = said.match(/[^".:;,]*\b[Bb]ewijs\b[^".:;,]*/g)?.map((part) => part.trim());
  expect(proof).toEqual([
    'maar het bewijs ervan kwam niet op dit apparaat aan',
    'een bewijs',
    'Bewijs bewaren',
  ]);
  expect(said).not.toMatch(/end-to-end/i);
});

it('what is kept until a yes is taken back may be deleted sooner, as the notice says', () => {
  for (const [words, sooner] of [
    [en, 'or the operator deletes it sooner'],
    [nl, 'of tot de beheerder het eerder wist'],
  ] as const)
    for (const row of ['notes', 'training'] as const)
      expect(words.transparency.rows[row].long).toContain(sooner);
});
