// What Berth takes of this computer's disk, what of it can come back, and where the data disk lies.
import { z } from 'zod';
import { call, output, stream } from './define';

/** `low`: less than `warnBytes` are free on the host. `paused`: less than `pauseBytes`; the VM waits until there is space again. */
export type HostSpaceState = 'ok' | 'low' | 'paused';

export interface HostSpace {
  readonly state: HostSpaceState;
  /** Of the data disk's folder; the others are of its file system. */
  readonly folder: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly warnBytes: number;
  readonly pauseBytes: number;
}

export interface DataDiskFile {
  readonly path: string;
  /** What the guest can put on it at most. */
  readonly sizeBytes: number;
  /** What it takes on the host: blocks, not size. */
  readonly hostBytes: number;
}

export const diskFileKinds = ['system', 'memory', 'logs', 'oldDisk', 'other'] as const;
export type DiskFileKind = (typeof diskFileKinds)[number];

export interface DiskFile {
  readonly kind: DiskFileKind;
  readonly path: string;
  readonly hostBytes: number;
}

export interface DiskLedger {
  /** Missing before the first start. */
  readonly disk?: DataDiskFile;
  /** The place where it should be and is not. */
  readonly missingPath?: string;
  /** The guest's own view; only while it runs. */
  readonly guest?: { readonly totalBytes: number; readonly usedBytes: number; readonly freeBytes: number };
  /** What the host would get back by a trim alone, as far as can be told; only while the guest runs. */
  readonly trimBytes?: number;
  readonly files: readonly DiskFile[];
  /** The disk as it was before a move, kept until somebody says that it may go. */
  readonly oldDisk?: DataDiskFile;
  readonly host: HostSpace;
}

export interface PrunableKind {
  readonly count: number;
  readonly totalBytes: number;
  readonly prunableBytes: number;
}

export interface VolumeUsage {
  readonly name: string;
  readonly bytes: number;
  readonly inUse: boolean;
  /** Made without a name, for a container's own needs: what `docker volume prune` takes. */
  readonly anonymous: boolean;
}

/** The engine's own account; layers that images share are counted as the engine counts them. */
export interface EngineUsage {
  readonly images: PrunableKind & { readonly danglingBytes: number };
  readonly containers: PrunableKind;
  readonly buildCache: PrunableKind;
  /** Never pruned unless named. */
  readonly volumes: readonly VolumeUsage[];
}

/** In the order in which they come; a prune has those that were asked for. */
export const diskSteps = ['containers', 'images', 'volumes', 'buildCache', 'trim', 'stop', 'copy', 'compare', 'switch', 'start'] as const;
export type DiskStep = (typeof diskSteps)[number];

/** A volume's name as dockerd takes it. */
const volumeName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/);

export const MAX_DISK_BYTES = 8 * 2 ** 40;

const started = output<{ readonly task: string }>();

export const diskTable = {
  'disk.changes': stream(z.strictObject({}), output<DiskLedger>(), 'latest'),
  /** Asks the engine, which counts every file: seconds on a full disk. */
  'disk.usage': call(z.strictObject({}), output<EngineUsage>()),
  /** Each task ends with `hostBytes` of the data disk before and after. */
  'disk.trim': call(z.strictObject({}), started),
  /** What is asked for and nothing else, then a trim. */
  'disk.prune': call(
    z.strictObject({
      containers: z.boolean().default(false),
      /** `unused`: every image that no container was made from. */
      images: z.enum(['none', 'dangling', 'unused']).default('none'),
      buildCache: z.boolean().default(false),
      volumes: z.array(volumeName).max(1000).default([]),
    }),
    started,
  ),
  /** The new size as a whole; it never shrinks. */
  'disk.grow': call(z.strictObject({ bytes: z.int().min(1).max(MAX_DISK_BYTES) }), output<void>()),
  /** Powers the VM off in order, copies, compares, switches, and starts it again where it ran. */
  'disk.move': call(z.strictObject({ folder: z.string().min(1).max(4096) }), started),
  /** Deletes the disk that a move left behind; its path is repeated as a proof that it was read. */
  'disk.forgetOld': call(z.strictObject({ path: z.string().min(1).max(4096) }), output<void>()),
};
