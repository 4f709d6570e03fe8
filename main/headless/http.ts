// The browser shell's server: the window's files, one call that turns a code into a session, the WebSocket. Loopback only, no cookies, no CORS.
// Every request passes guard.ts first; the token travels in the WebSocket's first frame.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { BerthError } from '../../preload/contract';
import { securityHeaders } from '../lib/csp';
import type { Logger } from '../lib/logger';
import { listStaticFiles } from '../lib/static-files';
import type { StaticFile } from '../lib/static-files';
import { MAX_FRAME_BYTES } from '../../preload/rpc/frames';
import type { Hello } from '../../preload/rpc/frames';
import type { Transport } from '../../preload/rpc/transport';
import { refusalOf, SESSION_PATH } from './guard';
import { createPenalty } from './penalty';
import { createSessions } from './sessions';
import { acceptedTransport } from './web-socket';

const ADDRESS = '127.0.0.1';
const MAX_BODY_BYTES = 4096;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 512;
const MAX_SOCKETS = 64;
/** Not yet accepted; a page says its hello at once, so the oldest makes room. */
const MAX_WAITING = 16;
/** A request that trickles in slower than this is cut off. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 15_000;

export interface HttpOptions {
  /** Folder of the built window. */
  readonly renderer: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly log: Logger;
  /** A page's transport; `accept` tells whether its hello has a session. */
  readonly connect: (page: Transport, accept: (hello: Hello) => Promise<void>) => void;
}

export interface HttpServer {
  readonly port: number;
  /** An address that opens the window once, within the time. */
  address(lifetimeMs: number): string;
  dispose(): Promise<void>;
}

export async function serveHttp({ renderer, port, log, connect }: HttpOptions): Promise<HttpServer> {
  let files = await listStaticFiles(renderer);
  const sessions = createSessions();
  const penalty = createPenalty();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false, clientTracking: true });
  const waiting = new Set<WebSocket>();
  const accepted = new Set<WebSocket>();
  let hosts: readonly string[] = [];

  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: 1000,
    requireHostHeader: true,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const refused = check(request, false);
    if (refused !== undefined) {
      answer(response, refused.status);
    } else if (request.url === SESSION_PATH) {
      redeem(request, response).catch(() => response.destroy());
    } else if (request.url === '/') {
      // A build or an update since the last look has given the window's files other names.
      listStaticFiles(renderer)
        .then((found) => (files = found))
        .catch(() => files)
        .then((found) => sendFile(found.get('/'), request, response))
        .catch(() => response.destroy());
    } else {
      sendFile(files.get(request.url ?? ''), request, response);
    }
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refused = check(request, true) ?? (accepted.size >= MAX_SOCKETS ? { status: 503 } : undefined);
    if (refused !== undefined) {
      socket.end(plainAnswer(refused.status));
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const [oldest] = waiting;
      if (oldest !== undefined && waiting.size >= MAX_WAITING) {
        waiting.delete(oldest);
        oldest.terminate();
      }
      waiting.add(webSocket);
      webSocket.on('close', () => {
        waiting.delete(webSocket);
        accepted.delete(webSocket);
      });
      connect(acceptedTransport(webSocket), async (hello) => {
        await accept(hello);
        if (waiting.delete(webSocket)) {
          accepted.add(webSocket);
        }
      });
    });
  });
  // What is not HTTP, too large or too slow; Node has no response object for it.
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    if (socket.writable) {
      socket.end(plainAnswer(error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400));
    }
    setTimeout(() => socket.destroy(), 500).unref();
  });

  function check(request: IncomingMessage, upgrade: boolean): { readonly status: number } | undefined {
    const { method = '', url = '', rawHeaders } = request;
    const refused = refusalOf({ method, url, rawHeaders, upgrade }, hosts);
    if (refused !== undefined) {
      log.warn('refused a request', { status: refused.status, reason: refused.reason, method, path: url.split(/[?#]/)[0]?.slice(0, 100) });
    }
    return refused;
  }

  async function accept(hello: Hello): Promise<void> {
    if (hello.token === undefined || !sessions.knows(hello.token)) {
      await penalty.wait();
      throw new BerthError('rpc.unauthorized', {});
    }
  }

  async function redeem(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) {
      answer(response, 413);
      return;
    }
    const code = parseCode(body);
    const token = code === undefined ? undefined : sessions.redeem(code);
    if (token === undefined) {
      await penalty.wait();
      answer(response, 403);
      return;
    }
    response.writeHead(200, { ...securityHeaders, 'content-type': 'application/json' });
    response.end(JSON.stringify({ token }));
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new BerthError('ports.inUse', { port, protocol: 'tcp', address: ADDRESS, process: '', suggested: 0 })
          : error,
      ),
    );
    server.listen(port, ADDRESS, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  hosts = [`${ADDRESS}:${bound}`, `localhost:${bound}`];

  return {
    port: bound,
    address: (lifetimeMs) => `http://${ADDRESS}:${bound}/#code=${sessions.issueCode(lifetimeMs)}`,
    async dispose() {
      const closed = new Promise((resolve) => server.close(resolve));
      sockets.clients.forEach((client) => client.close(1001));
      setTimeout(() => sockets.clients.forEach((client) => client.terminate()), 500).unref();
      server.closeAllConnections();
      await closed;
    },
  };
}

const codeSchema = z.strictObject({ code: z.string().min(1).max(200) });

function parseCode(body: string): string | undefined {
  try {
    return codeSchema.parse(JSON.parse(body)).code;
  } catch {
    return undefined;
  }
}

/** undefined where it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendFile(file: StaticFile | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (file === undefined) {
    answer(response, 404);
    return;
  }
  const stream = createReadStream(file.path);
  stream.on('error', () => (response.headersSent ? response.destroy() : answer(response, 404)));
  stream.on('open', () => {
    response.writeHead(200, { ...securityHeaders, 'content-type': file.type });
    if (request.method === 'HEAD') {
      stream.destroy();
      response.end();
    } else {
      stream.pipe(response);
    }
  });
  response.on('close', () => stream.destroy());
}

/** Says nothing to whoever tries: the log has the reason. The connection is closed, because what follows may be the rest of a refused body. */
function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { ...securityHeaders, 'content-length': 0, connection: 'close' });
  response.end();
}

function plainAnswer(status: number): string {
  const headers = Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} Refused`, ...headers, 'content-length: 0', 'connection: close', '', ''].join('\r\n');
}
