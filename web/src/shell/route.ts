import { Store } from './store';

/** Where in the app one is. The fragment of a meeting link stays in the address bar only on the meeting's own page. */
export type Route =
  | { readonly page: 'landing' | 'me' | 'withdraw' | 'transparency' | 'nowhere' }
  | { readonly page: 'meeting' | 'invitation'; readonly id: string }
  | { readonly page: 'receipt'; readonly id: string | undefined };

export function routeOf(path: string): Route {
  if (path === '/') return { page: 'landing' };
  if (path === '/me' || path === '/withdraw' || path === '/transparency')
    return { page: path.slice(1) as 'me' | 'withdraw' | 'transparency' };
  const receipt = /^\/me\/receipt(?:\/([A-Za-z0-9_-]{22}))?\/?$/.exec(path);
  if (receipt) return { page: 'receipt', id: receipt[1] };
  const [, page, id] = /^\/([mi])\/([A-Za-z0-9_-]{1,64})\/?$/.exec(path) ?? [];
  return id === undefined ? { page: 'nowhere' } : { page: page === 'i' ? 'invitation' : 'meeting', id };
}

export const route = new Store<{ at: Route; visit: number }>({ at: routeOf(location.pathname), visit: 0 });

/**
 * Goes to a page of the app. The new address has no fragment unless the path brings its own. An invitation is loaded
 * and left as a page of its own: the server has browsers keep camera and microphone from it, and from it alone.
 */
export function go(path: string): void {
  const invitation = (at: string) => routeOf(at).page === 'invitation';
  if (invitation(location.pathname) || invitation(new URL(path, location.href).pathname)) {
    location.assign(path);
    return;
  }
  history.pushState(null, '', path);
  arrive();
}

function arrive(): void {
  route.set({ at: routeOf(location.pathname), visit: route.get().visit + 1 });
  window.scrollTo(0, 0);
}

window.addEventListener('popstate', arrive);
