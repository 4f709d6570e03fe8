// Whether a path has something behind it, for those who need no more than that.
import { lstat } from 'node:fs/promises';
import type { PathLike } from 'node:fs';

/** Whether there is something by this name, be it a link that leads nowhere. */
export function exists(path: PathLike): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
