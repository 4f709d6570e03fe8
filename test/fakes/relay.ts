// A TCP relay whose connections can be held (bytes wait, as behind a process that is stopped) or swallowed (bytes are gone, and no end is heard).
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** Those that stand now never carry a byte again; new ones do. */
  swallow(): void;
  /** All of them, and new ones, until `release`. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

export async function startRelay(target: number): Promise<Relay> {
  const pairs = new Set<{ readonly sockets: readonly [Socket, Socket]; swallowed: boolean }>();
  let held = false;
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    const pair = { sockets: [client, upstream] as const, swallowed: false };
    pairs.add(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk: Buffer) => pair.swallowed || to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
      if (held) {
        from.pause();
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const each = (act: (socket: Socket) => void): void => pairs.forEach(({ sockets }) => sockets.forEach(act));
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => pairs.forEach((pair) => (pair.swallowed = true)),
    hold() {
      held = true;
      each((socket) => socket.pause());
    },
    release() {
      held = false;
      each((socket) => socket.resume());
    },
    close() {
      each((socket) => socket.destroy());
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
