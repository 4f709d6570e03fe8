// Where the window is: the address's fragment, "#/containers/<id>/logs?x=y". Nothing else of the page lives there.
import { useMemo, useSyncExternalStore } from 'react';

export interface Route {
  /** First segment: overview, containers, images, mirrors, ports, disk, repair, run, settings. */
  readonly page: string;
  readonly args: readonly string[];
  readonly query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page, ...args] = path.split('/').map(decode);
  return {
    page: page === undefined || page === '' ? 'overview' : page,
    args: args.filter((arg) => arg !== ''),
    query: new URLSearchParams(query),
  };
}

export function href(page: string, ...args: string[]): string {
  return `#/${[page, ...args].map(encodeURIComponent).join('/')}`;
}

export function navigate(target: string): void {
  location.hash = target;
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** A fragment typed by hand may be no valid encoding. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
