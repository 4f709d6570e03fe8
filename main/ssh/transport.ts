// The connections to one running guest, by use: api for calls, bulk for transfers, terminal for keystrokes, and one for sockets that are served here.
// Implements the Dialer for that guest; knows dockerd's socket path and nothing of what is said on it.
import type { Duplex } from 'node:stream';
import { BerthError } from '../../preload/contract/errors';
import { asError, deferred } from '../lib/async';
import type { Deferred } from '../lib/async';
import type { Dialer, Lane as LaneName } from '../lib/dialer';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { MutableObservable, Observable } from '../lib/observable';
import { connectSsh } from './connection';
import type { ExecOptions, ExecResult, SshConnection, SshTarget } from './connection';
import { createLane } from './lane';
import type { Lane } from './lane';
import { shellCommand } from './quote';
import type { Relay, RelayKind } from './relay';
import { SILENCE_MS } from './silence';

export const ENGINE_SOCKET = '/run/docker.sock';

/** sshd holds a port for a connection that it does not know to be dead, 45 s at most (vm/image/sshd_config). */
const REFUSED_AGAIN_MS = 2000;

export interface Transport extends Dialer {
  /** Resolves when the api connection stands for the first time. */
  ready(): Promise<void>;
  /** The connections for bulk and terminals, which the api one stands in for until then: their handshakes would compete with the engine's first answer. */
  widen(): void;
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /** False while what was written on a connection has brought nothing back for three seconds. */
  readonly answering: Observable<boolean>;
  /** Asks the guest on every connection; those that do not answer in time are dialled again. Resolves with their names when all stand. */
  check(patienceMs: number): Promise<readonly string[]>;
  /**
   * A listener in the guest that leads here (a unix socket's path, or `address:port`), over a connection of its own; asked for until it stands, and again
   * after every redial, until it is stopped.
   */
  serve(path: string, onStream: (stream: Duplex) => void): ServedSocket;
  /** `serving`: the sockets that are served here stay until it is closed again. */
  close(options?: { readonly serving?: boolean }): void;
}

export interface ServedSocket {
  /** Of the try under way, and of the last one once it stands: resolves then; rejects when the guest refuses it or the transport is closed. */
  readonly ready: Promise<void>;
  readonly stands: Observable<boolean>;
  stop(): void;
}

interface Served {
  ready: Deferred<void>;
  refused: boolean;
  readonly stands: MutableObservable<boolean>;
  onStream(stream: Duplex): void;
}

export interface TransportDeps {
  readonly target: SshTarget;
  readonly log: Logger;
  /** Of connections and datagrams of published ports, where the guest has it. */
  readonly relay?: Relay | undefined;
  /** After every (re)connect of the api connection. */
  onConnected(): void;
  onRefused(error: BerthError): void;
}

export function createTransport(deps: TransportDeps): Transport {
  let closed = false;
  const answering = createObservable(true);
  /** Connections that are silent, and `down` where the api connection has been gone for as long. */
  const silent = new Set<string>();
  let down: NodeJS.Timeout | undefined;
  const say = (what: string, isSilent: boolean): void => {
    if (isSilent) {
      silent.add(what);
    } else {
      silent.delete(what);
    }
    answering.set(silent.size === 0);
  };
  const lanes = new Map<LaneName | 'served', Lane>();
  const served = new Map<string, Served>();
  const listen = async (path: string, connection: SshConnection): Promise<void> => {
    const socket = served.get(path);
    try {
      await connection.listenLocal(path, (stream) => socket?.onStream(stream));
      if (socket !== undefined) {
        socket.refused = false;
        socket.ready.resolve();
        socket.stands.set(true);
      }
    } catch (error) {
      // A connection that is lost meanwhile is followed by another.
      const isAsked = (): boolean => lanes.get('served')?.current() === connection && served.get(path) === socket;
      if (socket !== undefined && isAsked()) {
        if (!socket.refused) {
          deps.log.warn('the guest refused a listener; it is asked for until it stands', { path, error });
        }
        socket.refused = true;
        socket.ready.reject(asError(error));
        socket.ready = deferred();
        setTimeout(() => (isAsked() ? void listen(path, connection) : undefined), REFUSED_AGAIN_MS).unref();
      }
    }
  };
  const open = (name: LaneName | 'served'): Lane => {
    const lane = createLane({
      name,
      log: deps.log,
      connect: (signal) => connectSsh(deps.target, signal),
      onUp() {
        const connection = lanes.get(name)?.current();
        if (name === 'served' && connection !== undefined) {
          served.forEach((_, path) => void listen(path, connection));
        }
        if (name !== 'api') {
          return;
        }
        clearTimeout(down);
        say('down', false);
        deps.onConnected();
      },
      onDown() {
        if (name === 'served') {
          served.forEach(({ stands }) => stands.set(false));
        }
        if (name === 'api') {
          down = setTimeout(() => say('down', true), SILENCE_MS).unref();
        }
      },
      onSilent: (isSilent) => say(name, isSilent),
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

  const relayed = async (kind: RelayKind, host: string, port: number): Promise<Duplex | undefined> =>
    deps.relay?.dial(kind, host, port).catch((error: unknown) => away('refused', error));

  return {
    answering,
    ready: () => api.up().then(() => undefined),
    widen() {
      for (const other of ['bulk', 'terminal'] as const) {
        if (!closed && !lanes.has(other)) {
          open(other);
        }
      }
    },
    engine: async (lane: LaneName = 'api'): Promise<Duplex> =>
      pick(lane)
        .streamLocal(ENGINE_SOCKET)
        .catch((error: unknown) => away('engine', error)),
    tcp: async (host, port): Promise<Duplex> =>
      (await relayed('tcp', host, port)) ??
      pick('bulk')
        .tcp(host, port)
        .catch((error: unknown) => away('refused', error)),
    // PID 1's own program, in its other role.
    udp: async (host, port): Promise<Duplex> =>
      (await relayed('udp', host, port)) ??
      pick('bulk')
        .execStream(shellCommand(['/proc/1/exe', 'udp', host, String(port)]))
        .catch((error: unknown) => away('refused', error)),
    notify: async (): Promise<Duplex> =>
      pick('bulk')
        .execStream(shellCommand(['/proc/1/exe', 'notify']))
        .catch((error: unknown) => away('refused', error)),
    exec: async (command, options) => pick('terminal').exec(command, options),
    async check(patienceMs) {
      const asked = [...lanes].map(async ([name, lane]) => ((await lane.check(patienceMs)) ? [] : [name]));
      const replaced = (await Promise.all(asked)).flat();
      await Promise.all([...lanes.values()].map((lane) => lane.up()));
      return replaced;
    },
    serve(path, onStream) {
      const socket: Served = { ready: deferred(), refused: false, stands: createObservable(false), onStream };
      served.set(path, socket);
      const connection = (lanes.get('served') ?? open('served')).current();
      if (connection !== undefined) {
        void listen(path, connection);
      }
      return {
        get ready() {
          return socket.ready.promise;
        },
        stands: socket.stands,
        stop() {
          if (served.get(path) === socket) {
            served.delete(path);
            lanes.get('served')?.current()?.unlistenLocal(path);
          }
        },
      };
    },
    close({ serving = false } = {}) {
      closed = true;
      clearTimeout(down);
      deps.relay?.close();
      served.forEach((socket) => socket.ready.reject(new BerthError('engine.away', { reason: 'transport' })));
      for (const [name, lane] of lanes) {
        if (!serving || name !== 'served') {
          lane.close();
        }
      }
    },
  };
}
