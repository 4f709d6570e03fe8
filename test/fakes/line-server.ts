// A unix socket that speaks JSON lines from a script: QMP and the guest's agent, as far as their clients can tell.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferred } from '../../main/lib/async';
import { createLineSplitter } from '../../main/lib/lines';

export interface LineServer {
  readonly path: string;
  readonly received: Record<string, unknown>[];
  /** Resolves when the first client is there. */
  connected(): Promise<void>;
  /** To every client: an object as a line, a string as it is. */
  send(message: object | string): void;
  drop(): void;
  close(): Promise<void>;
}

export async function createLineServer(
  options: { greeting?: object; answer?(message: Record<string, unknown>): object | undefined } = {},
): Promise<LineServer> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-line-'));
  const path = join(folder, 's');
  const clients = new Set<Socket>();
  const received: Record<string, unknown>[] = [];
  const first = deferred<void>();
  const server = createServer((socket) => {
    clients.add(socket);
    first.resolve();
    const lines = createLineSplitter();
    socket.on('error', () => undefined);
    socket.on('close', () => clients.delete(socket));
    if (options.greeting !== undefined) {
      socket.write(`${JSON.stringify(options.greeting)}\r\n`);
    }
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk).filter((text) => text !== '')) {
        const message = JSON.parse(line) as Record<string, unknown>;
        received.push(message);
        const answer = options.answer?.(message);
        if (answer !== undefined) {
          socket.write(`${JSON.stringify(answer)}\n`);
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    received,
    connected: () => first.promise,
    send: (message) => clients.forEach((client) => client.write(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`)),
    drop: () => clients.forEach((client) => client.destroy()),
    async close() {
      clients.forEach((client) => client.destroy());
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
