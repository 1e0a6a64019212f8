import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { recall, remember } from '../shell/remember';
import { en } from './en';
import { nl } from './nl';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'words';
    resources: { words: typeof en };
  }
}

export const LOCALES = ['en', 'nl'] as const;
export type Locale = (typeof LOCALES)[number];

/** The language somebody chose here before, else the first of their browser's that we speak. */
function preferred(): Locale {
  const chosen = recall('browser', 'aye.language');
  const wanted = [chosen, ...navigator.languages.map((l) => l.slice(0, 2))];
  return LOCALES.find((l) => l === wanted.find((w) => LOCALES.some((known) => known === w))) ?? 'en';
}

export async function startWords(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: preferred(),
    fallbackLng: 'en',
    defaultNS: 'words',
    resources: { en: { words: en }, nl: { words: nl } },
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = locale();
}

export function locale(): Locale {
  return i18next.language === 'nl' ? 'nl' : 'en';
}

export function speak(language: Locale): void {
  remember('browser', 'aye.language', language);
  void i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** Several things as one says them: "a, b and c". */
export function list(things: readonly string[]): string {
  return new Intl.ListFormat(locale() === 'nl' ? 'nl-NL' : 'en-GB', { type: 'conjunction' }).format(things);
}

/** A time of day, to the second, as people write it in the chosen language. */
export function clock(time: Date): string {
  return time.toLocaleTimeString(locale() === 'nl' ? 'nl-NL' : 'en-GB');
}

export function day(time: Date): string {
  return time.toLocaleString(locale() === 'nl' ? 'nl-NL' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
}

export function date(time: Date): string {
  return time.toLocaleDateString(locale() === 'nl' ? 'nl-NL' : 'en-GB', { dateStyle: 'long' });
}

/** An amount of bytes as people say it: "1.4 MB". */
export function bytesOf(bytes: number): string {
  const [amount, unit] = bytes < 1e6 ? [bytes / 1e3, 'kilobyte'] : [bytes / 1e6, 'megabyte'];
  return amount.toLocaleString(locale() === 'nl' ? 'nl-NL' : 'en-GB', {
    style: 'unit',
    unit,
    maximumFractionDigits: 1,
  });
}
