// The three connections to one running guest, by use: api for calls, bulk for transfers, terminal for keystrokes.
// Implements the Dialer for that guest; knows dockerd's socket path and nothing of what is said on it.
import type { Duplex } from 'node:stream';
import { BerthError } from '../../preload/contract/errors';
import type { Dialer, Lane as LaneName } from '../lib/dialer';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';
import { connectSsh } from './connection';
import type { ExecOptions, ExecResult, SshConnection, SshTarget } from './connection';
import { createLane } from './lane';
import type { Lane } from './lane';
import { shellCommand } from './quote';

export const ENGINE_SOCKET = '/run/docker.sock';

export interface Transport extends Dialer {
  /** The api connection stands. */
  readonly connected: Observable<boolean>;
  /** Resolves when the api connection stands for the first time. */
  ready(): Promise<void>;
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  close(): void;
}

export interface TransportDeps {
  readonly target: SshTarget;
  readonly log: Logger;
  /** After every (re)connect of the api connection. */
  onConnected(): void;
  onRefused(error: BerthError): void;
}

export function createTransport(deps: TransportDeps): Transport {
  const connected = createObservable(false);
  const lanes = new Map<LaneName, Lane>();
  const open = (name: LaneName): Lane => {
    const lane = createLane({
      name,
      log: deps.log,
      connect: (signal) => connectSsh(deps.target, signal),
      onUp() {
        if (name !== 'api') {
          return;
        }
        connected.set(true);
        deps.onConnected();
        // One connection first, so that the engine answers early; the handshakes of the others would compete with it.
        for (const other of ['bulk', 'terminal'] as const) {
          if (!lanes.has(other)) {
            open(other);
          }
        }
      },
      onDown() {
        if (name === 'api') {
          connected.set(false);
        }
      },
      onRefused: (error) => deps.onRefused(error),
    });
    lanes.set(name, lane);
    return lane;
  };
  const api = open('api');

  /** The lane asked for, or any that stands: a click must not wait for a redial of another connection. */
  const pick = (name: LaneName): SshConnection => {
    const found =
      lanes.get(name)?.current() ??
      api.current() ??
      [...lanes.values()].map((lane) => lane.current()).find((connection) => connection !== undefined);
    if (found === undefined) {
      throw new BerthError('engine.away', { reason: 'transport' });
    }
    return found;
  };
  const away = (reason: string, error: unknown): never => {
    throw new BerthError('engine.away', { reason }, { cause: error });
  };

  return {
    connected,
    ready: () => api.up().then(() => undefined),
    engine: async (lane: LaneName = 'api'): Promise<Duplex> =>
      pick(lane)
        .streamLocal(ENGINE_SOCKET)
        .catch((error: unknown) => away('engine', error)),
    tcp: async (host, port): Promise<Duplex> =>
      pick('bulk')
        .tcp(host, port)
        .catch((error: unknown) => away('refused', error)),
    // PID 1's own program, in its other role.
    udp: async (host, port): Promise<Duplex> =>
      pick('bulk')
        .execStream(shellCommand(['/proc/1/exe', 'udp', host, String(port)]))
        .catch((error: unknown) => away('refused', error)),
    exec: async (command, options) => pick('terminal').exec(command, options),
    close() {
      connected.set(false);
      for (const lane of lanes.values()) {
        lane.close();
      }
    },
  };
}
    notify: async (): Promise<Duplex> =>
      pick('bulk')
        .execStream(shellCommand(['/proc/1/exe', 'notify']))
        .catch((error: unknown) => away('refused', error)),
