// Finds and prepares a home: private folder, format number, the folder of its sockets. Deletes nothing, and refuses a newer format untouched.
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { BerthError } from '../../preload/contract';
import { asError } from '../lib/async';
import { readText, writeAtomic } from '../lib/atomic-file';
import { HOME_FORMAT, homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { prepareRunFolder } from '../lib/run-folder';

export interface HomeEnvironment {
  readonly BERTH_HOME?: string | undefined;
  readonly LOCALAPPDATA?: string | undefined;
}

/** No spaces in the default: DOCKER_HOST is written down by users for ever. */
export function locateHome(environment: HomeEnvironment, asked?: string): string {
  const chosen = asked ?? environment.BERTH_HOME;
  if (chosen !== undefined && chosen !== '') {
    return resolve(chosen);
  }
  const local = environment.LOCALAPPDATA;
  return process.platform === 'win32' && local !== undefined ? join(local, 'Berth') : join(homedir(), '.berth');
}

/** Rejects with `home.notWritable`, `home.newer` or `home.socketPathTooLong`. */
export async function prepareHome(root: string): Promise<HomeFiles> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const found = await lstat(root);
    if (process.platform !== 'win32' && !found.isSymbolicLink() && (found.mode & 0o077) !== 0) {
      await chmod(root, 0o700);
    }
    await checkFormat(join(root, 'format'));
  } catch (error) {
    throw error instanceof BerthError
      ? error
      : new BerthError('home.notWritable', { path: root, reason: asError(error).message }, { cause: error });
  }
  return homeFiles(root, await prepareRunFolder(root));
}

async function checkFormat(path: string): Promise<void> {
  const text = await readText(path);
  const found = Number((text ?? '').trim());
  if (found > HOME_FORMAT) {
    throw new BerthError('home.newer', { path, found, known: HOME_FORMAT });
  }
  if (found !== HOME_FORMAT) {
    // Missing, or cut short by a crash of the very first start: there is only one format so far.
    await writeAtomic(path, `${HOME_FORMAT}\n`);
  }
}
