// What a VM driver must do, and what it can do as data. The supervisor knows this interface only; QEMU and WSL2 stand behind it.
import type { AcceleratorVerdict, BerthError, HostAccess, VmFeatures, VmNetwork } from '../../preload/contract';

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

export interface VmSpec {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly accelerator: AcceleratorVerdict;
  readonly guest: GuestConfig;
  /** What of this computer the guest's network leads to. A driver that cannot enforce it says so in `RunningVm.network` and starts nevertheless. */
  readonly hostAccess: HostAccess;
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
  readonly network: VmNetwork;
  /** The driver's own words on why it is gone (stderr, exit status); resolves once, when the process is gone. */
  readonly exited: Promise<string>;
  /** Lets the guest run: after the start, when everyone listens, and after a pause. */
  run(): Promise<void>;
  /** The driver stopped the guest because the host could not write its disk. */
  onPaused(listener: (error: BerthError) => void): void;
  /** Ends the process; what the guest has not written down is lost. Resolves when it is gone. */
  quit(): Promise<void>;
  /** Ends it at once, hung or not. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Those of the start, of an earlier backend, and added ones. */
  shareDevices(): readonly ShareDevice[];
  /** Adds one to the VM that runs. `shares.noSlot` where no port is left that was reserved at the start. */
  addShare(spec: ShareSpec): Promise<ShareDevice>;
  /** Rejects with the driver's words; which port or address is wrong it need not know. None are left of an earlier backend. */
  forward(spec: HostForwardSpec): Promise<HostForward>;
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
}
