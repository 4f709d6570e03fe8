// e2fsck in a repair guest: where the disk is, what it says of itself, what is wrong with it, and the mending. Knows ext4's tools and no file of the host.
import { BerthError } from '../../preload/contract/errors';
import { shellCommand } from '../ssh/quote';
import type { RepairGuest } from '../vm/repair-guest';
import type { Progress } from './progress';

/** Where mkfs puts copies of the superblock on a disk of 4 KiB blocks; e2fsck tries the first one by itself. */
const BACKUPS = [32768, 98304, 163840] as const;

export interface DiskAccount {
  readonly device: string;
  /** Undefined where not even a copy of the superblock can be read. */
  readonly uuid: string | undefined;
  /** The superblock itself cannot be read; a copy of it can. */
  readonly fromBackup: boolean;
}

export async function readAccount(guest: RepairGuest, path: string): Promise<DiskAccount> {
  const found = await guest.exec(
    'for each in /sys/block/*; do if [ "$(cat "$each/serial" 2>/dev/null)" = berth-data ]; then echo "/dev/${each##*/}"; fi; done',
  );
  const device = found.stdout.trim();
  if (device === '') {
    throw new BerthError('disk.missing', { path });
  }
  const uuidOf = async (...options: string[]): Promise<string | undefined> =>
    /^Filesystem UUID: +(\S+)$/m.exec((await guest.exec(shellCommand(['dumpe2fs', '-h', ...options, device]))).stdout)?.[1];
  const own = await uuidOf();
  if (own !== undefined) {
    return { device, uuid: own, fromBackup: false };
  }
  for (const block of BACKUPS) {
    const uuid = await uuidOf('-o', `superblock=${block}`, '-o', 'blocksize=4096');
    if (uuid !== undefined) {
      return { device, uuid, fromBackup: true };
    }
  }
  return { device, uuid: undefined, fromBackup: false };
}

export type Verdict = 'clean' | 'damaged' | 'unreadable';

/** Looks only. On a disk whose writes are thrown away the journal is replayed first: what it holds is no damage. */
export async function look(guest: RepairGuest, { device, fromBackup }: DiskAccount, progress: Progress): Promise<Verdict> {
  if (!fromBackup) {
    await run(guest, ['e2fsck', '-p', '-E', 'journal_only', device], progress);
  }
  const verdict = verdictOf(await run(guest, ['e2fsck', '-f', '-n', device], progress));
  return fromBackup && verdict === 'clean' ? 'damaged' : verdict;
}

export function verdictOf(status: number): Verdict {
  return status === 0 ? 'clean' : (status & 8) === 0 && status > 0 ? 'damaged' : 'unreadable';
}

/** Everything that e2fsck proposes, by a copy of the superblock where its own is gone, and then once more to see that nothing is left. */
export async function mend(guest: RepairGuest, { device, fromBackup }: DiskAccount, path: string, progress: Progress): Promise<void> {
  let status = await run(guest, ['e2fsck', '-f', '-y', device], progress);
  if (fromBackup && failed(status)) {
    for (const block of BACKUPS) {
      status = await run(guest, ['e2fsck', '-f', '-y', '-b', String(block), '-B', '4096', device], progress);
      if (!failed(status)) {
        break;
      }
    }
  }
  const again = await run(guest, ['e2fsck', '-f', '-n', device], progress);
  if (failed(status) || again !== 0) {
    throw new BerthError('repair.fsckFailed', { path, status: again === 0 ? status : again, detail: '' });
  }
}

/** What e2fsck found without a name and put into lost+found. */
export async function countLostAndFound(guest: RepairGuest, { device }: DiskAccount): Promise<number> {
  const { stdout } = await guest.exec(shellCommand(['debugfs', '-R', 'ls -p /lost+found', device]));
  return stdout.split('\n').filter((line) => /^\/\d+\/\d+\/\d+\/\d+\/[^/]+\//.test(line) && !/\/\.\.?\//.test(line)).length;
}

/** 1 and 2: corrected. */
function failed(status: number): boolean {
  return status < 0 || status >= 4;
}

async function run(guest: RepairGuest, argv: readonly string[], progress: Progress): Promise<number> {
  // Its output goes where it can be read as it comes.
  const { code } = await guest.exec(`${shellCommand(argv)} 1>&2`, { signal: progress.signal, onStderr: (chunk) => progress.words(chunk) });
  return code;
}
