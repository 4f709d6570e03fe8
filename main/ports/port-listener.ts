// One address and port of the host: accepts, and relays each connection to a stream that somebody else dials. Knows no containers.
import { createServer, type Socket } from 'node:net';
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
  close(): void;
}

/** Rejects with the system's error: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
export async function listenOnPort(address: string, port: number, dial: () => Promise<Duplex>): Promise<PortListener> {
  const sockets = new Set<Socket>();
  let [bytesIn, bytesOut] = [0, 0];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
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
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, ipv6Only: address.includes(':') }, resolve);
  });
  // Out of descriptors: this connection is lost, the listener stays.
  server.on('error', () => undefined);
  return {
    figures() {
      const open = [...sockets];
      return {
        connections: open.length,
        bytesIn: open.reduce((sum, socket) => sum + socket.bytesRead, bytesIn),
        bytesOut: open.reduce((sum, socket) => sum + socket.bytesWritten, bytesOut),
        dropped: 0,
      };
    },
    close() {
      server.close();
      // The container's end is gone without a word, so its clients must be told.
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
