// The repair ladder: eight rungs, each more thorough than the one before, what each of them keeps, and what the last ones did.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';

/** From the mildest to the last. */
export const rungNames = ['reconnect', 'engine', 'reboot', 'checkDisk', 'system', 'lastGood', 'rescue', 'reset'] as const;
export type RungName = (typeof rungNames)[number];

/** What a rung does to something, as keys of locale `repair` (`fate.<key>`). */
export const repairFates = ['runs', 'kept', 'restart', 'stop', 'export', 'aside', 'lastGood'] as const;
export type RepairFate = (typeof repairFates)[number];

export const repairSubjects = ['containers', 'images', 'volumes', 'settings'] as const;
export type RepairSubject = (typeof repairSubjects)[number];

/** Why a rung cannot be used now, as keys of locale `repair` (`why.<key>`). */
export const repairObstacles = ['notRunning', 'noDisk'] as const;
export type RepairObstacle = (typeof repairObstacles)[number];

export interface Rung {
  readonly name: RungName;
  /** Missing = it can be used. */
  readonly obstacle?: RepairObstacle;
  readonly fates: Readonly<Record<RepairSubject, RepairFate>>;
  /** Missing = it depends on how much there is. */
  readonly seconds?: number;
  readonly recommended: boolean;
}

/** One thing that a repair did or found, as a key of locale `repair` (`did.<key>`); names ending in `Bytes` are sizes. */
export interface RepairFact {
  readonly key: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** `damaged`: the check found damage and nothing was written; `partly`: some of an export could not be had. */
export type RepairResult = 'running' | 'done' | 'partly' | 'damaged' | 'failed' | 'cancelled';

export interface RepairReport {
  readonly task: string;
  readonly rung: RungName;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly result: RepairResult;
  readonly facts: readonly RepairFact[];
  /** What programs said, their last 200 lines. */
  readonly words: readonly string[];
  readonly error?: WireError;
}

/** A file with what was once on the data disk, which only the user deletes. */
export interface KeptDisk {
  /** Its name in the folder of the data disk. */
  readonly name: string;
  readonly path: string;
  readonly at: number;
  /** What it takes on the host. */
  readonly hostBytes: number;
}

export interface RepairState {
  readonly rungs: readonly Rung[];
  /** Why one would want to repair: the present error. */
  readonly error?: WireError;
  /** Newest first; the first one may be under way. */
  readonly reports: readonly RepairReport[];
  readonly kept: readonly KeptDisk[];
  /** What is to be typed before something is lost. */
  readonly confirmWord: string;
  /** Of a copy of the data disk. */
  readonly copyBytes: number;
  /** On the data disk's file system of the host. */
  readonly freeBytes: number;
}

const typed = z.string().max(256);
/** A volume's name as dockerd takes it. */
const volumeName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/);

export const repairOrder = z.discriminatedUnion('rung', [
  z.strictObject({ rung: z.enum(['reconnect', 'engine', 'reboot', 'system', 'lastGood']) }),
  z.strictObject({
    rung: z.literal('checkDisk'),
    /** Missing = look only. `copy`: a copy of the disk is made first; `noCopy` needs the typed word. */
    fsck: z.enum(['copy', 'noCopy']).optional(),
    confirm: typed.default(''),
  }),
  z.strictObject({
    rung: z.literal('rescue'),
    /** On this computer, absolute; a folder of this export's own is made in it. */
    folder: z.string().min(1).max(4096),
    /** Missing = all. */
    volumes: z.array(volumeName).max(10_000).optional(),
    images: z.boolean().default(true),
  }),
  z.strictObject({ rung: z.literal('reset'), confirm: typed }),
]);
export type RepairOrder = z.output<typeof repairOrder>;

/** The steps of a repair's task, in the order in which they may come. */
export const repairSteps = [
  'redial',
  'restart',
  'hash',
  'config',
  'off',
  'boot',
  'look',
  'copy',
  'mend',
  'open',
  'volumes',
  'images',
  'aside',
  'start',
  'ask',
] as const;
export type RepairStep = (typeof repairSteps)[number];

export const repairTable = {
  'repair.changes': stream(z.strictObject({}), output<RepairState>(), 'latest'),
  /** One at a time (`repair.busy`); usable while the VM is starting, running, failed or off. */
  'repair.run': call(repairOrder, output<{ readonly task: string }>()),
  /** Deletes a disk that a repair set aside or copied; its name is typed once more. */
  'repair.discard': call(z.strictObject({ name: z.string().min(1).max(255), confirm: typed }), output<void>()),
};
