// The client of the guest's agent: JSON lines over the virtio-serial port's socket. Knows vm/AGREEMENT.md and nothing of QEMU.
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { asError, retryUntil } from '../lib/async';
import { createLineSplitter } from '../lib/lines';

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
  /** Ends what earlier SSH connections left: their sessions, and what was started through them. */
  hangup: { in: object; out: object };
  /** The guest's relay of published ports, for who knows the key (64 bytes, base64). One that runs with that key goes on. */
  relay: { in: { key: string }; out: object };
  sync: { in: object; out: object };
  trim: { in: object; out: { bytes: number } };
  resize: { in: object; out: { bytes: number } };
  memory: { in: object; out: { totalBytes: number; availableBytes: number; freeBytes: number; cachedBytes: number } };
  usage: {
    in: object;
    out: {
      totalBytes: number;
      availableBytes: number;
      freeBytes: number;
      fileBytes: number;
      refaultBytes: number;
      cpuSeconds: number;
      writtenBytes: number;
    };
  };
  reclaim: { in: { bytes: number; compact?: boolean }; out: { bytes: number } };
  disk: { in: object; out: { totalBytes: number; usedBytes: number; freeBytes: number } };
  health: { in: object; out: { load1: number; dockerdPing: boolean; services: readonly AgentService[] } };
  config: { in: { daemonJson: string; action: 'write' | 'reload' | 'restart' }; out: object };
  restart: { in: { service: string }; out: object };
  tail: { in: { service: string; lines: number }; out: { lines: readonly string[] } };
  shutdown: { in: object; out: object };
}

export interface Agent {
  call<O extends keyof AgentOps>(op: O, request: AgentOps[O]['in'], options?: { readonly timeoutMs?: number }): Promise<AgentOps[O]['out']>;
}

const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('phase'), name: z.string(), at: z.number() }),
  z.object({ event: z.literal('failed'), phase: z.string(), code: z.string(), detail: z.string().default('') }),
  z.object({
    event: z.literal('service'),
    name: z.string(),
    state: z.enum(['running', 'exited']),
    pid: z.number().default(0),
    status: z.string().default(''),
    restartInMs: z.number().optional(),
    /** It ended too often; without this and `restartInMs` the guest is shutting down. */
    gaveUp: z.boolean().default(false),
  }),
]);
export type AgentEvent = z.output<typeof eventSchema>;

const answerSchema = z.looseObject({ id: z.number(), ok: z.boolean(), error: z.string().optional() });

export interface AgentClient extends Agent {
  close(): void;
}

/** The port is there from QEMU's start on; whoever dials it before the guest runs misses no event. */
export function dialAgent(path: string, onEvent: (event: AgentEvent) => void, signal: AbortSignal): Promise<AgentClient> {
  return retryUntil(async () => createClient(await connect(path), onEvent), 20, signal);
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function createClient(socket: Socket, onEvent: (event: AgentEvent) => void): AgentClient {
  const lines = createLineSplitter();
  const pending = new Map<number, Pending>();
  // Not from 1: an answer meant for an earlier backend must not fit a question of ours.
  let nextId = Math.floor(Math.random() * 1e9);

  const receive = (line: string): void => {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return; // Half a line from before we connected.
    }
    const event = eventSchema.safeParse(message);
    if (event.success) {
      onEvent(event.data);
      return;
    }
    const answer = answerSchema.safeParse(message);
    if (answer.success) {
      const waiter = pending.get(answer.data.id);
      pending.delete(answer.data.id);
      const { id: _, ok, error, ...result } = answer.data;
      if (ok) {
        waiter?.resolve(result);
      } else {
        waiter?.reject(new Error(error ?? 'the guest refused'));
      }
    }
  };
  socket.on('data', (chunk: Buffer) => lines.push(chunk).forEach(receive));
  socket.write('\n'); // Ends the half line that a backend which died may have left.
  socket.on('error', () => undefined); // 'close' follows and says it.
  socket.on('close', () => {
    pending.forEach((waiter) => waiter.reject(new Error('the guest is gone')));
    pending.clear();
  });

  return {
    close: () => socket.destroy(),
    call(op, request, { timeoutMs = 10_000 } = {}) {
      return new Promise((resolve, reject) => {
        const id = nextId++;
        const timer = setTimeout(() => {
          pending.delete(id);
          reject(new Error(`the guest did not answer ${op} within ${timeoutMs} ms`));
        }, timeoutMs);
        pending.set(id, {
          resolve(value) {
            clearTimeout(timer);
            // The guest image is ours and pinned by its checksum: its answers have the shape of vm/AGREEMENT.md.
            resolve(value as AgentOps[typeof op]['out']);
          },
          reject(error) {
            clearTimeout(timer);
            reject(asError(error));
          },
        });
        socket.write(`${JSON.stringify({ ...request, id, op })}\n`);
      });
    },
  };
}
