// The engine's configuration as a value: its form as text, and what the guest is given so that it means the same. Pure.
import { daemonKey, daemonKeys } from '../../preload/contract';
import type { DaemonDocument } from './daemon-config';

export function formatDocument(document: DaemonDocument): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/**
 * What is written for the guest. `lastWritten` is what dockerd that runs has read; undefined at a boot.
 * - A reloadable key that went away is written with dockerd's default, because dockerd keeps its value otherwise.
 * - `userland-proxy: true` is left out: it is the default, and dockerd refuses every reload of a file that says it without userland-proxy-path
 *   (it checks the file alone, where the path that it found at its start is missing).
 */
export function forGuest(document: DaemonDocument, lastWritten?: DaemonDocument): DaemonDocument {
  const entries = Object.entries(document).filter(
    ([key, value]) =>
      // Given on the command line now; a document from before may have it, and dockerd refuses both.
      daemonKey(key)?.owned !== 'hostAccess' &&
      !(key === 'userland-proxy' && value === true && document['userland-proxy-path'] === undefined),
  );
  const neutral = daemonKeys
    .filter(({ name, apply }) => apply === 'reload' && lastWritten?.[name] !== undefined && document[name] === undefined)
    .map(({ name, default: standard }) => [name, standard] as const);
  return Object.fromEntries([...entries, ...neutral]);
}
