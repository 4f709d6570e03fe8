// What a VM driver must do, and what it can do as data. The supervisor knows this interface only; QEMU and WSL2 stand behind it.
import type {
  AcceleratorVerdict,
  BerthError,
  HostAccess,
  HostSpace,
  NotResumedKey,
  SuspendedBy,
  VmFeatures,
  VmNetwork,
  VmSuspended,
} from '../../preload/contract';
import type { Observable } from '../lib/observable';

/** What the guest is told before it boots (vm/AGREEMENT.md, fw_cfg). */
export interface GuestConfig {
  /** Lines `key value`. */
  readonly config: string;
  readonly authorizedKey: string;
  readonly hostKey: string;
  readonly daemonJson: string;
  /** PEM; empty = none are given. */
  readonly authorities: string;
  /** The files of certs.d, in the agreement's format; empty = none are given. */
  readonly registryCertificates: string;
  /** What is mounted before dockerd starts, a line each (vm/AGREEMENT.md, Shares); empty = nothing. */
  readonly shares: string;
}

/** A folder of the host's that a driver serves to the guest as a file system of its own. */
export interface ShareSpec {
  /** Of the device; the guest mounts by it. Letters, digits and `-`, at most 36 bytes (virtio-fs). */
  readonly tag: string;
  readonly folder: string;
  readonly readOnly: boolean;
}

/** A share's device in a VM. */
export interface ShareDevice {
  readonly spec: ShareSpec;
  /** Its server's last words; resolves when the server is gone. The device is taken out of the VM then, so that the guest gets errors and does not hang. */
  readonly gone: Promise<string>;
  /** Whether the guest gets an answer, errors of a server that is gone too. Without one what asks there waits, unkillably, until the VM starts anew. */
  answers(): Promise<boolean>;
  /** Server and device; the guest has unmounted it. */
  remove(): Promise<void>;
  /** How many files its server has open. */
  openFiles(): Promise<number>;
}

/** A listener of the driver's own on the host, to a port of the guest's own address: TCP over IPv4. */
export interface HostForwardSpec {
  readonly address: string;
  readonly port: number;
  readonly guestPort: number;
}

export interface HostForward {
  /** Resolves when it ended with the VM, and not where it was removed. */
  readonly gone: Promise<void>;
  /** Resolves when the port is free. */
  remove(): Promise<void>;
}

/**
 * How a VM has the data disk. `readOnly`: the driver itself refuses to write. `throwaway`: what the guest writes goes to a file beside it that is gone with
 * the VM, and the disk is only read.
 */
export type DataAccess = 'writable' | 'readOnly' | 'throwaway';

export interface VmSpec {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly accelerator: AcceleratorVerdict;
  readonly guest: GuestConfig;
  /** What of this computer the guest's network leads to. A driver that cannot enforce it says so in `RunningVm.network` and starts nevertheless. */
  readonly hostAccess: HostAccess;
  /** Missing = writable. */
  readonly dataAccess?: DataAccess;
  /** Devices that are there when the guest boots; `GuestConfig` says where they are mounted. */
  readonly shares: readonly ShareSpec[];
}

/** A VM that a driver started or adopted. */
export interface RunningVm {
  readonly pid: number;
  readonly accelerator: AcceleratorVerdict;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** 127.0.0.1 port that leads to the guest's sshd. */
  readonly sshPort: number;
  /** Another one that leads to the guest's relay; undefined in a VM that an earlier Berth started. */
  readonly relayPort: number | undefined;
  readonly network: VmNetwork;
  /** The driver's own words on why it is gone (stderr, exit status); resolves once, when the process is gone. */
  readonly exited: Promise<string>;
  /** The host's space under the data disk; undefined until the first look. While it says `paused` the guest is halted. */
  readonly space: Observable<HostSpace | undefined>;
  /** Until the returned function is called, space neither halts the guest nor lets it go on. */
  holdSpace(): () => void;
  /** The data disk's device and file; it only grows. */
  resizeDisk(bytes: number): Promise<void>;
  /** Lets the guest run: after the start, when everyone listens, and after a pause. */
  run(): Promise<void>;
  /** The driver halted the guest because the host cannot write its disk, or soon could not. */
  onPaused(listener: (error: BerthError) => void): void;
  /**
   * Saves the guest's memory and devices in the home and ends the process; `VmDriver.resume` goes on from there. Rejects with `vm.suspendFailed` or
   * `vm.notEnoughDisk`, and the guest runs on; the connections into it must be ended before, because the saved guest would take them for standing ones.
   */
  suspend(by: SuspendedBy): Promise<void>;
  /** Ends the process; what the guest has not written down is lost. Resolves when it is gone. */
  quit(): Promise<void>;
  /** Those of the start, of an earlier backend, and added ones. */
  shareDevices(): readonly ShareDevice[];
  /** Adds one to the VM that runs. `shares.noSlot` where no port is left that was reserved at the start. */
  addShare(spec: ShareSpec): Promise<ShareDevice>;
  /** Rejects with the driver's words; which port or address is wrong it need not know. None are left of an earlier backend. */
  forward(spec: HostForwardSpec): Promise<HostForward>;
  /** A question of the driver's own that changes nothing (QMP's `query-…`), for reports. */
  ask(question: string): Promise<unknown>;
  /** Lets go of a VM that goes on running. */
  detach(): void;
}

export interface VmDriver {
  readonly name: 'qemu' | 'wsl';
  readonly features: VmFeatures;
  /** Every accelerator of this system with its verdict, proved where it was not remembered. */
  accelerators(signal: AbortSignal): Promise<readonly AcceleratorVerdict[]>;
  /** Starts it halted: `run` lets it go. A start that fails leaves no process. */
  start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm>;
  /** A VM that an earlier backend left running, or undefined; leftovers of a dead one are cleaned away. */
  adopt(): Promise<RunningVm | undefined>;
  /** What a suspend left in the home, whether it can be used or not. */
  suspended(): Promise<SavedVm | undefined>;
  /**
   * Starts what was suspended, halted, with its memory loaded; devices are those that it had. The saved memory is used up by it, as by every `start`: a
   * guest that went on twice over one disk would destroy it. Rejects with NotResumed where it cannot be used, and no process is left.
   */
  resume(signal: AbortSignal, onLoading: () => void): Promise<RunningVm>;
}

/** `memoryBytes` is the guest's, `bytes` what is on the host's disk. */
export interface SavedVm extends VmSuspended {
  readonly memoryBytes: number;
  /** Hashes of what it was made from. */
  readonly made: { readonly guest: string; readonly bundle: string };
}

/** Why saved memory cannot be used; the words are locale `vm`'s. */
export class NotResumed extends Error {
  constructor(
    readonly key: NotResumedKey,
    readonly params: Readonly<Record<string, string | number>> = {},
  ) {
    super(`the saved memory cannot be used: ${key} ${JSON.stringify(params)}`);
  }
}
