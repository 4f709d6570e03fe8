// From the engine's containers to the folders that must be watched. Knows containers as rows, and nothing of watching.
import type { ContainerSummary } from '../../../preload/contract';
import type { Observable } from '../../lib/observable';
import { outermost } from './byte-path';

/** What containers that have processes bind; a paused one reads its events later. */
export function boundFolders(containers: readonly ContainerSummary[]): readonly string[] {
  const alive = containers.filter(({ state }) => state === 'running' || state === 'paused' || state === 'restarting');
  return outermost(alive.flatMap(({ binds }) => binds ?? []));
}

/** Calls `bound` whenever that list becomes another one: empty while there is no engine. Returns the way to stop. */
export function followBinds(
  containers: Observable<readonly ContainerSummary[]>,
  available: Observable<boolean>,
  bound: (folders: readonly string[]) => void,
): () => void {
  let last = '[]';
  const look = (): void => {
    const folders = available.get() ? boundFolders(containers.get()) : [];
    const text = JSON.stringify(folders);
    if (text !== last) {
      last = text;
      bound(folders);
    }
  };
  const ends = [containers.subscribe(look), available.subscribe(look)];
  look();
  return () => ends.forEach((end) => end());
}
