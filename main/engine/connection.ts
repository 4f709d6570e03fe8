// HTTP to dockerd over a Dialer: one keep-alive agent a lane, answers as JSON, as a stream, or as a raw connection after an upgrade.
// Knows no path of the API. Why no dockerode: ARCHITECTURE.md, Decisions.
import { Agent, request as httpRequest } from 'node:http';
import type { ClientRequest, ClientRequestArgs, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { BerthError } from '../../preload/contract';
import type { Dialer, Lane } from '../lib/dialer';
import { answerError, linkError } from './errors';
import type { ErrorContext } from './errors';

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Its parts already encoded. */
  readonly path: string;
  /** Objects travel as JSON, undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | object | undefined>>;
  readonly body?: unknown;
  /** Instead of `body`: bytes, taken no faster than dockerd takes them. */
  readonly upload?: AsyncIterable<Uint8Array>;
  readonly lane?: Lane;
  readonly signal?: AbortSignal | undefined;
  /** Of an answer in JSON; 0 = none, for what dockerd may rightly take long over. */
  readonly deadlineSeconds?: number;
  /** What the caller talks about, for the fields of an error. */
  readonly about?: ErrorContext;
}

export interface Connection {
  json(request: EngineRequest): Promise<unknown>;
  /** The body as it comes; destroying it cuts the connection. */
  stream(request: EngineRequest): Promise<IncomingMessage>;
  /** The raw connection after a 101. */
  upgrade(request: EngineRequest): Promise<Duplex>;
  dispose(): void;
}

const DEADLINE_SECONDS = 60;
/** A list of 10,000 containers is 20 MB. */
const MAX_JSON_BYTES = 128 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** What http.Agent asks of a net.Socket, for streams that have none of it (SSH channels). */
const socketMethods = {
  setKeepAlive: () => undefined,
  setTimeout: () => undefined,
  setNoDelay: () => undefined,
  ref: () => undefined,
  unref: () => undefined,
};

class DialAgent extends Agent {
  constructor(private readonly dial: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 4, scheduling: 'lifo' });
  }

  override createConnection(_options: ClientRequestArgs, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    this.dial().then(
      (stream) => callback?.(null, Object.assign(stream, { ...socketMethods, ...pick(stream) })),
      (error: unknown) => callback?.(error as Error, undefined as never),
    );
  }
}

/** Those of the methods that the stream has itself. */
function pick(stream: Duplex): object {
  const own = stream as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.keys(socketMethods).flatMap((name) => (name in stream ? [[name, own[name]]] : [])));
}

function pathOf({ path, query = {} }: EngineRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) {
      search.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
    }
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function collect(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) {
      throw new BerthError('engine.failed', { status: response.statusCode ?? 0, detail: `answer larger than ${limit} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Until more may be sent, or nobody wants it any more. */
function room(outgoing: ClientRequest): Promise<void> {
  const events = ['drain', 'close', 'response'] as const;
  return new Promise((resolve) => {
    const settle = (): void => {
      events.forEach((event) => outgoing.off(event, settle));
      resolve();
    };
    events.forEach((event) => outgoing.on(event, settle));
  });
}

async function send(outgoing: ClientRequest, { body, upload }: EngineRequest, answered: () => boolean): Promise<void> {
  if (upload === undefined) {
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    return;
  }
  for await (const chunk of upload) {
    // An answer before the end of the upload is a refusal: what is left need not travel.
    if (answered() || outgoing.destroyed) {
      return;
    }
    if (!outgoing.write(chunk)) {
      await room(outgoing);
    }
  }
  outgoing.end();
}

export function createConnection(dialer: Dialer): Connection {
  const agents = new Map<Lane, DialAgent>();

  function agentOf(lane: Lane): DialAgent {
    const agent = agents.get(lane) ?? new DialAgent(() => dialer.engine(lane));
    agents.set(lane, agent);
    return agent;
  }

  /** The first answer, whatever its status. */
  function exchange(
    request: EngineRequest,
    upgrade: boolean,
  ): Promise<{ response: IncomingMessage; raw?: Duplex; outgoing: ClientRequest }> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string | number> = { Host: 'docker' };
      if (upgrade) {
        Object.assign(headers, { Connection: 'Upgrade', Upgrade: 'tcp' });
      }
      if (request.upload !== undefined) {
        headers['Content-Type'] = 'application/x-tar';
      } else if (request.body !== undefined) {
        Object.assign(headers, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(JSON.stringify(request.body)) });
      } else if (request.method === 'POST') {
        headers['Content-Length'] = 0;
      }
      const { signal } = request;
      const outgoing = httpRequest({
        agent: agentOf(request.lane ?? 'api'),
        method: request.method,
        path: pathOf(request),
        headers,
        ...(signal === undefined ? {} : { signal }),
      });
      let answered = false;
      outgoing.on('response', (response) => {
        answered = true;
        resolve({ response, outgoing });
      });
      outgoing.on('upgrade', (response, raw, head) => {
        if (head.length > 0) {
          raw.unshift(head);
        }
        resolve({ response, raw, outgoing });
      });
      outgoing.on('error', reject);
      send(outgoing, request, () => answered).catch((error: unknown) => outgoing.destroy(error as Error));
    });
  }

  async function open(request: EngineRequest, upgrade = false): ReturnType<typeof exchange> {
    let answer;
    try {
      answer = await exchange(request, upgrade);
    } catch (error) {
      throw linkError(error, request.signal);
    }
    const { response, raw, outgoing } = answer;
    const status = response.statusCode ?? 0;
    if (raw !== undefined || (status >= 200 && status < 300) || status === 304) {
      return answer;
    }
    const body = await collect(response, MAX_ERROR_BYTES).catch(() => '');
    if (!outgoing.writableEnded) {
      outgoing.destroy();
    }
    throw answerError(status, body, request.about);
  }

  async function json(request: EngineRequest): Promise<unknown> {
    const seconds = request.deadlineSeconds ?? DEADLINE_SECONDS;
    const signals = [
      ...(request.signal === undefined ? [] : [request.signal]),
      ...(seconds === 0 ? [] : [AbortSignal.timeout(seconds * 1000)]),
    ];
    const signal = signals.length === 0 ? undefined : AbortSignal.any(signals);
    try {
      const { response } = await open({ ...request, signal });
      const body = await collect(response, MAX_JSON_BYTES);
      return body === '' ? undefined : (JSON.parse(body) as unknown);
    } catch (error) {
      if (error instanceof SyntaxError) {
        throw new BerthError('engine.failed', { status: 200, detail: `not JSON: ${error.message}` }, { cause: error });
      }
      if (signal?.aborted === true && request.signal?.aborted !== true) {
        throw new BerthError('engine.notAnswering', { seconds }, { cause: error });
      }
      throw linkError(error, request.signal);
    }
  }

  return {
    /** A kept connection may have died unseen; what only reads is asked once more. */
    async json(request) {
      try {
        return await json(request);
      } catch (error) {
        if (request.method === 'GET' && error instanceof BerthError && error.code === 'engine.away' && isReset(error.cause)) {
          return json(request);
        }
        throw error;
      }
    },
    stream: async (request) => (await open(request)).response,
    async upgrade(request) {
      const { raw, outgoing } = await open({ lane: 'terminal', ...request }, true);
      if (raw === undefined) {
        outgoing.destroy();
        throw new BerthError('engine.failed', { status: 200, detail: 'no upgrade' });
      }
      return raw;
    },
    dispose() {
      for (const agent of agents.values()) {
        agent.destroy();
      }
    },
  };
}

function isReset(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
