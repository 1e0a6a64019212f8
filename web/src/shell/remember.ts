/**
 * Small things that make a page pleasant: a name, a language, a link. A browser that refuses storage keeps them for as
 * long as the page lives; nothing may depend on more.
 */
const here = new Map<string, string>();

const storage = (where: 'tab' | 'browser') => (where === 'tab' ? sessionStorage : localStorage);

export function recall(where: 'tab' | 'browser', key: string): string | undefined {
  try {
    return storage(where).getItem(key) ?? here.get(key);
  } catch {
    return here.get(key);
  }
}

export function remember(where: 'tab' | 'browser', key: string, value: string): void {
  here.set(key, value);
  try {
    storage(where).setItem(key, value);
  } catch {
    // Refused or full: then it is known until the page closes.
  }
}
