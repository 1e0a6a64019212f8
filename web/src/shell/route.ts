import { Store } from './store';

/** Where in the app one is. The fragment of a meeting link stays in the address bar only on the meeting's own page. */
export type Route =
  | { readonly page: 'landing' | 'me' | 'withdraw' | 'transparency' | 'nowhere' }
  | { readonly page: 'meeting'; readonly id: string };

export function routeOf(path: string): Route {
  if (path === '/') return { page: 'landing' };
  if (path === '/me' || path === '/withdraw' || path === '/transparency')
    return { page: path.slice(1) as 'me' | 'withdraw' | 'transparency' };
  const meeting = /^\/m\/([A-Za-z0-9_-]{1,64})\/?$/.exec(path);
  return meeting ? { page: 'meeting', id: meeting[1] ?? '' } : { page: 'nowhere' };
}

export const route = new Store<{ at: Route; visit: number }>({ at: routeOf(location.pathname), visit: 0 });

/** Goes to a page of the app. The new address has no fragment unless the path brings its own. */
export function go(path: string): void {
  history.pushState(null, '', path);
  arrive();
}

function arrive(): void {
  route.set({ at: routeOf(location.pathname), visit: route.get().visit + 1 });
  window.scrollTo(0, 0);
}

window.addEventListener('popstate', arrive);
