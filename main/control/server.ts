// The control socket: how the command line and a second shell reach the backend that owns the home. The folder is 0700, the socket 0600;
// whoever can open it is the user, so there is no token.
import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { BerthError } from '../../preload/contract';
import { asError } from '../lib/async';
import type { Transport } from '../../preload/rpc/transport';
import { socketTransport } from './frames';

/** More shells and commands at once than a person has. */
const MAX_CONNECTIONS = 64;

export interface ControlServer {
  dispose(): Promise<void>;
}

/** The caller holds the home's lock: a socket file that is there belongs to nobody. */
export async function listenControl(path: string, onConnection: (transport: Transport) => void): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    onConnection(socketTransport(socket));
  });
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    await chmod(path, 0o600);
  } catch (error) {
    server.close();
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  }
  return {
    async dispose() {
      const closed = new Promise((resolve) => server.close(resolve));
      // What was answered still goes out.
      for (const socket of sockets) {
        socket.end();
        setTimeout(() => socket.destroy(), 500).unref();
      }
      await closed;
    },
  };
}
