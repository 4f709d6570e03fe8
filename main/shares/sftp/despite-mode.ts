// Root in a container opens what the mode forbids; by SFTP everyone does, because it does not say who asks. Knows how, not when.
import { lstat } from 'node:fs/promises';
import type { Beneath } from './beneath';

export interface Despite {
  readonly path: Buffer;
  readonly beneath: Pick<Beneath, 'chmod'>;
  /** On such a share no mode is raised: nothing of the user's changes, not even for a moment. */
  readonly readOnly: boolean;
  readonly kind: 'file' | 'folder';
}

const RAISED = { file: 0o600, folder: 0o700 };

/** Where the mode denies the user its own file, it is raised for one more try and put back. */
export async function despiteMode<T>({ path, beneath, readOnly, kind }: Despite, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES' && !readOnly;
    const stats = denied ? await lstat(path) : undefined;
    const isRight = kind === 'file' ? stats?.isFile() === true : stats?.isDirectory() === true;
    if (stats === undefined || !isRight || stats.uid !== process.getuid?.()) {
      throw error;
    }
    await beneath.chmod(path, stats.mode | RAISED[kind]);
    try {
      return await open();
    } finally {
      await beneath.chmod(path, stats.mode & 0o7777);
    }
  }
}
