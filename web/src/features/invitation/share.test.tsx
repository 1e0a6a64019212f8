// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { speak, startWords } from '../../words/words';
import { Share } from './Share';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

const SECRET = 'A'.repeat(43);
const LINK = `https://aye.example/m/abc#${SECRET}`;

beforeAll(startWords);

/** What is in the clipboard after each of the buttons. */
async function copied(title: string): Promise<string[]> {
  const texts: string[] = [];
  vi.stubGlobal('navigator', {
    languages: ['en'],
    clipboard: {
      writeText: (text: string) => {
        texts.push(text);
        return new Promise(() => undefined);
      },
    },
  });
  const place = document.createElement('div');
  const root = createRoot(place);
  await act(async () => root.render(<Share link={LINK} title={title} />));
  for (const button of place.querySelectorAll('button')) await act(async () => button.click());
  await act(async () => root.unmount());
  return texts;
}

describe('what a host sends to the others', () => {
  it('is the bare link, or a few words with it and the page to read beforehand', async () => {
    const [link, words] = await copied('Weekly catch-up');
    expect(link).toBe(LINK);
    expect(words?.split('\n')).toEqual([
      'You are invited: “Weekly catch-up”.',
      `To join: ${LINK}`,
      `To read beforehand what AI may do there, and to choose for yourself: https://aye.example/i/abc#${SECRET}`,
      'No answer is a no, and costs you nothing.',
    ]);
  });

  it('is in the language of the page', async () => {
    speak('nl');
    const [, words] = await copied('');
    expect(words).toContain('Je bent uitgenodigd voor een vergadering.');
    expect(words).toContain(`https://aye.example/i/abc#${SECRET}`);
    speak('en');
  });
});
