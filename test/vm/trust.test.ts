// Certificates and proxies on the real guest: dockerd believes what it was given and nothing before, containers go on, a boot brings all of it again.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp, request } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runSpec } from '../../preload/contract';
import { makeCertificates } from '../lab/certificates';
import type { Certificates } from '../lab/certificates';
import { startOrigin } from '../lab/registry';
import type { Origin } from '../lab/registry';
import { runDocker } from './cli';
import { ensureTestImage, TEST_IMAGE } from './images';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';

let box: OpenBackend;
let folder: string;
let certificates: Certificates;
let origin: Origin;
/** Signed by the test's authority; and by another one, asking for a client's certificate. */
let plain: Front;
let strict: Front;

interface Front {
  /** As the guest names it. */
  readonly host: string;
  close(): void;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-trust-'));
  await mkdir(join(folder, 'empty'));
  [box, certificates, origin] = await Promise.all([openBackend(inject('vmHome')), makeCertificates(folder), startOrigin()]);
  await origin.push('trust/app', '1');
  plain = await front(await certificates.pair('trusted'));
  strict = await front({
    ...(await certificates.pair('foreign')),
    ca: certificates.authority,
    requestCert: true,
    rejectUnauthorized: true,
  });
  await ensureTestImage(box);
});
afterAll(async () => {
  plain.close();
  strict.close();
  await origin.close();
  await box.close({ keepVm: true });
  await rm(folder, { recursive: true, force: true });
});

async function listen(server: Server): Promise<Front> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `10.0.2.2:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

/** TLS before the registry. */
function front(tls: object): Promise<Front> {
  return listen(
    createHttps(tls, (incoming, answer) => {
      const { method, url, headers } = incoming;
      const onward = request({ port: origin.port, method, path: url, headers }, (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      incoming.pipe(onward);
    }),
  );
}

const docker = (...args: readonly string[]) => runDocker(box, args);
async function pull(host: string): Promise<string> {
  await docker('rmi', '-f', `${host}/trust/app:1`);
  const { code, stderr } = await docker('pull', '-q', `${host}/trust/app:1`);
  return code === 0 ? 'pulled' : stderr;
}
async function build(dockerfile: string): Promise<string> {
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  const { code, stdout, stderr } = await docker(
    'build',
    '--progress=plain',
    '--no-cache',
    '-f',
    join(folder, 'Dockerfile'),
    join(folder, 'empty'),
  );
  return code === 0 ? 'built' : `${stdout}${stderr}`;
}
const pidOf = async (): Promise<string> => (await box.backend.vm.exec('cat /run/docker.pid')).stdout;
const info = async (): Promise<Record<string, unknown>> =>
  JSON.parse((await docker('info', '--format', '{{json .}}')).stdout) as Record<string, unknown>;
const other = async (): Promise<string> => (await certificates.pair('foreign')).cert.split(/(?<=-----END CERTIFICATE-----\n)/)[1] ?? '';
const state = () => box.first((context) => box.handlers['trust.changes']({}, context));
const UNKNOWN = /certificate signed by unknown authority/;

test('an authority: refused before, pulled and built from after, containers go on', async () => {
  await docker('rm', '-f', 'trust-witness');
  await docker('run', '-d', '--name', 'trust-witness', TEST_IMAGE, 'sleep', '100000');
  const started = (await docker('inspect', '-f', '{{.State.StartedAt}}', 'trust-witness')).stdout;
  expect(await pull(plain.host)).toMatch(UNKNOWN);
  expect(await build(`FROM ${plain.host}/trust/app:1\n`)).toMatch(UNKNOWN);
  const { task } = await box.handlers['trust.addAuthority']({ data: certificates.authority }, quiet);
  expect(await box.ended(task)).toMatchObject({ kind: 'config', state: 'done' });
  expect(await pull(plain.host)).toBe('pulled');
  expect(await build(`FROM ${plain.host}/trust/app:1\n`)).toBe('built');
  expect((await docker('inspect', '-f', '{{.State.StartedAt}} {{.State.Running}}', 'trust-witness')).stdout).toBe(
    `${started.trim()} true\n`,
  );
  const curl = await box.backend.vm.exec(`curl -sS -o /dev/null -w '%{http_code}' https://${plain.host}/v2/`);
  expect(curl).toMatchObject({ stdout: '200' });
  expect((await state()).guestKnown).toBe(true);
});

test('a registry with an authority of its own that wants a client certificate, without a restart', async () => {
  const { cert, key } = await certificates.pair('trusted');
  const before = await pidOf();
  expect(await pull(strict.host)).toMatch(UNKNOWN);
  const set = (clientCertificate: string, clientKey: string) =>
    other().then((authorities) =>
      box.handlers['trust.setRegistry']({ registry: strict.host, authorities, clientCertificate, clientKey }, quiet),
    );
  await set('', '');
  expect(await pull(strict.host)).toMatch(/certificate required|handshake failure|bad certificate/);
  await set(cert, key);
  expect(await pull(strict.host)).toBe('pulled');
  expect(await build(`FROM ${strict.host}/trust/app:1\n`)).toBe('built');
  expect(await pidOf()).toBe(before);
  const kept = await box.backend.vm.exec(`stat -c %a '/etc/docker/certs.d/${strict.host}/client.key'`);
  expect(kept.stdout).toBe('600\n');
});

test('all of it is there again after a boot, before the first pull', async () => {
  await box.handlers['vm.restart']({ engineOnly: false }, quiet);
  expect(await pull(plain.host)).toBe('pulled');
  expect(await pull(strict.host)).toBe('pulled');
});

test('the other image store believes the same', async () => {
  const before = await box.first((context) => box.handlers['config.changes']({}, context));
  const driver = String((await info())['Driver']);
  const features = { 'containerd-snapshotter': driver !== 'overlayfs' };
  const apply = async (text: string): Promise<void> => {
    const { revision } = await box.first((context) => box.handlers['config.changes']({}, context));
    const accept = { warnings: true, disruptive: true };
    const { task } = await box.handlers['config.apply']({ text, revision, origin: 'form', accept }, quiet);
    expect(await box.ended(task)).toMatchObject({ state: 'done' });
  };
  await apply(JSON.stringify({ ...(JSON.parse(before.text) as object), features }));
  try {
    expect((await info())['Driver']).not.toBe(driver);
    expect(await pull(plain.host)).toBe('pulled');
    expect(await pull(strict.host)).toBe('pulled');
    expect(await build(`FROM ${strict.host}/trust/app:1\n`)).toBe('built');
  } finally {
    await apply(before.text);
  }
});

test('the engine’s proxy: pulls go through it, its password is seen nowhere', async () => {
  const asked: string[] = [];
  const proxy = createHttp();
  proxy.on('connect', (incoming, socket) => {
    asked.push(`${incoming.url ?? ''} ${incoming.headers['proxy-authorization'] ?? ''}`);
    const onward = connect(Number(incoming.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  const { host, close } = await listen(proxy);
  const port = host.split(':')[1] ?? '';
  try {
    const address = `http://me:canary-7319@127.0.0.1:${port}`;
    const manual = { http: address, https: address, noProxy: '' };
    const { task } = await box.handlers['trust.setProxies']({ engine: { mode: 'manual', manual } }, quiet);
    expect(await box.ended(task)).toMatchObject({ state: 'done' });
    expect(await pull(plain.host)).toBe('pulled');
    expect(asked).toContain(`${plain.host} Basic ${Buffer.from('me:canary-7319').toString('base64')}`);
    expect(String((await info())['HttpsProxy'])).toMatch(/^http:\/\/xxxxx:xxxxx@10\.0\.2\.2:/);
    expect((await state()).proxies.engine).toMatchObject({ mode: 'manual', manual: { http: `http://***@127.0.0.1:${port}` } });
  } finally {
    const none = { mode: 'none', manual: { http: '', https: '', noProxy: '' } } as const;
    const { task } = await box.handlers['trust.setProxies']({ engine: none }, quiet);
    expect(await box.ended(task)).toMatchObject({ state: 'done' });
    close();
  }
  expect((await info())['HttpsProxy']).toBe('');
  const logs = await Promise.all([box.files.logs.berth, box.files.logs.guest].map((path) => readFile(path, 'utf8')));
  expect(logs.join('')).not.toContain('canary-7319');
});

test('containers and builds have proxies of their own', async () => {
  const by = (http: string) => ({ mode: 'manual', manual: { http, https: '', noProxy: 'x.example' } }) as const;
  const off = { mode: 'none', manual: { http: '', https: '', noProxy: '' } } as const;
  await box.handlers['trust.setProxies']({ containers: by('http://for-containers:1'), builds: by('http://for-builds:2') }, quiet);
  try {
    const env = async (...args: readonly string[]): Promise<string[]> =>
      (await docker('run', '--rm', ...args, TEST_IMAGE, 'env')).stdout.split('\n');
    expect(await env()).toEqual(
      expect.arrayContaining(['HTTP_PROXY=http://for-containers:1', 'http_proxy=http://for-containers:1', 'no_proxy=x.example']),
    );
    expect((await env()).join()).not.toContain('for-builds');
    expect(await env('-e', 'HTTP_PROXY=http://own:3')).toContain('HTTP_PROXY=http://own:3');
    expect(await build(`FROM ${TEST_IMAGE}\nRUN echo "built with $http_proxy and $no_proxy" && exit 3\n`)).toContain(
      'built with http://for-builds:2 and x.example',
    );
    const { id } = await box.handlers['containers.create'](
      { spec: runSpec.parse({ image: TEST_IMAGE, name: 'trust-window' }), start: false },
      quiet,
    );
    expect((await docker('inspect', '-f', '{{json .Config.Env}}', id)).stdout).toContain('for-containers');
    await docker('rm', '-f', id);
  } finally {
    await box.handlers['trust.setProxies']({ containers: off, builds: off }, quiet);
  }
  expect((await docker('run', '--rm', TEST_IMAGE, 'env')).stdout).not.toContain('PROXY');
});

test('taken away, it is refused again', async () => {
  await box.handlers['trust.setRegistry']({ registry: strict.host, authorities: '', clientCertificate: '', clientKey: '' }, quiet);
  expect(await pull(strict.host)).toMatch(UNKNOWN);
  const [{ fingerprint } = { fingerprint: '' }] = (await state()).added;
  const { task } = await box.handlers['trust.removeAuthority']({ fingerprint }, quiet);
  expect(await box.ended(task)).toMatchObject({ state: 'done' });
  expect(await pull(plain.host)).toMatch(UNKNOWN);
  await docker('rm', '-f', 'trust-witness');
});
