// Folders of this computer that containers may bind, under the same absolute path in the guest. main/shares answers.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';

/** How a folder reaches the guest: a device of QEMU's (Linux), SFTP served by the backend (everywhere), WSL2's own mounts. */
export const shareDrivers = ['virtiofs', 'sshfs', 'drvfs'] as const;
export type ShareDriver = (typeof shareDrivers)[number];

/**
 * Locale `shares` (`state.<name>`). `waiting`: the VM does not run; `mounting`: under way; `missing`: the folder is not there (an unplugged disk) and is
 * looked for again by itself; `restart`: the device has no free slot, the next start of the VM has it; `failed`: `error` says why.
 */
export const shareStates = ['waiting', 'mounting', 'mounted', 'missing', 'restart', 'failed'] as const;

export interface Share {
  /** Absolute, of this computer and of the guest alike. */
  readonly path: string;
  readonly readOnly: boolean;
  readonly state: (typeof shareStates)[number];
  readonly error?: WireError;
  /** Names of running containers that bind something under it. */
  readonly usedBy: readonly string[];
  /** Virtiofs: each file that the guest knows holds one open file of the host's. */
  readonly files?: { readonly open: number; readonly limit: number };
}

export interface SharesStatus {
  /** In force now, or at the next start. */
  readonly driver: ShareDriver;
  /** Those that this system can use, best first. */
  readonly available: readonly ShareDriver[];
  /** A change of the driver takes effect at the next start of the VM. */
  readonly pendingRestart: boolean;
  readonly shares: readonly Share[];
  /** What is wrong with all of them, such as a low limit of open files; the shares work nevertheless. */
  readonly warning?: WireError;
}

/** `null` in the settings means the home folder, read-write. */
export const shareFolder = z.strictObject({ path: z.string().min(1).max(4096), readOnly: z.boolean().default(false) });
export type ShareFolder = z.output<typeof shareFolder>;

export const sharesTable = {
  'shares.changes': stream(z.strictObject({}), output<SharesStatus>(), 'latest'),
  /**
   * Resolves when it is mounted, or kept for the next start. `shares.relative`, `shares.notFound`, `shares.notFolder`, `shares.reserved` (the guest's own
   * paths), `shares.own` (Berth's home), `shares.exists`, `shares.invalid`. One that is there already with another `readOnly` is changed.
   */
  'shares.add': call(shareFolder, output<void>()),
  /** `shares.unknown`; `shares.inUse` names the running containers that bind it, unless `force`. */
  'shares.remove': call(z.strictObject({ path: z.string().min(1).max(4096), force: z.boolean().default(false) }), output<void>()),
};
