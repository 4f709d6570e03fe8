// The client of the guest's agent: JSON lines over the virtio-serial port's socket. Knows vm/AGREEMENT.md and nothing of QEMU.

export interface AgentService {
  readonly name: string;
  readonly state: 'running' | 'exited';
  readonly pid: number;
  readonly restarts?: number;
}

export interface AgentFailure {
  readonly phase: string;
  readonly code: string;
  readonly detail: string;
}

export interface AgentStatus {
  readonly phases: readonly { readonly name: string; readonly at: number }[];
  readonly failed?: AgentFailure;
  readonly services: readonly AgentService[];
  readonly uptime: number;
  readonly kernel: string;
  readonly clockMs: number;
}

/** Operations of vm/AGREEMENT.md: what goes in, what comes back. */
export interface AgentOps {
  status: { in: object; out: AgentStatus };
  clock: { in: { epochMs: number }; out: { driftMs: number } };
  reseed: { in: { data: string }; out: object };
  sync: { in: object; out: object };
  trim: { in: object; out: { bytes: number } };
  resize: { in: object; out: { bytes: number } };
  memory: { in: object; out: { totalBytes: number; availableBytes: number; freeBytes: number; cachedBytes: number } };
  disk: { in: object; out: { totalBytes: number; usedBytes: number; freeBytes: number } };
  health: { in: object; out: { load1: number; dockerdPing: boolean; services: readonly AgentService[] } };
  config: { in: { daemonJson: string; action: 'write' | 'reload' | 'restart' }; out: object };
  restart: { in: { service: string }; out: object };
  tail: { in: { service: string; lines: number }; out: { lines: readonly string[] } };
  shutdown: { in: object; out: object };
}

export interface Agent {
  call<O extends keyof AgentOps>(op: O, request: AgentOps[O]['in'], options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<AgentOps[O]['out']>;
}
