// The way to the backend that owns a home: for the command line, and for a shell that attaches.
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { hasCode } from '../lib/atomic-file';
import type { Transport } from '../../preload/rpc/transport';
import { socketTransport } from './frames';

/** Undefined where nobody listens. */
export async function connectControl(path: string): Promise<Transport | undefined> {
  try {
    return socketTransport(await connect(path));
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ECONNREFUSED', 'ENOTSOCK')) {
      return undefined;
    }
    throw error;
  }
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path, allowHalfOpen: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
