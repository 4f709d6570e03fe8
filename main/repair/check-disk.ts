// The rung that checks the data disk: looked at while nothing can write to it, mended only when it was asked for, with a copy first or the typed word.
import { BerthError } from '../../preload/contract/errors';
import type { RepairResult } from '../../preload/contract';
import { diskUuid } from '../vm/disk';
import type { HomeFiles } from '../lib/home';
import type { OffVm } from '../vm/vm';
import { countLostAndFound, look, mend, readAccount } from './fsck';
import type { DiskAccount, Verdict } from './fsck';
import type { Progress } from './progress';

export interface CheckDeps {
  readonly files: HomeFiles;
  /** Of the data disk. */
  readonly path: string;
  /** Makes the copy beside the disk. */
  copy(progress: Progress): Promise<void>;
}

export interface Checked {
  readonly result: RepairResult;
  /** It is whole now. */
  readonly sound: boolean;
}

export async function checkDisk(deps: CheckDeps, off: OffVm, fsck: 'copy' | 'noCopy' | undefined, progress: Progress): Promise<Checked> {
  const { path } = deps;
  const seen = await lookAt(deps, off, progress);
  if (seen.verdict === 'clean') {
    progress.fact('clean');
    return { result: 'done', sound: true };
  }
  progress.fact(seen.account.fromBackup ? 'superblockDamaged' : 'damaged');
  if (fsck === undefined) {
    progress.fact('notMended');
    return { result: 'damaged', sound: false };
  }
  if (fsck === 'copy') {
    await progress.step('copy', () => deps.copy(progress));
  }
  const guest = await progress.step('boot', () => off.guest({ disk: 'writable' }, progress.signal));
  await progress.step('mend', async () => {
    progress.cancellable(false);
    const account = await readAccount(guest, path);
    await mend(guest, account, path, progress);
    await check(deps, await readAccount(guest, path));
    progress.fact('mended');
    const count = await countLostAndFound(guest, account);
    if (count > 0) {
      progress.fact('lostAndFound', { count });
    }
  });
  await guest.end();
  return { result: 'done', sound: true };
}

async function lookAt(deps: CheckDeps, off: OffVm, progress: Progress): Promise<{ verdict: Verdict; account: DiskAccount }> {
  const guest = await progress.step('boot', () => off.guest({ disk: 'throwaway' }, progress.signal));
  try {
    return await progress.step('look', async () => {
      const account = await readAccount(guest, deps.path);
      await check(deps, account);
      const verdict = await look(guest, account, progress);
      return { account, verdict };
    });
  } finally {
    await guest.end();
  }
}

/** Nothing is written to a disk that is not this home's, or that says nothing at all. */
async function check({ files, path }: CheckDeps, { uuid }: DiskAccount): Promise<void> {
  const expected = await diskUuid(files);
  if (uuid === undefined) {
    throw new BerthError('disk.damaged', { path, detail: 'no superblock, and no copy of one' });
  }
  if (expected !== '-' && uuid !== expected) {
    throw new BerthError('disk.wrongUuid', { path, expected, found: uuid });
  }
}
