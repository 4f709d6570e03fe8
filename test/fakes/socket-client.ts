// A client of a unix socket that sends and reads raw bytes, for tests of the engine's socket.
import { connect, type Socket } from 'node:net';

export interface SocketClient {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  received(): string;
  /** Resolves once the received bytes contain the text. */
  until(text: string): Promise<string>;
  /** Everything, once the server has ended. */
  readonly whole: Promise<string>;
  end(): void;
}

export async function connectClient(path: string): Promise<SocketClient> {
  const socket = connect({ path, allowHalfOpen: true });
  let text = '';
  let wake: () => void = () => undefined;
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    wake();
  });
  const whole = new Promise<string>((resolve) => {
    socket.once('end', () => resolve(text));
    socket.once('close', () => resolve(text));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    whole,
    received: () => text,
    send: (bytes) => socket.write(bytes),
    end: () => socket.end(),
    async until(wanted) {
      while (!text.includes(wanted)) {
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          socket.once('close', () =>
            reject(new Error(`closed before ${JSON.stringify(wanted)}, received ${JSON.stringify(text.slice(0, 500))}`)),
          );
        });
      }
      return text;
    },
  };
}
