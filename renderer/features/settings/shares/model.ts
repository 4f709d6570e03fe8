// What the page says of a share beyond the backend's words. Pure.
import type { Share, ShareDriver, WireError } from '../../../../preload/contract';
import type { MarkKind } from '../../../ui/state-mark';

export const marks: Readonly<Record<Share['state'], MarkKind>> = {
  waiting: 'new',
  mounting: 'busy',
  mounted: 'run',
  missing: 'fail',
  restart: 'warn',
  failed: 'fail',
};

/** Their own names, the same in every language. */
export const driverNames: Readonly<Record<ShareDriver, string>> = { virtiofs: 'virtiofs', sshfs: 'SSHFS', drvfs: 'WSL' };

/** From here on the open files are told in colour. */
const FULL = 0.8;

export function isFull(files: NonNullable<Share['files']>): boolean {
  return files.open >= files.limit * FULL;
}

/** The last part of the path: what people call the folder. */
export function nameOf(path: string): string {
  return path.split('/').findLast((part) => part !== '') ?? path;
}

export function parentOf(path: string): string {
  return path.replace(/\/+[^/]*\/*$/, '') || '/';
}

/** What stands below the row: the backend's error, or what the state itself asks for. */
export function troubleOf({ path, state, error }: Share): WireError | undefined {
  if (error !== undefined) {
    return error;
  }
  switch (state) {
    case 'missing':
      return { code: 'shares.missing', params: { path } };
    case 'restart':
      return { code: 'shares.noSlot', params: { path } };
    default:
      return undefined;
  }
}
