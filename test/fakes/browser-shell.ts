// The browser shell's real server with counted handlers behind it, and raw sockets to attack it with.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { serveHttp } from '../../main/headless/http';
import type { HttpServer } from '../../main/headless/http';
import { silentLogger } from '../../main/lib/logger';
import type { BackendHandlers } from '../../preload/contract';
import { decodeFrame, encodeFrame } from '../../preload/rpc/frames';
import type { Frame } from '../../preload/rpc/frames';
import { serve } from '../../preload/rpc/server';

export interface BrowserShell {
  readonly server: HttpServer;
  readonly port: number;
  /** Calls that reached a handler. */
  readonly calls: string[];
  /** A code turned into a token as the page does it. */
  session(): Promise<string>;
  /** Sends these bytes; resolves with what came back when the connection closes or after `ms`. */
  raw(bytes: string | Buffer, ms?: number): Promise<string>;
  /** Opens a WebSocket, sends the messages, resolves with the frames that came back until it closed. */
  webSocket(messages: readonly (string | Uint8Array | Frame)[], options?: SocketOptions): Promise<SocketResult>;
  dispose(): Promise<void>;
}

export interface SocketOptions {
  readonly headers?: Record<string, string>;
  readonly origin?: string | undefined;
  readonly path?: string;
  readonly ms?: number;
}

export interface SocketResult {
  /** Of the handshake, where it was refused. */
  readonly status?: number;
  /** WebSocket's own. */
  readonly closeCode?: number;
  readonly frames: readonly Frame[];
}

export async function startBrowserShell(): Promise<BrowserShell> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-shell-'));
  mkdirSync(join(folder, 'web', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'web', 'index.html'), '<!doctype html><title>Berth</title>');
  writeFileSync(join(folder, 'web', 'assets', 'app.js'), 'console.log(1)');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  const calls: string[] = [];
  const handlers = new Proxy({} as BackendHandlers, {
    // A promise's resolution asks for `then`; that is no call.
    get: (_, name) =>
      name === 'then'
        ? undefined
        : () => {
            calls.push(String(name));
            return [];
          },
  });
  const server = await serveHttp({
    renderer: join(folder, 'web'),
    port: 0,
    log: silentLogger,
    connect: (page, accept) =>
      void serve(page, {
        build: 'test',
        async accept(hello) {
          await accept(hello);
          return handlers;
        },
        helloDeadlineMs: 300,
      }),
  });
  const { port } = server;

  return {
    server,
    port,
    calls,
    async session() {
      const code = new URL(server.address(10_000)).hash.slice('#code='.length);
      const response = await fetch(`http://127.0.0.1:${port}/api/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: `http://127.0.0.1:${port}` },
        body: JSON.stringify({ code }),
      });
      return ((await response.json()) as { token: string }).token;
    },
    raw: (bytes, ms = 3000) =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        const timer = setTimeout(() => socket.destroy(), ms);
        socket.setEncoding('latin1');
        socket.on('data', (chunk: string) => (answer += chunk));
        socket.on('error', () => undefined);
        socket.on('close', () => {
          clearTimeout(timer);
          resolve(answer);
        });
      }),
    webSocket: (messages, options = {}) =>
      new Promise((resolve) => {
        const origin = 'origin' in options ? options.origin : `http://127.0.0.1:${port}`;
        const socket = new WebSocket(`ws://127.0.0.1:${port}${options.path ?? '/api/ws'}`, {
          ...(origin === undefined ? {} : { origin }),
          headers: options.headers ?? {},
          perMessageDeflate: false,
        });
        const frames: Frame[] = [];
        let status: number | undefined;
        let closeCode: number | undefined;
        const timer = setTimeout(() => socket.close(), options.ms ?? 3000);
        const finish = (): void => {
          clearTimeout(timer);
          resolve({ frames, ...(status === undefined ? {} : { status }), ...(closeCode === undefined ? {} : { closeCode }) });
        };
        socket.on('unexpected-response', (request, response) => {
          status = response.statusCode ?? 0;
          request.destroy();
          finish();
        });
        socket.on('open', () => {
          for (const message of messages) {
            socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : encodeFrame(message));
          }
        });
        socket.on('message', (data: Buffer) => frames.push(decodeFrame(data)));
        socket.on('error', () => undefined);
        socket.on('close', (code) => {
          closeCode = code;
          finish();
        });
      }),
    async dispose() {
      await server.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}
