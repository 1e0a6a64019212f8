import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startWords, speak } from '../../words/words';
import { en } from '../../words/en';
import { nl } from '../../words/nl';
import { LogMismatch } from '../log/note';
import { Problem } from './client';
import { wordsOfLog, wordsOfProblem } from './problems';
import { sentence } from './sentences';

const root = new URL('../../../../', import.meta.url);

async function sources(folder: string, end: string): Promise<string> {
  const from = new URL(folder, root);
  const names = (await readdir(from, { recursive: true })).filter(
    (n) => n.endsWith(end) && !n.includes('.test.'),
  );
  return (await Promise.all(names.map((n) => readFile(new URL(n, from), 'utf8')))).join('\n');
}

/** Every slug by which the server can name a problem, read from its sources. */
async function slugs(): Promise<string[]> {
  const app = await sources('app/src/main/java/dev/aye/app/', '.java');
  const found = new Set<string>();
  const first = /Problem\s*\.(?:badRequest|forbidden|notFound|conflict|unavailable)\(\s*("[^"]*"|\w+)/g;
  for (const [, slug = ''] of app.matchAll(first)) {
    if (slug === 'String') continue;
    // What is wrong with a field is named by the field: those are found below, where the fields are read.
    if (slug === 'what') continue;
    expect(slug, 'a slug that this test cannot read').toMatch(/^"/);
    found.add(slug.slice(1, -1));
  }
  for (const [, slug = ''] of app.matchAll(/Problem\s*\.of\([^"]*?,\s*"([^"]*)"/g)) found.add(slug);
  for (const [, slug = ''] of app.matchAll(/HttpStatus\.\w+,\s*"([a-z-]+)"/g)) found.add(slug);
  for (const [, slug = ''] of app.matchAll(/\b(?:line|hash)\((?:[^()]|\([^()]*\))*,\s*"([^"]*)"\)/g))
    found.add(slug);
  const refusals = await readFile(
    new URL('consent/src/main/java/dev/aye/consent/Refusal.java', root),
    'utf8',
  );
  const names = [...refusals.matchAll(/^ {2}([A-Z_]+)\("/gm)].map(([, n = '']) =>
    n.toLowerCase().replaceAll('_', '-'),
  );
  expect(names.length).toBeGreaterThan(20);
  for (const prefix of ['device-', 'answer-'])
    if (found.delete(prefix)) for (const name of names) found.add(prefix + name);
  return [...found];
}

describe('what the server finds wrong', () => {
  beforeAll(async () => {
    vi.stubGlobal('document', { documentElement: {} });
    vi.stubGlobal('navigator', { languages: ['nl'] });
    await startWords();
  });

  it('has words of its own in both languages, whatever it is', async () => {
    const all = await slugs();
    for (const known of [
      'full',
      'put-out',
      'unknown-slip',
      'unauthorized',
      'too-many-requests',
      'title',
      'knock',
    ])
      expect(all).toContain(known);
    expect(all).toContain('answer-already-given');
    expect(all.filter((slug) => wordsOfProblem(slug) === undefined)).toEqual([]);
    const used = new Set(all.map(wordsOfProblem));
    for (const words of [en, nl]) expect(new Set(Object.keys(words.errors.problems))).toEqual(used);
  });

  it('is never told in the words of the server', async () => {
    for (const language of ['en', 'nl'] as const) {
      speak(language);
      for (const slug of [...(await slugs()), 'of-tomorrow'])
        for (const status of [400, 403, 404, 409, 500]) {
          const said = sentence(new Problem(slug, status, 'Words of the server.'));
          expect(said, slug).not.toMatch(/Words of the server|undefined|errors\./);
        }
    }
    speak('nl');
    expect(sentence(new Error('English inside'))).not.toContain('English');
  });

  it('with the log has words, too', async () => {
    const web = await sources('web/src/features/', '.ts');
    const said = [...web.matchAll(/new LogMismatch\(\s*['`]([^'`$]*)/g)].map(([, message = '']) => message);
    expect(said.length).toBeGreaterThan(20);
    expect(said.filter((message) => wordsOfLog(message) === undefined)).toEqual([]);
    const told = sentence(new LogMismatch('the log has another key than before'));
    expect(told).toContain(nl.errors.logWhy.key);
    expect(told).not.toContain('another');
    expect(Object.keys(nl.errors.logWhy)).toEqual(Object.keys(en.errors.logWhy));
  });
});
