// What a VM driver must do, and what it can do as data. The supervisor knows this interface only; QEMU and WSL2 stand behind it.
import type { AcceleratorVerdict, VmFeatures } from '../../preload/contract';

export interface VmSpec {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly accelerator: AcceleratorVerdict['name'] | 'auto';
}

/** A VM that a driver started or adopted. */
export interface RunningVm {
  readonly pid: number;
  readonly accelerator: AcceleratorVerdict;
  /** 127.0.0.1 port that leads to the guest's sshd. */
  readonly sshPort: number;
  /** The driver's own words on why it is gone (stderr, exit status); resolves once, when the process is gone. */
  readonly exited: Promise<string>;
  /** Ends the process at once. The data disk is as after a power cut. */
  kill(): Promise<void>;
}

export interface VmDriver {
  readonly name: 'qemu' | 'wsl';
  readonly features: VmFeatures;
  /** Every accelerator of this system with its verdict, proved where it was not remembered. */
  accelerators(signal: AbortSignal): Promise<readonly AcceleratorVerdict[]>;
  start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm>;
  /** A VM that an earlier backend left running, or undefined; leftovers of a dead one are cleaned away. */
  adopt(): Promise<RunningVm | undefined>;
}
