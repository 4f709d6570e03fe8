// dockerd's refusals -> codes with fields, read from Docker's own words; broken connections -> `engine.away`.
// The words are those of Engine 24 to 29, with either image store; what none of the patterns knows keeps them as its detail.
import { BerthError } from '../../preload/contract';
import type { ErrorCode, ErrorParams } from '../../preload/contract';

export interface ErrorContext {
  readonly container?: string;
  readonly image?: string;
  readonly reference?: string;
  /** The name that a container is to have. */
  readonly name?: string;
}

type Reader = (found: RegExpExecArray, detail: string, about: ErrorContext) => BerthError;

function as<C extends ErrorCode>(code: C, params: (found: RegExpExecArray, detail: string, about: ErrorContext) => ErrorParams<C>): Reader {
  return (...from) => new BerthError(code, params(...from));
}

const unreachable =
  /dial tcp|no such host|i\/o timeout|connection refused|connection reset|network is unreachable|TLS handshake|x509:|context deadline exceeded|request canceled|server misbehaving|: EOF$|unexpected EOF|server gave HTTP response|502 Bad Gateway|503 Service Unavailable|504 Gateway|toomanyrequests|Too Many Requests/i;

/** In order: the first that fits decides. */
const patterns: readonly (readonly [RegExp, Reader])[] = [
  [/no space left on device/i, as('engine.noSpace', (_, detail) => ({ detail }))],
  [
    /container name "\/?([^"]*)" is already in use by container "?([0-9a-f]+)"?/i,
    as('engine.nameTaken', (found, detail) => ({ name: found[1] ?? '', by: (found[2] ?? '').slice(0, 12), detail })),
  ],
  [
    /Bind for (.*):(\d+) failed: port is already allocated/,
    as('engine.portTaken', (found, detail) => ({ address: found[1] ?? '', port: Number(found[2]), protocol: 'tcp', suggested: 0, detail })),
  ],
  [
    /failed to bind host port (?:for )?(\[.*\]|[^\s:/]*):(\d+)[^\s]*\/(tcp|udp)/,
    as('engine.portTaken', (found, detail) => ({
      address: found[1] ?? '',
      port: Number(found[2]),
      protocol: found[3] ?? 'tcp',
      suggested: 0,
      detail,
    })),
  ],
  [
    /listen (tcp|udp)[46]? (\[.*\]|[^\s:]*):(\d+): bind: address already in use/,
    as('engine.portTaken', (found, detail) => ({
      address: found[2] ?? '',
      port: Number(found[3]),
      protocol: found[1] ?? 'tcp',
      suggested: 0,
      detail,
    })),
  ],
  [
    /exec: "?([^"]*?)"?: (?:executable file not found|stat .*: no such file or directory|permission denied|is a directory|no such file)/,
    as('engine.noCommand', (found, detail) => ({ command: found[1] ?? '', detail })),
  ],
  [
    /exec (\S+): (?:no such file or directory|permission denied|exec format error)/,
    as('engine.noCommand', (found, detail) => ({ command: found[1] ?? '', detail })),
  ],
  [
    /(?:image is being used by (?:stopped|running) container|container) ([0-9a-f]{12,}|[\w.-]+)(?: is using its referenced image)?.*$/,
    (found, detail, about) => imageInUse(found, detail, about),
  ],
  [/No such container:? (\S+)/i, as('engine.notFound', (found, detail) => ({ kind: 'container', id: found[1] ?? '', detail }))],
  [/No such exec instance:? (\S+)/i, as('engine.notFound', (found, detail) => ({ kind: 'exec', id: found[1] ?? '', detail }))],
  [/No such image:? (\S+)/i, as('engine.notFound', (found, detail) => ({ kind: 'image', id: found[1] ?? '', detail }))],
  [
    /(?:get )?(\S+): no such volume|No such volume:? (\S+)/i,
    as('engine.notFound', (found, detail) => ({ kind: 'volume', id: found[1] ?? found[2] ?? '', detail })),
  ],
  [/network (\S+) not found/i, as('engine.notFound', (found, detail) => ({ kind: 'network', id: found[1] ?? '', detail }))],
  [
    /invalid reference format|repository name .*must be lowercase|invalid tag format|invalid repository name|repository name must (?:be|not)/i,
    as('engine.badReference', (_, detail, about) => ({ reference: about.reference ?? about.image ?? '', detail })),
  ],
  [
    /pull access denied|requested access to the resource is denied|insufficient_scope|authorization failed|no basic auth credentials|unauthorized|403 Forbidden/i,
    as('engine.pullDenied', (_, detail, about) => ({ reference: about.reference ?? about.image ?? '', detail })),
  ],
  [
    /manifest unknown|manifest for \S+ not found|no matching manifest|failed to resolve reference "[^"]*": \S+: not found|failed to do request.*404|: not found$/i,
    (_, detail, about) => missing(detail, about),
  ],
];

function imageInUse(found: RegExpExecArray, detail: string, about: ErrorContext): BerthError {
  return /unable to (?:remove|delete)/.test(detail)
    ? new BerthError('engine.imageInUse', { image: about.image ?? '', by: found[1] ?? '', detail })
    : new BerthError('engine.conflict', { detail });
}

/** Of what was asked for; where nothing was named, nothing can be missing. */
function missing(detail: string, about: ErrorContext): BerthError {
  const image = about.reference ?? about.image;
  const id = image ?? about.container;
  return id === undefined
    ? new BerthError('engine.failed', { status: 404, detail })
    : new BerthError('engine.notFound', { kind: image === undefined ? 'container' : 'image', id, detail });
}

/** dockerd's words, wherever they came: the body of a refusal, an error line of a stream. `status` 0 = within a stream. */
export function engineError(status: number, detail: string, about: ErrorContext = {}): BerthError {
  for (const [pattern, read] of patterns) {
    const found = pattern.exec(detail);
    if (found !== null && !(read === imageInUse && status !== 409)) {
      return read(found, detail, about);
    }
  }
  // Not the registry's fault: its name was never found out. Docker names the server in the guest, which asks this computer's.
  if (/lookup \S+ on \S+:53: (?:.*i\/o timeout|server misbehaving)/i.test(detail)) {
    return new BerthError('host.dnsSilent', { reason: 'silent', detail });
  }
  if (about.reference !== undefined && unreachable.test(detail)) {
    return new BerthError('engine.registryUnreachable', { reference: about.reference, detail });
  }
  if (status === 404) {
    return missing(detail, about);
  }
  if (status === 409) {
    return new BerthError('engine.conflict', { detail });
  }
  if (status === 400) {
    return new BerthError('engine.badParameter', { detail });
  }
  return new BerthError('engine.failed', { status, detail });
}

export function answerError(status: number, body: string, about: ErrorContext = {}): BerthError {
  return engineError(status, messageOf(body) || `HTTP ${status}`, about);
}

/** {"message":"…"}, or whatever else came, cut. */
function messageOf(body: string): string {
  try {
    const parsed = JSON.parse(body) as { message?: unknown } | null;
    if (typeof parsed?.message === 'string') {
      return parsed.message.trim();
    }
  } catch {
    // Not JSON: a proxy's or a stranger's words are still the best there is.
  }
  return body.slice(0, 1000).trim();
}

/** What went wrong below HTTP. Ours and mistakes in code pass through; an abort stays the caller's own. */
export function linkError(error: unknown, signal?: AbortSignal): Error {
  if (error instanceof BerthError) {
    return error;
  }
  if (signal?.aborted === true) {
    return new BerthError('rpc.cancelled', {}, { cause: error });
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return error;
  }
  return new BerthError('engine.away', { reason: error instanceof Error ? error.message : String(error) }, { cause: error });
}
