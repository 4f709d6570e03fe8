// The engine's socket on the host, as clients of Docker see it: a listening socket that outlives VM, transport and engine.
// Reads requests one by one and hands each to `exchange`; knows nothing of what is in them beyond their route.
import type { Socket } from 'node:net';
import { fromWireError, toWireError, type BerthError } from '../../preload/contract';
import type { JudgeBind } from '../lib/binds';
import { createByteSource, type ByteStream } from '../lib/byte-source';
import type { Dialer } from '../lib/dialer';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { PortGate } from '../lib/port-gate';
import type { BuildWatch, PullGuard } from '../lib/pull-guard';
import { createUseMeter, type Use } from '../lib/use';
import type { Sleep } from './asleep';
import type { ContainerEnv } from './create-body';
import { exchange, refuse, type ExchangeDeps } from './exchange';
import { readRequestHead, valuesOf, type RequestHead } from './head';
import { createKnown } from './known';
import { listenOnSocket } from './listen';
import { createPolls } from './polls';
import { routeOf, type Route } from './routes';
import { createUpstreams } from './upstreams';

export interface EngineSocketDeps {
  readonly path: string;
  readonly dialer: Dialer;
  /** undefined = the engine may be dialled; else why not. */
  available(): BerthError | undefined;
  /** Missing = the engine never sleeps. */
  readonly sleep?: Sleep;
  readonly ports: PortGate;
  /** Watches clients' pulls as their progress passes. */
  readonly pulls?: Pick<PullGuard, 'watch'> & { watchBuild?(): BuildWatch };
  /** What the sources of bind mounts are to the guest. */
  readonly judge: JudgeBind;
  /** Proxies of containers, asked at each create. */
  containerEnv?(): ContainerEnv;
  /** Where the host is for containers now, asked at each create; missing or undefined = `host-gateway` stays a word. */
  hostGateway?(): string | undefined;
  /** The error's English words, from the locale files. */
  describe(error: BerthError): string;
  readonly log: Logger;
}

export interface EngineSocket {
  /** Requests that are a sign of use: not pings, events, stats and what a program reads over and over. */
  readonly use: Observable<Use>;
  dispose(): Promise<void>;
}

export async function createEngineSocket(deps: EngineSocketDeps): Promise<EngineSocket> {
  const use = createUseMeter();
  const upstreams = createUpstreams(deps.dialer);
  const clients = new Set<Socket>();
  const polls = createPolls();
  const isUse = (head: RequestHead, { counts }: Route): boolean =>
    counts === 'yes' ||
    (counts === 'unlessPolled' && !polls.isOneMore(valuesOf(head.fields, 'user-agent').join(), `${head.method} ${head.target}`));

  const serve = async (client: ByteStream, shared: ExchangeDeps): Promise<void> => {
    for (let more = true; more;) {
      const head = await readRequestHead(client.source);
      if (!head) {
        client.stream.end();
        return;
      }
      const route = routeOf(head.method, head.target);
      const end = isUse(head, route) ? use.begin() : undefined;
      try {
        more = await exchange({ client, head, route, isUse: end !== undefined }, shared);
      } finally {
        end?.();
      }
    }
  };

  const server = await listenOnSocket(
    deps.path,
    (socket) => {
      clients.add(socket);
      socket.once('close', () => clients.delete(socket));
      const client: ByteStream = { stream: socket, source: createByteSource(socket) };
      serve(client, shared).catch(async (error: unknown) => {
        const known = fromWireError(toWireError(error));
        if (known.code !== 'internal.unexpected' && socket.writable) {
          await refuse(client, known, 'GET', deps);
        }
        socket.destroy();
      });
    },
    deps.log,
  );
  const shared: ExchangeDeps = { ...deps, upstreams, known: createKnown() };

  return {
    use,
    async dispose() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      upstreams.dispose();
      for (const socket of clients) {
        socket.destroy();
      }
      await closed;
    },
  };
}
