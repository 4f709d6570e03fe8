// Which requests may be looked at, by their head alone: method, address, Host, Origin, Sec-Fetch-Site. Pure, so that every rule has its test.
// The loopback is no fence: every local user, every web page and every container can send requests here.

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** As they came: name, value, name, value… so that doubled ones are seen. */
  readonly rawHeaders: readonly string[];
  readonly upgrade: boolean;
}

export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

export const SOCKET_PATH = '/api/ws';
export const SESSION_PATH = '/api/session';

const overrides: readonly string[] = ['x-http-method', 'x-http-method-override', 'x-method-override'];

/** undefined = may pass. `hosts` are whole Host values: "127.0.0.1:8080", "localhost:8080". */
export function refusalOf(head: RequestHead, hosts: readonly string[]): Refusal | undefined {
  const { method, url, upgrade } = head;
  const all = (name: string): string[] =>
    head.rawHeaders.filter((_, at) => at % 2 === 1 && head.rawHeaders[at - 1]?.toLowerCase() === name);

  const host = all('host');
  const found = host.length === 1 ? host[0]?.toLowerCase() : undefined;
  if (found === undefined || !hosts.includes(found)) {
    return { status: 403, reason: 'Host' };
  }
  // Only a path: no absolute form, and no query, because a secret in a query ends up in logs.
  if (!url.startsWith('/') || url.startsWith('//') || /[?#\\]/.test(url)) {
    return { status: 400, reason: 'address' };
  }
  if (overrides.some((name) => all(name).length > 0)) {
    return { status: 400, reason: 'method override' };
  }
  const origins = all('origin');
  const changes = upgrade || (method !== 'GET' && method !== 'HEAD');
  if (origins.length > 1 || (origins.length === 1 ? origins[0] !== `http://${found}` : changes)) {
    return { status: 403, reason: 'Origin' };
  }
  if (!siteMayAsk(all('sec-fetch-site'), all('sec-fetch-mode'), all('sec-fetch-dest'), url, changes)) {
    return { status: 403, reason: 'Sec-Fetch-Site' };
  }
  if (upgrade) {
    return url === SOCKET_PATH && method === 'GET' ? undefined : { status: 404, reason: 'upgrade' };
  }
  if (url === SESSION_PATH) {
    return method === 'POST' ? checkBodyHeaders(all) : { status: 405, reason: 'method' };
  }
  if (url === SOCKET_PATH) {
    return { status: 426, reason: 'upgrade' };
  }
  return method === 'GET' || method === 'HEAD' ? undefined : { status: 405, reason: 'method' };
}

/**
 * Browsers say where a request comes from. The empty page itself may be navigated to from anywhere: the redirect file that opens it is
 * another site too, and it holds nothing until its code was redeemed.
 */
function siteMayAsk(site: readonly string[], mode: readonly string[], dest: readonly string[], url: string, changes: boolean): boolean {
  const [from] = site;
  if (from === undefined || (site.length === 1 && (from === 'same-origin' || from === 'none'))) {
    return true;
  }
  return !changes && url === '/' && mode[0] === 'navigate' && dest[0] === 'document';
}

function checkBodyHeaders(all: (name: string) => string[]): Refusal | undefined {
  const type = all('content-type');
  if (type.length !== 1 || !/^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(type[0] ?? '')) {
    return { status: 415, reason: 'content type' };
  }
  return undefined;
}
