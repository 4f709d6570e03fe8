// A stand-in for dockerd with every byte in the test's hand: what arrives is seen raw, what is answered is written raw.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { Dialer, Lane } from '../../main/lib/dialer';

/** One connection as the engine sees it. */
export interface EngineConnection {
  readonly socket: Socket;
  /** Everything received so far, as latin1. */
  received(): string;
  /** Resolves once the received bytes contain the text. */
  until(text: string): Promise<string>;
  /** Resolves once the peer has ended its side. */
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;
  /** Forgets what was received. */
  clear(): void;
}

export interface RawEngine {
  readonly dialer: Dialer;
  readonly connections: EngineConnection[];
  readonly lanes: Lane[];
  dispose(): Promise<void>;
}

export type Behaviour = (connection: EngineConnection) => unknown;

export async function createRawEngine(behaviour: Behaviour): Promise<RawEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-engine-'));
  const path = join(folder, 'engine.sock');
  const connections: EngineConnection[] = [];
  const lanes: Lane[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = watch(socket);
    connections.push(connection);
    void Promise.resolve(behaviour(connection)).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const dial = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ path, allowHalfOpen: true });
      socket.once('connect', () => resolve(socket));
      socket.once('error', (error) => reject(new BerthError('engine.away', { reason: error.message })));
    });
  return {
    connections,
    lanes,
    dialer: {
      engine(lane = 'api') {
        lanes.push(lane);
        return dial();
      },
      udp: () => Promise.reject(new Error('no datagrams here')),
      notify: () => Promise.reject(new Error('no guest here')),
      tcp: (host, port) =>
        new Promise((resolve, reject) => {
          const socket = connect({ host, port, allowHalfOpen: true });
          socket.once('connect', () => resolve(socket));
          socket.once('error', reject);
        }),
    },
    async dispose() {
      for (const { socket } of connections) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function watch(socket: Socket): EngineConnection {
  let text = '';
  let wake: () => void = () => undefined;
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => socket.once('end', resolve));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    wake();
  });
  return {
    socket,
    ended,
    closed,
    received: () => text,
    clear: () => (text = ''),
    async until(wanted) {
      while (!text.includes(wanted)) {
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          socket.once('close', () => reject(new Error(`closed before ${JSON.stringify(wanted)}`)));
        });
      }
      return text;
    },
  };
}

/** Answers each request that has no body with the same bytes, for as long as the connection lives. */
export function answerEach(bytes: string | Buffer): Behaviour {
  return async (connection) => {
    for (;;) {
      await connection.until('\r\n\r\n');
      connection.clear();
      connection.socket.write(bytes);
    }
  };
}
