// The VM as the rest of the backend uses it: one object that starts, stops, adopts and reports, and the way into the guest.
// Knows no shell, no window and no engine client; what needs the engine (`ping`, `settle`) is handed in by app.ts.
import type {
  BerthError,
  DoctorCheck,
  HostSpace,
  Settings,
  SuspendedBy,
  VmLimits,
  VmStatus,
  BootTimeline,
  Notice,
} from '../../preload/contract';
import type { Duplex } from 'node:stream';
import type { Dialer } from '../lib/dialer';
import type { EngineVersion } from '../lib/engine-http';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { ExecOptions, ExecResult } from '../ssh/connection';
import type { ServedSocket } from '../ssh/transport';
import type { Agent } from './agent';
import type { HostForward, HostForwardSpec, ShareDevice, ShareSpec } from './driver';
import type { RepairGuest, RepairGuestOptions } from './repair-guest';
import type { Resources } from './resources';

export type { EngineVersion };

export interface VmDeps {
  readonly files: HomeFiles;
  readonly resources: Resources;
  readonly settings: Observable<Settings>;
  readonly log: Logger;
  /** Milliseconds since the epoch: the guest's clock follows its jumps. The host's by default. */
  readonly wall?: () => number;
  notify(level: Notice['level'], error: BerthError): void;
  /** What a guest that boots is given besides its keys; asked once a boot. Missing = the defaults. */
  guestFiles?(): Promise<Partial<GuestFiles>>;
  /**
   * dockerd does not start on what it was given, twice in a row; `words` is the end of its log. The text to try instead, or undefined where there is
   * nothing better.
   */
  recover?(words: string): Promise<string | undefined>;
  readonly shares?: ShareHooks;
  /**
   * Asks the engine through the host's docker.sock, as every client does; retried by the VM until the phase's deadline.
   * The state is still `starting` then: whoever guards the socket must ask the dialer, not the state, whether the engine can be dialled.
   */
  ping(signal: AbortSignal): Promise<EngineVersion>;
  /** What must be right before `running` is said: published ports bound, state read. */
  settle(signal: AbortSignal): Promise<void>;
}

/** Texts that main/daemon-config and main/trust own. */
export interface GuestFiles {
  readonly daemonJson: string;
  /** PEM: authorities that the guest trusts besides its own. */
  readonly authorities: string;
  /** The files of certs.d, in the format of vm/AGREEMENT.md. */
  readonly registryCertificates: string;
  /** Lines of the agreement's Shares. */
  readonly shares: string;
  /** False: dockerd's first start runs the real iptables, as every later one does. */
  readonly iptablesFront: boolean;
}

/** What main/shares has to do with a start. */
export interface ShareHooks {
  /** Devices that are there when the guest boots; the guest's part of them is in `guestFiles`. Asked once a boot, before that. */
  forBoot(): Promise<readonly ShareSpec[]>;
  /** The guest can be reached by `exec`, after a boot and after an adoption; the engine may not run yet. What it throws is logged and ends nothing. */
  onGuest(signal: AbortSignal): Promise<void>;
}

/** The share devices of the VM that runs. */
export interface VmShares {
  /** Those of its start, of an earlier backend, and added ones; none while it does not run. */
  devices(): readonly ShareDevice[];
  /** `vm.notRunning`, `shares.noSlot`, `shares.mountFailed`. */
  add(spec: ShareSpec): Promise<ShareDevice>;
}

/** A check of `berth doctor`; app.ts times it and sends it on. */
export interface DoctorProbe {
  readonly id: string;
  run(signal: AbortSignal): Promise<Pick<DoctorCheck, 'status' | 'detail' | 'error'>>;
}

/** dockerd in a guest that runs: its configuration, and its ends. */
export interface EngineControl {
  /** The agent's `config`: writes the guest's file; `restart` resolves when dockerd's process is a new one. */
  configure(daemonJson: string, action: 'write' | 'reload' | 'restart'): Promise<void>;
  /** Resolves when dockerd answers; rejects when it gave up on starting (`engine.exited`), when the VM is gone, and after a deadline. */
  answers(signal: AbortSignal): Promise<void>;
  /** Until the returned function is called, ends of dockerd are somebody's own doing: no notice, no recovery. */
  expectExits(): () => void;
}

/** The data disk of the VM that runs. */
export interface VmDisk {
  /** Undefined while no VM runs, and until the first look. */
  readonly space: Observable<HostSpace | undefined>;
  /** `vm.notRunning`. The file system on it grows by the agent's `resize`. */
  resize(bytes: number): Promise<void>;
  /** Lets a guest go on that waits for space on the host, for work that makes some; afterwards it waits again where there is none. */
  despiteFullHost<T>(work: () => Promise<T>): Promise<T>;
}

/** While everything is off for a repair. */
export interface OffVm {
  /** Before the disk is written or moved; `repair.memorySaved` where a suspended VM still needs it as it is. */
  claim(): Promise<void>;
  /** Ended with the repair, where it was not before. */
  guest(options: RepairGuestOptions, signal: AbortSignal): Promise<RepairGuest>;
}

/** main/vm/create-vm.ts makes it. */
export interface Vm {
  readonly status: Observable<VmStatus>;
  readonly dialer: Dialer;
  /** The guest's agent; its calls reject with `vm.notRunning` while there is none. It and `exec` work from before the engine answers. */
  readonly agent: Agent;
  readonly doctorChecks: readonly DoctorProbe[];
  /** A command in the guest, over SSH. An array is quoted, a string is for the guest's shell. */
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** A unix socket in the guest that leads here, until it is stopped or the VM is gone. */
  serve(path: string, onStream: (stream: Duplex) => void): ServedSocket;
  readonly engine: EngineControl;
  readonly disk: VmDisk;
  /** What the VM that runs listens on at the host's loopback for Berth itself. */
  ownPorts(): readonly number[];
  readonly shares: VmShares;
  /** A listener of the driver's own on the host; rejects with its words, and with `vm.notRunning`. */
  forward(spec: HostForwardSpec): Promise<HostForward>;
  /** The guest and QEMU that the application came with are tried again at the next cold start, though they did not start before. */
  trySystemAgain(): Promise<void>;
  /** A question of the driver's own that changes nothing, such as QMP's `query-block`; rejects with its words, and with `vm.notRunning`. */
  askDriver(question: string): Promise<unknown>;
  /** Resolves when the engine answers; joins a start under way. A suspended VM is resumed. */
  start(): Promise<void>;
  /**
   * Suspends where the driver can; `shutdown` powers off in order, a suspended VM too. Resolves when no process of it is left; rejects where it could not be
   * suspended and runs on (`vm.suspendFailed`, `vm.notEnoughDisk`). `by`: what wants it; the user is the default.
   */
  stop(options?: { readonly shutdown?: boolean; readonly by?: SuspendedBy }): Promise<void>;
  restart(options?: { readonly engineOnly?: boolean }): Promise<void>;
  /**
   * Ends what runs or is being started, in order where it can be asked to, and keeps the disk for `work` alone: until that is over a start rejects with
   * `repair.busy`. `vm.busy` where it cannot be ended.
   */
  whileOff<T>(work: (off: OffVm) => Promise<T>): Promise<T>;
  /** Asks the guest on every SSH connection, makes those anew that do not answer, and sets its clock; nothing in the guest is restarted. */
  reconnect(): Promise<void>;
  /** Takes over a VM that an earlier backend left running; false where there is none. Cleans up after a dead one. */
  adopt(): Promise<boolean>;
  limits(): Promise<VmLimits>;
  /** The last starts, 20 of each kind at most, newest first. */
  boots(): readonly BootTimeline[];
  /** keepVm: lets go of a running VM so that the next backend adopts it; else one that runs is powered off. */
  dispose(options: { readonly keepVm: boolean }): Promise<void>;
}
