// Whether anybody listens at a unix socket or a pipe: the system's own word, nothing is sent.
import { connect } from 'node:net';

/** undefined = a connection was made; else the system's code, ECONNREFUSED where nobody listens at what is there. */
export function connectError(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
