// Where a home's sockets are. A unix socket's path is cut by the kernel, without a word, at 108 bytes (104 on macOS); a home that is too
// deep gets a short folder of its own instead, and always the same one.
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '../../preload/contract/errors';
import { asError } from './async';
import { runFiles } from './home';

/** Bytes without the closing zero. */
export const SOCKET_PATH_LIMIT = process.platform === 'darwin' ? 103 : 107;

export interface RunFolderEnvironment {
  readonly xdgRuntimeDir: string | undefined;
  readonly temporary: string;
  readonly user: number;
}

/** Pure: the folder that a home's sockets go to. Throws `home.socketPathTooLong` where none is short enough. */
export function chooseRunFolder(home: string, environment: RunFolderEnvironment, limit: number = SOCKET_PATH_LIMIT): string {
  const inHome = join(home, 'run');
  const name = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const candidates = [inHome];
  if (environment.xdgRuntimeDir?.startsWith('/') === true) {
    candidates.push(join(environment.xdgRuntimeDir, `berth-${name}`));
  }
  candidates.push(join(environment.temporary, `berth-${environment.user}-${name}`));
  candidates.push(join('/tmp', `berth-${environment.user}-${name}`));
  const fitting = candidates.find((folder) => longestSocket(folder) <= limit);
  if (fitting === undefined) {
    throw new BerthError('home.socketPathTooLong', { path: inHome, bytes: longestSocket(inHome), limit });
  }
  return fitting;
}

/** Chooses and creates it, 0700 and the user's own; refuses a folder that someone else laid there first. */
export async function prepareRunFolder(home: string): Promise<string> {
  const user = process.getuid?.() ?? 0;
  const folder = chooseRunFolder(home, { xdgRuntimeDir: process.env['XDG_RUNTIME_DIR'], temporary: tmpdir(), user });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    const foreign = process.platform !== 'win32' && (found.uid !== user || (found.mode & 0o077) !== 0);
    if (!found.isDirectory() || foreign) {
      throw new Error('belongs to another user or is open to others');
    }
  } catch (error) {
    throw new BerthError('home.notWritable', { path: folder, reason: asError(error).message }, { cause: error });
  }
  return folder;
}

function longestSocket(folder: string): number {
  const { folder: _, ...sockets } = runFiles(folder);
  return Math.max(...Object.values(sockets).map((path) => Buffer.byteLength(path)));
}
