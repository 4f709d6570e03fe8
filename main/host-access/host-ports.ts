// The list of host ports that containers may reach where the network itself leads to none: a listener in the guest for each, served here.
// The list is checked here for each connection, on this side, so nothing in the guest can widen it.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostPort } from '../../preload/contract';
import { createByteSource, join } from '../lib/byte-source';
import type { Logger } from '../lib/logger';
import type { ServedSocket } from '../ssh/transport';

export interface HostPortsDeps {
  /** A listener in the guest at `address:port`, made again after each redial until it is stopped. */
  readonly serve: (place: string, onStream: (stream: Duplex) => void) => Pick<ServedSocket, 'stands' | 'stop'>;
  /** Of the guest, what the host's names lead to. */
  readonly address: string;
  /** Berth's own listeners: never opened. */
  readonly doors: () => readonly number[];
  /** The figures changed. */
  readonly changed: () => void;
  readonly log: Logger;
}

export interface HostPorts {
  /** `active`: the guest can be reached, and its network leads nowhere by itself. */
  apply(ports: readonly number[], active: boolean): void;
  list(ports: readonly number[]): HostPort[];
  dispose(): void;
}

/** Where a program that says it listens on "localhost" may be. */
const LOOPBACKS = ['127.0.0.1', '::1'] as const;

export function createHostPorts({ serve, address, doors, changed, log }: HostPortsDeps): HostPorts {
  const open = new Map<number, { readonly streams: Set<Duplex>; readonly listener: Pick<ServedSocket, 'stands' | 'stop'> }>();

  const relay = (port: number, streams: Set<Duplex>, stream: Duplex): void => {
    // It may break before anybody reads it.
    stream.on('error', () => undefined);
    if (!open.has(port) || doors().includes(port)) {
      stream.destroy();
      return;
    }
    streams.add(stream);
    changed();
    stream.once('close', () => {
      streams.delete(stream);
      changed();
    });
    dialLoopback(port).then(
      (socket) => join({ stream, source: createByteSource(stream) }, { stream: socket, source: createByteSource(socket) }),
      (error: unknown) => {
        log.debug('nothing listens for a container', { port, error });
        stream.destroy();
      },
    );
  };

  return {
    apply(ports, active) {
      const wanted = new Set(active ? ports.filter((port) => !doors().includes(port)) : []);
      for (const [port, { streams, listener }] of open) {
        if (!wanted.has(port)) {
          open.delete(port);
          listener.stop();
          streams.forEach((stream) => stream.destroy());
        }
      }
      for (const port of wanted) {
        if (!open.has(port)) {
          const streams = new Set<Duplex>();
          const listener = serve(`${address}:${port}`, (stream) => relay(port, streams, stream));
          listener.stands.subscribe(changed);
          open.set(port, { streams, listener });
        }
      }
      changed();
    },
    list: (ports) =>
      ports.map((port) => ({
        port,
        state: doors().includes(port) ? 'own' : open.get(port)?.listener.stands.get() === true ? 'open' : 'waiting',
        connections: open.get(port)?.streams.size ?? 0,
      })),
    dispose() {
      open.forEach(({ listener }) => listener.stop());
      open.clear();
    },
  };
}

async function dialLoopback(port: number): Promise<Socket> {
  let failure: unknown;
  for (const host of LOOPBACKS) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          resolve(socket);
        });
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
