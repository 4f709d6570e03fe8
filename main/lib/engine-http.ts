// A tiny JSON client of the engine: the ping that decides "running", and the inspects that ports need. Everything richer is main/engine's.
import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import { BerthError } from '../../preload/contract';
import type { Dialer } from './dialer';

/** The part of dockerd's container JSON that ports need. */
export interface ContainerInspect {
  readonly Id: string;
  readonly Name?: string;
  readonly State?: { readonly Running?: boolean; readonly Paused?: boolean; readonly StartedAt?: string };
  readonly Config?: { readonly ExposedPorts?: Readonly<Record<string, unknown>> | null };
  readonly HostConfig?: {
    readonly NetworkMode?: string;
    readonly AutoRemove?: boolean;
    readonly PublishAllPorts?: boolean;
    readonly PortBindings?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
  };
  readonly NetworkSettings?: {
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string; readonly GlobalIPv6Address?: string } | null>> | null;
  };
}

export interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

export interface EngineHttp {
  /** Rejects with `engine.away`, or `engine.failed` with the engine's own words. undefined = 404. */
  json(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  inspectContainer(id: string): Promise<ContainerInspect | undefined>;
  /** With its anonymous volumes, as dockerd does for `--rm`. */
  removeContainer(id: string): Promise<void>;
}

export interface EngineVersion {
  readonly version: string;
  readonly apiVersion: string;
}

/** By which the engine's socket knows Berth's own requests. */
export const OWN_USER_AGENT = 'berth';

const MAX_BODY = 16 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export function createEngineHttp(dialer: Dialer): EngineHttp {
  const json = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> => {
    const stream = await dialer.engine('api');
    try {
      // With an agent, and `false` is one, node would connect by itself.
      return await exchange({ createConnection: () => stream }, method, path, body);
    } finally {
      stream.destroy();
    }
  };
  return {
    json,
    inspectContainer: async (id) => (await json('GET', `/containers/${encodeURIComponent(id)}/json`)) as ContainerInspect | undefined,
    async removeContainer(id) {
      await json('DELETE', `/containers/${encodeURIComponent(id)}?force=1&v=1`);
    },
  };
}

/** Asks the engine through the host's socket, as any client would; rejects with `engine.away`. */
export async function pingSocket(path: string): Promise<EngineVersion> {
  const { headers } = await send({ socketPath: path, agent: false }, 'GET', '/_ping');
  // As every answer names them: for `/version`, dockerd runs two programs.
  const version = /^Docker\/(\S+)/.exec(String(headers.server ?? ''))?.[1] ?? '';
  return { version, apiVersion: String(headers['api-version'] ?? '') };
}

/** By the host's socket, which remembers the answer for clients that ask while the VM sleeps (main/engine-socket/known.ts). */
export async function rememberVersion(path: string): Promise<void> {
  await exchange({ socketPath: path, agent: false }, 'GET', '/version');
}

async function exchange(how: RequestOptions, method: string, path: string, body?: unknown): Promise<unknown> {
  return (await send(how, method, path, body)).answer;
}

async function send(
  how: RequestOptions,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ headers: IncomingHttpHeaders; answer: unknown }> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    Host: 'docker',
    'User-Agent': OWN_USER_AGENT,
    Connection: 'close',
    ...(payload === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) }),
  };
  const [response, text] = await new Promise<[IncomingMessage, string]>((resolve, reject) => {
    const outgoing: ClientRequest = request(
      {
        ...(how.createConnection === undefined ? { agent: false } : {}),
        ...how,
        method,
        path,
        headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (incoming) => {
        collect(incoming).then((found) => resolve([incoming, found]), reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  }).catch((cause: unknown) => {
    throw new BerthError('engine.away', { reason: cause instanceof Error ? cause.message : String(cause) }, { cause });
  });
  const status = response.statusCode ?? 0;
  const { headers: said } = response;
  if (status === 404) {
    return { headers: said, answer: undefined };
  }
  const answer = parse(text);
  if (status >= 200 && status < 300) {
    return { headers: said, answer };
  }
  const detail = typeof answer === 'object' && answer !== null && 'message' in answer ? String(answer.message) : text.slice(0, 500);
  throw status === 503 ? new BerthError('engine.away', { reason: detail }) : new BerthError('engine.failed', { status, detail });
}

async function collect(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) {
      throw new Error(`answer larger than ${MAX_BODY} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `_ping` answers plain text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
