// The fake engine's HTTP server on a unix socket: routes, the events stream, faults, and what a test wants to know about it.
// Speaks dockerd's real protocol, so that clients (ours, the docker CLI, our proxy) cannot tell for what it covers.
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createFakeConfiguration, type FakeConfiguration } from './configuration';
import { containerRoutes } from './containers';
import { diskUsageRoutes } from './disk-usage';
import { createExecs, type Program } from './exec';
import { createFaults, type Fault } from './faults';
import { filtersOf, Refusal, reply, type Exchange, type Route } from './http';
import { imageRoutes, type PullScript } from './images';
import { logRoutes, type LogScript } from './logs';
import { createModel, type FakeEvent, type Model, type ModelOptions } from './model';
import { storm } from './storm';

export interface FakeDockerd {
  readonly socket: string;
  readonly model: Model;
  /** Its daemon.json, in force and in the guest. */
  readonly configuration: FakeConfiguration;
  /** By container name. */
  readonly logs: Map<string, LogScript>;
  /** By reference with its tag. */
  readonly pulls: Map<string, PullScript>;
  /** By argv[0] of an exec. */
  readonly programs: Map<string, Program>;
  /** Every request that arrived: "POST /containers/web/start". */
  readonly calls: string[];
  readonly execs: ReturnType<typeof createExecs>['execs'];
  eventReaders(): number;
  openConnections(): number;
  /** The next matching requests go wrong; returns the way to end it. */
  fault(fault: Fault): () => void;
  /** Events are raised and not delivered, as dockerd does to slow readers. */
  loseEvents(lose: boolean): void;
  /** As when dockerd was killed: every connection is cut; with `stop` no new one is accepted either. */
  drop(): void;
  storm(changesPerSecond: number): () => void;
  stop(): Promise<void>;
}

export async function startFakeDockerd(socket: string, options: ModelOptions = {}): Promise<FakeDockerd> {
  const model = createModel(options);
  const logs = new Map<string, LogScript>();
  const pulls = new Map<string, PullScript>();
  const programs = new Map<string, Program>();
  const calls: string[] = [];
  const connections = new Set<Socket>();
  const readers = new Set<ServerResponse>();
  const faults = createFaults();
  const execs = createExecs(model, programs);
  const configuration = createFakeConfiguration(model, drop);
  const stops: (() => void)[] = [];
  let losing = false;

  function events({ query, response, gone }: Exchange): void {
    const types = filtersOf(query)['type'];
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    const deliver = (event: FakeEvent): void => {
      if (!losing && (types === undefined || types.includes(event.Type))) {
        response.write(`${JSON.stringify(event)}\n`);
      }
    };
    model.events.on('event', deliver);
    readers.add(response);
    gone.addEventListener('abort', () => {
      model.events.off('event', deliver);
      readers.delete(response);
    });
  }

  const version = {
    Version: '29.1.0-fake',
    ApiVersion: '1.52',
    MinAPIVersion: '1.44',
    Os: 'linux',
    Arch: 'amd64',
    KernelVersion: '6.12.0',
    GoVersion: 'go1.25',
    Components: [{ Name: 'Engine', Version: '29.1.0-fake' }],
  };
  const routes: Route[] = [
    [
      'GET',
      /^\/_ping$/,
      ({ response }) =>
        void response
          .writeHead(200, {
            'Content-Type': 'text/plain',
            Server: 'Docker/29.1.0-fake (linux)',
            'Api-Version': '1.52',
            Ostype: 'linux',
            'Docker-Experimental': 'false',
            'Builder-Version': '2',
          })
          .end('OK'),
    ],
    ['HEAD', /^\/_ping$/, ({ response }) => void response.writeHead(200, { 'Api-Version': '1.52', Ostype: 'linux' }).end()],
    ['GET', /^\/version$/, ({ response }) => reply(response, 200, version)],
    [
      'GET',
      /^\/info$/,
      ({ response }) =>
        reply(response, 200, {
          ID: 'fake',
          Name: 'berth',
          ServerVersion: version.Version,
          Containers: model.containers.size,
          Images: model.images.size,
          NCPU: 2,
          MemTotal: 4 * 2 ** 30,
          OperatingSystem: 'Berth',
          OSType: 'linux',
          Architecture: 'x86_64',
          ...configuration.info(),
        }),
    ],
    ['GET', /^\/events$/, events],
    ['GET', /^\/networks\/bridge$/, ({ response }) => reply(response, 200, configuration.bridge())],
    // Before the containers' and images' own, whose patterns would take these for names.
    ...diskUsageRoutes(model),
    ...containerRoutes(model),
    ...logRoutes(model, logs),
    ...execs.routes,
    ...imageRoutes(model, pulls),
  ];

  function exchangeOf(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): { exchange: Exchange; path: string } {
    const url = new URL(request.url ?? '/', 'http://docker');
    const path = url.pathname.replace(/^\/v\d+\.\d+(?=\/)/, '');
    calls.push(`${request.method} ${path}`);
    return { path, exchange: { request, response, query: url.searchParams, match: [], gone } };
  }

  function decoded(match: RegExpExecArray): readonly string[] {
    return match.slice(1).map((part) => decodeURIComponent(part));
  }

  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const { path, exchange } = exchangeOf(request, response, gone.signal);
    async function handle(): Promise<void> {
      if (!configuration.up) {
        response.destroy();
        return;
      }
      await faults.apply(`${request.method} ${path}`, response, gone.signal);
      for (const [method, pattern, run] of routes) {
        const match = method === request.method ? pattern.exec(path) : null;
        if (match !== null) {
          await run({ ...exchange, match: decoded(match) });
          return;
        }
      }
      throw new Refusal(404, 'page not found');
    }
    handle().catch((error: unknown) => {
      if (gone.signal.aborted || response.headersSent) {
        response.destroy();
        return;
      }
      reply(response, error instanceof Refusal ? error.status : 500, { message: error instanceof Error ? error.message : String(error) });
    });
  });
  server.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
    const { path, exchange } = exchangeOf(request, undefined as never, new AbortController().signal);
    const match = /^\/exec\/([^/]+)\/start$/.exec(path);
    if (match === null) {
      connection.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    execs.start({ ...exchange, match: decoded(match) }, connection, head).catch((error: unknown) => {
      const text = JSON.stringify({ message: error instanceof Error ? error.message : String(error) });
      connection.end(
        `HTTP/1.1 ${error instanceof Refusal ? error.status : 500} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      );
    });
  });
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    connection.on('error', () => undefined);
  });
  // Long bodies (loads) and long silences (events) are usual.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;

  await new Promise<void>((resolve, reject) => {
    rmSync(socket, { force: true });
    server.once('error', reject);
    server.listen(socket, resolve);
  });

  function drop(): void {
    for (const connection of connections) {
      connection.destroy();
    }
  }

  return {
    socket,
    model,
    configuration,
    logs,
    pulls,
    programs,
    calls,
    execs: execs.execs,
    eventReaders: () => readers.size,
    openConnections: () => connections.size,
    fault: faults.add,
    loseEvents: (lose) => (losing = lose),
    drop,
    storm(changesPerSecond) {
      const stop = storm(model, changesPerSecond);
      stops.push(stop);
      return stop;
    },
    async stop() {
      stops.forEach((stop) => stop());
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      drop();
      await closed;
    },
  };
}
