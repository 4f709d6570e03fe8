// A registry's front that misbehaves as it is told: slow, stalling, refusing, silent, in need of a login, with a wrong certificate or wrong content.
//
//   const origin = await startOrigin();                       await origin.push('library/busybox', 'latest');
//   const mirror = await startProxy(origin, { certificates }); // https; without `certificates` plain http
//   mirror.behave({ apiOnly: true });                          // answers /v2/ and then nothing; `{}` is fine again
//   mirror.requests                                            // what came, newest last
//
// In a guest: `useHub(box, { ... })` of hub.ts gives it Docker Hub's name, or a name of its own.
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Transform } from 'node:stream';
import type { CertificateKind, Certificates } from './certificates';

/** Everything may be combined; what is left out is as it should be. */
export interface Behaviour {
  /** Refuse it, take it and say nothing, cut it, or speak HTTP without TLS. */
  readonly connection?: 'refuse' | 'silent' | 'reset' | 'plain';
  readonly certificate?: CertificateKind;
  /** Before every answer. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** Bytes of a body after which nothing more comes, the connection staying open. */
  readonly stallAt?: number;
  /** `GET /v2/` is answered, and nothing else. */
  readonly apiOnly?: boolean;
  /** Everything is answered so. */
  readonly status?: number;
  /** Everything is answered with an HTML page, with `status` or 200. */
  readonly page?: boolean;
  /** Everything is redirected to itself, or to this address. */
  readonly redirect?: string;
  /** A token for everybody, a token endpoint that refuses, or a name and a password. */
  readonly auth?: 'token' | 'login' | 'basic';
  /** Manifests are not what their digest says. */
  readonly wrongDigest?: boolean;
  /** `{ latest: 'old' }`: another tag's manifest under this tag. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Blobs are redirected to this address, as Docker Hub does. */
  readonly blobsAt?: string;
}

export interface LabRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly agent: string | undefined;
}

export interface LabProxy {
  /** `http(s)://127.0.0.1:PORT`. */
  readonly url: string;
  /** The same, as the guest reaches it: `http(s)://10.0.2.2:PORT`. */
  readonly guestUrl: string;
  readonly port: number;
  readonly requests: readonly LabRequest[];
  /** Connections that are open. */
  open(): number;
  /** From now on; connections that are open are cut. */
  behave(behaviour: Behaviour): Promise<void>;
  forget(): void;
  close(): Promise<void>;
}

const TOKEN = 'berth-lab-token';

export async function startProxy(
  target: { readonly url: string },
  { certificates, ...first }: Behaviour & { readonly certificates?: Certificates } = {},
): Promise<LabProxy> {
  let behaviour: Behaviour = {};
  const sockets = new Set<Socket>();
  const requests: LabRequest[] = [];
  const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    requests.push({
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
      agent: request.headers['user-agent'],
    });
    response.on('error', () => undefined);
    void answer(behaviour, target.url, request, response);
  };
  const plain = http.createServer(handle);
  let secure: https.Server | undefined;
  const front = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (behaviour.connection === 'reset') {
      socket.once('data', () => socket.resetAndDestroy());
    } else if (behaviour.connection === 'silent') {
      socket.resume(); // Or its end would not be seen.
    } else {
      (secure === undefined || behaviour.connection === 'plain' ? plain : secure).emit('connection', socket);
    }
  });
  const listen = (at: number): Promise<void> => new Promise((resolve) => front.listen(at, '127.0.0.1', resolve));
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  await listen(0);
  const { port } = front.address() as AddressInfo;
  const scheme = certificates === undefined ? 'http' : 'https';

  const behave = async (next: Behaviour): Promise<void> => {
    cut();
    if (certificates !== undefined) {
      secure = https.createServer(await certificates.pair(next.certificate ?? 'trusted'), handle);
      secure.on('tlsClientError', () => undefined);
    }
    behaviour = next;
    if (next.connection === 'refuse' && front.listening) {
      await new Promise((resolve) => front.close(resolve));
    } else if (next.connection !== 'refuse' && !front.listening) {
      await listen(port);
    }
  };
  await behave(first);

  return {
    url: `${scheme}://127.0.0.1:${port}`,
    guestUrl: `${scheme}://10.0.2.2:${port}`,
    port,
    requests,
    open: () => sockets.size,
    behave,
    forget: () => void requests.splice(0),
    async close() {
      cut();
      if (front.listening) {
        await new Promise((resolve) => front.close(resolve));
      }
    },
  };
}

interface Canned {
  readonly status: number;
  readonly body: string;
  readonly headers?: http.OutgoingHttpHeaders;
}

async function answer(behaviour: Behaviour, target: string, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  await sleep(behaviour.delayMs ?? 0);
  if (behaviour.apiOnly === true && request.url !== '/v2/') {
    return;
  }
  const canned = script(behaviour, request);
  if (canned === undefined) {
    relay(behaviour, target, request, response);
    return;
  }
  const { status, body, headers } = canned;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** What is answered without asking the registry behind; undefined = ask it. */
function script(behaviour: Behaviour, request: http.IncomingMessage): Canned | undefined {
  const path = request.url ?? '/';
  const here = `${'encrypted' in request.socket ? 'https' : 'http'}://${request.headers.host ?? ''}`;
  const refusal = (status: number, headers: http.OutgoingHttpHeaders = {}): Canned => ({
    status,
    body: JSON.stringify({ errors: [{ code: `LAB${status}`, message: `the lab says ${status}` }] }),
    headers,
  });
  if (behaviour.redirect !== undefined) {
    return { status: 302, body: '', headers: { Location: behaviour.redirect === 'loop' ? path : behaviour.redirect } };
  }
  if (behaviour.page === true) {
    const body = '<!DOCTYPE html><html><title>Sign in</title></html>';
    return { status: behaviour.status ?? 200, body, headers: { 'Content-Type': 'text/html' } };
  }
  if (behaviour.status !== undefined) {
    return refusal(behaviour.status, behaviour.status === 429 ? { 'Retry-After': '60' } : {});
  }
  if (path.startsWith('/token') && behaviour.auth !== undefined) {
    return behaviour.auth === 'token' ? { status: 200, body: JSON.stringify({ token: TOKEN, expires_in: 300 }) } : refusal(401);
  }
  if (behaviour.auth !== undefined && request.headers.authorization !== `Bearer ${TOKEN}`) {
    const bearer = `Bearer realm="${here}/token",service="lab.berth.test",scope="repository:library/busybox:pull"`;
    return refusal(401, { 'WWW-Authenticate': behaviour.auth === 'basic' ? 'Basic realm="lab"' : bearer });
  }
  if (behaviour.blobsAt !== undefined && path.includes('/blobs/')) {
    return { status: 307, body: '', headers: { Location: `${behaviour.blobsAt}${path}` } };
  }
  return undefined;
}

function relay(behaviour: Behaviour, target: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const [, before = '', tag = ''] = /^(.*\/manifests\/)([^?]+)/.exec(request.url ?? '') ?? [];
  const other = behaviour.tags?.[tag];
  const path = other === undefined ? request.url : `${before}${other}`;
  const { host: _host, authorization: _authorization, ...headers } = request.headers;
  const upstream = http.request(`${target}${path ?? '/'}`, { method: request.method, headers }, (answered) => {
    const spoilt = behaviour.wrongDigest === true && before !== '' && request.method === 'GET' && answered.statusCode === 200;
    const length = Number(answered.headers['content-length']);
    response.writeHead(answered.statusCode ?? 502, {
      ...answered.headers,
      ...(spoilt ? { 'content-length': length + 1 } : {}),
    });
    const paced = answered.pipe(pace(behaviour));
    paced.pipe(response, { end: false });
    // White space at the end: JSON as good as before, with another digest.
    paced.on('end', () => response.end(spoilt ? '\n' : undefined));
  });
  upstream.on('error', () => response.destroy());
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
}

function pace({ bytesPerSecond = 0, stallAt = Infinity }: Behaviour): Transform {
  let passed = 0;
  return new Transform({
    readableHighWaterMark: 16 * 1024,
    writableHighWaterMark: 16 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, Math.max(0, stallAt - passed));
      passed += part.length;
      void sleep(bytesPerSecond === 0 ? 0 : (part.length * 1000) / bytesPerSecond).then(() => {
        this.push(part);
        // Without `done` nothing more is asked for: the body stands still.
        if (passed < stallAt) {
          done();
        }
      });
    },
  });
}
