// One address and port of the host: accepts, and relays each connection to a stream that somebody else dials; or leaves the port to the VM
// driver's own listener for a while. Knows no containers.
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createByteSource, join, type ByteStream } from '../lib/byte-source';

export interface PortFigures {
  /** Open connections, or senders of datagrams. */
  readonly connections: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly dropped: number;
}

export interface PortListener {
  figures(): PortFigures;
  /** Resolves when the port is free. */
  close(): Promise<void>;
}

/** A listener of the driver's own, on the same address and port. */
export interface Forwarded {
  /** Resolves when it is gone without having been removed: the VM ended. */
  readonly gone: Promise<void>;
  remove(): Promise<void>;
}

export interface TcpListener extends PortListener {
  /** Lets go of the port and has the driver take it. Where it refuses, this listens again and the driver's words are thrown. */
  handOver(forward: () => Promise<Forwarded>): Promise<void>;
  /** The other way round. */
  takeBack(): Promise<void>;
  handedOver(): boolean;
}

/** Rejects with the system's error: EADDRINUSE, EACCES, EADDRNOTAVAIL. `onLost`: somebody else took the port while it changed hands. */
export async function listenOnPort(
  address: string,
  port: number,
  dial: () => Promise<Duplex>,
  onLost: (cause: unknown) => void = () => undefined,
): Promise<TcpListener> {
  const sockets = new Set<Socket>();
  let [bytesIn, bytesOut] = [0, 0];
  let server: Server | undefined;
  let forwarded: Forwarded | undefined;
  let closed = false;

  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      bytesIn += socket.bytesRead;
      bytesOut += socket.bytesWritten;
    });
    const client: ByteStream = { stream: socket, source: createByteSource(socket) };
    dial().then(
      (stream) => {
        if (socket.destroyed) {
          stream.destroy();
          return;
        }
        void join(client, { stream, source: createByteSource(stream) });
      },
      () => socket.resetAndDestroy(),
    );
  };

  const listen = async (): Promise<void> => {
    const next = createServer({ allowHalfOpen: true, noDelay: true }, serve);
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen({ host: address, port, ipv6Only: address.includes(':'), backlog: BACKLOG }, resolve);
    });
    // Out of descriptors: this connection is lost, the listener stays.
    next.on('error', () => undefined);
    if (closed) {
      next.close();
    } else {
      server = next;
    }
  };
  const letGo = (): void => {
    // The system has the port back when this returns; connections that are open stay.
    server?.close();
    server = undefined;
  };
  const listenAgain = (): Promise<void> =>
    listen().catch((cause: unknown) => {
      onLost(cause);
      throw cause;
    });

  await listen();
  return {
    async handOver(forward) {
      letGo();
      try {
        const taken = await forward();
        forwarded = taken;
        void taken.gone.then(() => {
          if (forwarded === taken && !closed) {
            forwarded = undefined;
            listenAgain().catch(() => undefined);
          }
        });
      } catch (error) {
        await listenAgain();
        throw error;
      }
      if (closed) {
        await forwarded.remove();
      }
    },
    async takeBack() {
      const taken = forwarded;
      forwarded = undefined;
      await taken?.remove();
      if (taken !== undefined && !closed) {
        await listenAgain();
      }
    },
    handedOver: () => forwarded !== undefined,
    figures() {
      const open = [...sockets];
      return {
        connections: open.length,
        bytesIn: open.reduce((sum, socket) => sum + socket.bytesRead, bytesIn),
        bytesOut: open.reduce((sum, socket) => sum + socket.bytesWritten, bytesOut),
        dropped: 0,
      };
    },
    async close() {
      closed = true;
      letGo();
      // The container's end is gone without a word, so its clients must be told.
      for (const socket of sockets) {
        socket.destroy();
      }
      await forwarded?.remove();
    },
  };
}

/** Who comes with a thousand connections at once is not answered by the system's own retries, a second apart; the system caps it (somaxconn). */
const BACKLOG = 4096;
