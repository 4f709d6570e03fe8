// The VM as the window and the command line see it: its state, its starts, its settings' limits.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';
import type { VmNetwork } from './host-access';
import type { ShareDriver } from './shares';

/** Readers accept states they do not know: newer backends may add some. */
export type VmStateName = 'stopped' | 'starting' | 'running' | 'suspending' | 'suspended' | 'resuming' | 'stopping' | 'failed';

export const acceleratorNames = ['kvm', 'hvf', 'whpx', 'tcg'] as const;
export type AcceleratorName = (typeof acceleratorNames)[number];

/** Order of a start; a phase ends when its evidence arrives, and several may run at once. `memory` is a resume's, `kernel` and `data` a boot's. */
export const bootPhases = ['prepare', 'qemu', 'memory', 'kernel', 'data', 'ssh', 'containerd', 'dockerd', 'ping', 'ports'] as const;
export type BootPhaseName = (typeof bootPhases)[number];

export interface BootPhase {
  readonly name: BootPhaseName;
  /** Seconds after the start was asked for. */
  readonly startedAt: number;
  /** Missing while it runs. */
  readonly endedAt?: number;
  /** Seconds from its start; scaled by the accelerator. */
  readonly deadline: number;
  /** Past its deadline, with what its log said last. */
  readonly stuck?: { readonly log: string; readonly lines: readonly string[] };
}

/** Why saved memory was not used. */
export const notResumedKeys = ['otherHost', 'otherGuest', 'diskChanged', 'incomplete', 'failed', 'keysChanged'] as const;
export type NotResumedKey = (typeof notResumedKeys)[number];

export interface BootTimeline {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: 'cold' | 'resume' | 'adopt';
  /** Of a cold one: why the memory that was saved was not used, as a key of locale `vm` (`notResumed.<key>`); missing where none was saved. */
  readonly notResumed?: { readonly key: NotResumedKey; readonly params: Readonly<Record<string, string | number>> };
  readonly accelerator: AcceleratorName;
  readonly phases: readonly BootPhase[];
  /** Seconds to `_ping` on the host's socket; missing while it runs and when it failed. */
  readonly seconds?: number;
  readonly error?: WireError;
}

export interface AcceleratorVerdict {
  readonly name: AcceleratorName;
  readonly works: boolean;
  /** Why, as a key of locale `vm` with parameters (`accelerator.reason.<key>`). */
  readonly reason: { readonly key: string; readonly params: Readonly<Record<string, string | number>> };
  /** Seconds of the proof; 0 where none was needed. */
  readonly seconds: number;
  /** True where the verdict was remembered from an earlier start. */
  readonly remembered: boolean;
}

export interface VmFeatures {
  readonly suspend: boolean;
  /** Folders of this computer as devices of the VM. */
  readonly shares: boolean;
  /** How folders of this computer can reach the guest, best first. */
  readonly shareDrivers: readonly ShareDriver[];
  readonly hostfwd: boolean;
  readonly balloon: boolean;
}

/** The memory of a VM that was saved, and what saved it: only what idleness suspended is woken by whoever uses it. */
export interface VmSuspended {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: SuspendedBy;
  /** What the saved memory takes on the host's disk. */
  readonly bytes: number;
}

export const suspendedBy = ['user', 'idle', 'quit'] as const;
export type SuspendedBy = (typeof suspendedBy)[number];

export interface VmStatus {
  readonly state: VmStateName;
  readonly phase?: BootPhaseName;
  readonly error?: WireError;
  readonly driver: 'qemu' | 'wsl';
  readonly features: VmFeatures;
  readonly accelerator?: AcceleratorVerdict;
  /** In force now, or at the next start while it is stopped. */
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Of the VM that runs. */
  readonly network?: VmNetwork;
  readonly pid?: number;
  /** The guest is halted until the host's disk has space again (`disk.changes`). */
  readonly waitsFor?: 'hostDisk';
  /** While it is suspended, and until a resume has used it. */
  readonly suspended?: VmSuspended;
  readonly boot?: BootTimeline;
  /** Settings that take effect at the next start. */
  readonly pendingRestart: boolean;
  readonly engine?: { readonly version: string; readonly apiVersion: string };
  /** Milliseconds since the epoch, when it came to `running`. */
  readonly runningSince?: number;
}

export interface VmLimits {
  readonly cpus: { readonly min: number; readonly max: number; readonly default: number };
  readonly memoryBytes: { readonly min: number; readonly max: number; readonly default: number };
  readonly accelerators: readonly AcceleratorVerdict[];
}

export const logSources = ['serial', 'qemu', 'guest', 'dockerd', 'containerd', 'sshd', 'berth'] as const;

export const vmTable = {
  /** Resolves when the engine answers; a start that is under way is joined. */
  'vm.start': call(z.strictObject({}), output<void>()),
  /** Suspends where the driver can (`features.suspend`); `shutdown` powers off in order, a suspended VM too. Resolves when no process of it is left. */
  'vm.stop': call(z.strictObject({ shutdown: z.boolean().default(false) }), output<void>()),
  'vm.restart': call(z.strictObject({ engineOnly: z.boolean().default(false) }), output<void>()),
  'vm.status': stream(z.strictObject({}), output<VmStatus>(), 'latest'),
  /** The last starts, 20 of each kind at most, newest first. */
  'vm.boots': call(z.strictObject({}), output<readonly BootTimeline[]>()),
  'vm.limits': call(z.strictObject({}), output<VmLimits>()),
  'vm.log': call(
    z.strictObject({ source: z.enum(logSources), lines: z.int().min(1).max(5000).default(200) }),
    output<{ readonly lines: readonly string[] }>(),
  ),
  /** A log as it grows, beginning with its tail. */
  'vm.logs': stream(
    z.strictObject({ source: z.enum(logSources), tail: z.int().min(0).max(5000).default(200) }),
    output<{ readonly lines: readonly string[] }>(),
    'queue',
  ),
};
