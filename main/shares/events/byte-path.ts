// Paths of the host as they are: bytes, one to a character, because a name need not be UTF-8. Knows no file system.
import { isWithin } from '../../lib/within';

/** An absolute path, each character a byte (latin1); never shown to anybody. */
export type BytePath = string;

export function bytePath(path: string): BytePath {
  return Buffer.from(path, 'utf8').toString('latin1');
}

export function readable(path: BytePath): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

export function folderOf(path: BytePath): BytePath {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** Each folder once: without those inside of another one, and without ends in slashes. */
export function outermost(folders: readonly string[]): readonly string[] {
  const sorted = [...new Set(folders.filter((folder) => folder.startsWith('/')).map((folder) => folder.replace(/(?<=.)\/+$/, '')))].sort(
    (a, b) => a.length - b.length,
  );
  const kept: string[] = [];
  for (const folder of sorted) {
    if (!kept.some((outer) => isWithin(outer, folder))) {
      kept.push(folder);
    }
  }
  return kept.sort();
}
