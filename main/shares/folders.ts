// Which folders may be shared, and how paths lie to each other. Looks at the host's folders; changes nothing.
import { realpath, stat, statfs } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { ShareFolder } from '../../preload/contract';
import { hasCode } from '../lib/atomic-file';
import { isWithin } from '../lib/within';
import { isReserved } from './places';

/** Parents before what lies in them. */
export function inOrder<T extends { readonly path: string }>(folders: readonly T[]): T[] {
  return [...folders].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The folder as it is really called, or why it cannot be shared. */
export async function checkFolder(path: string, berthHome: string): Promise<string> {
  if (!isAbsolute(path)) {
    throw new BerthError('shares.relative', { path });
  }
  if (path.includes('\0')) {
    throw new BerthError('shares.invalid', { path: path.replaceAll('\0', '?'), reason: '\\0' });
  }
  const real = await realOf(path);
  if (real === undefined) {
    throw new BerthError('shares.notFound', { path });
  }
  if (!(await stat(real)).isDirectory()) {
    throw new BerthError('shares.notFolder', { path });
  }
  if (isReserved(real)) {
    throw new BerthError('shares.reserved', { path: real });
  }
  if (isWithin(await realpath(berthHome), real)) {
    throw new BerthError('shares.own', { path: real });
  }
  return real;
}

export async function realOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG')) {
      return undefined;
    }
    throw error;
  }
}

/** What a folder is, so that one that was deleted and made again, or another disk in its place, is seen as another; undefined = not there. */
export async function identityOf(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    return found.isDirectory() ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    return undefined;
  }
}

/** f_type of statfs(2): vfat, exfat, isofs, ramfs. */
const WITHOUT_ATTRIBUTES: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0, 0x9660, 0x858458f6]);

export const keepsAttributes = (type: number): boolean => !WITHOUT_ATTRIBUTES.has(type);

/** Whether the owners that containers set can be kept with the files (vm/bundle/owners.c); root needs no such record. */
export async function keepsOwners(path: string): Promise<boolean> {
  return process.getuid?.() === 0 || keepsAttributes((await statfs(path)).type);
}

/** Without one the user has none, such as a service's user: nothing is shared until it is asked for. */
export async function defaultFolders(homeFolder: string): Promise<readonly ShareFolder[]> {
  const real = await realOf(homeFolder);
  return real === undefined || isReserved(real) ? [] : [{ path: real, readOnly: false }];
}
