// This computer as containers meet it: its names, services on its loopback, its DNS; and every door of Berth's own tried from a container.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { serveHttp } from '../../main/headless/http';
import type { HttpServer } from '../../main/headless/http';
import { createHostAccess } from '../../main/host-access/host-access';
import { createObservable } from '../../main/lib/observable';
import { settingsSchema } from '../../preload/contract';
import { silentLogger } from '../../main/lib/logger';
import { listeningInodes, listeningPorts } from '../../main/ports/port-owner';
import { runDocker } from './cli';
import { ensureTestImage, TEST_IMAGE } from './images';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';

const NETWORK = 'host-test';
const WORDS = 'a service of the host';
let box: OpenBackend;
let service: Server;
let url: (name: string) => string;
let shell: HttpServer;
let folder: string;

beforeAll(async () => {
  box = await openBackend(inject('vmHome'));
  await ensureTestImage(box);
  service = createServer((_request, response) => response.end(`${WORDS}\n`));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  url = (name) => `http://${name}:${port}/`;
  folder = await mkdtemp('/tmp/berth-host-');
  await writeFile(join(folder, 'index.html'), 'the window');
  shell = await serveHttp({ renderer: folder, port: 0, log: silentLogger, connect: (page) => page.close() });
  await docker('network', 'create', NETWORK);
});
afterAll(async () => {
  await docker('network', 'rm', NETWORK).catch(() => undefined);
  await shell.dispose();
  service.close();
  await box.close({ keepVm: true });
  await rm(folder, { recursive: true });
});

async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runDocker(box, args);
  if (code !== 0) {
    throw new Error(stderr);
  }
  return stdout + stderr;
}
const sh = (script: string, ...options: readonly string[]): Promise<string> =>
  docker('run', '--rm', ...options, TEST_IMAGE, 'sh', '-c', script);
const got = (names: readonly string[]): string => names.map((name) => `wget -qO- ${url(name)}`).join(' && ');

test.each([
  ['the default bridge', []],
  ['a network of one’s own', ['--network', NETWORK]],
  ['the host network', ['--network', 'host']],
])('on %s the host’s names lead to what listens on its loopback', async (_, options) => {
  expect(await sh(got(['host.docker.internal', 'gateway.docker.internal']), ...options)).toBe(`${WORDS}\n`.repeat(2));
});

test('in the commands of a build too, with --add-host and without', async () => {
  await writeFile(join(folder, 'Dockerfile'), `FROM ${TEST_IMAGE}\nRUN ${got(['host.docker.internal', 'mine'])}\n`);
  const words = await docker('build', '--progress=plain', '--no-cache', '--add-host', 'mine:host-gateway', folder);
  expect(words.match(new RegExp(WORDS, 'g'))).toHaveLength(2);
});

test('a name of one’s own works after a live reload too, for a container that is there already and for a new one', async () => {
  const { vm } = box.backend;
  await docker('create', '--name', 'host-before', '--add-host', 'mine:host-gateway', TEST_IMAGE, 'sh', '-c', got(['mine']));
  try {
    const lastReload = async (): Promise<string | undefined> =>
      (await vm.agent.call('tail', { service: 'dockerd', lines: 50 })).lines.findLast((line) => line.includes('Reloaded configuration'));
    const earlier = await lastReload();
    await vm.engine.configure((await vm.exec(['cat', '/run/berth/daemon.json'])).stdout, 'reload');
    await vi.waitFor(async () => expect([undefined, earlier]).not.toContain(await lastReload()), { timeout: 20_000 });
    expect(await docker('start', '-a', 'host-before')).toBe(`${WORDS}\n`);
    // The second as in a container that was made while the network below was the other one.
    expect(await sh(got(['mine', '10.0.2.4']), '--add-host', 'mine:host-gateway')).toBe(`${WORDS}\n`.repeat(2));
  } finally {
    await docker('rm', '-f', 'host-before');
  }
});

test('a container that publishes port 53 takes nobody’s names away', async () => {
  await docker('run', '-d', '--name', 'host-53', '-p', '127.0.0.1:15353:53/udp', TEST_IMAGE, 'sleep', '60');
  try {
    expect(await sh(got(['host.docker.internal']))).toBe(`${WORDS}\n`);
    expect((await box.backend.vm.exec('iptables -t nat -S OUTPUT; ss -lnu')).stdout).toMatch(/10\.0\.2\.53\/32 .*--dport 53/);
  } finally {
    await docker('rm', '-f', 'host-53');
  }
});

test('the resolver is started again when it dies', async () => {
  const { backend } = box;
  const pid = async (): Promise<number> =>
    (await backend.vm.agent.call('status', {})).services.find(({ name }) => name === 'dns')?.pid ?? 0;
  const before = await pid();
  await backend.vm.exec(['kill', '-9', String(before)]);
  await vi.waitFor(async () => expect([0, before]).not.toContain(await pid()), { timeout: 20_000, interval: 200 });
  await vi.waitFor(async () => expect(await sh(got(['host.docker.internal']))).toBe(`${WORDS}\n`), { timeout: 20_000 });
});

test('host.changes says that every service can be reached, and host.dns how it stands, within seconds', async () => {
  const status = await box.first((context) => box.handlers['host.changes']({}, context));
  expect(status).toMatchObject({ access: 'all', enforced: true, pendingRestart: false, network: { backend: 'user' } });
  expect(['ok', 'silent', 'noServers', 'guest']).toContain((await box.handlers['host.dns']({}, quiet)).state);
});

test('a change of this computer’s DNS is in the guest within a second or two', async () => {
  const { vm } = box.backend;
  const resolvConf = join(folder, 'resolv.conf');
  await writeFile(resolvConf, 'nameserver 192.0.2.1\n');
  const settings = createObservable(settingsSchema.parse({}));
  const given = {
    settings,
    vm,
    available: createObservable(true),
    unable: () => Promise.resolve(undefined),
    doors: () => [],
    log: silentLogger,
  };
  const own = createHostAccess({ ...given, resolvConf });
  const servers = async (): Promise<string> => (await vm.exec(['cat', '/run/berth-dns/servers'])).stdout;
  try {
    await writeFile(resolvConf, 'nameserver 192.0.2.1\nnameserver 192.0.2.53\n');
    await vi.waitFor(async () => expect(await servers()).toBe('nameserver 10.0.2.3\nnameserver 192.0.2.53\n'), { timeout: 20_000 });
    const { lines } = await vm.agent.call('tail', { service: 'dns', lines: 20 });
    expect(lines.join('\n')).toContain('using nameserver 192.0.2.53#53');
    // As it was.
    await copyFile('/etc/resolv.conf', resolvConf);
    await vi.waitFor(async () => expect(await servers()).not.toContain('192.0.2.53'), { timeout: 20_000 });
  } finally {
    own.dispose();
  }
});

/** What this process, where the backend lives, and QEMU listen on over TCP. */
async function ownListeners(): Promise<number[]> {
  const { pid: qemu } = JSON.parse(await readFile(box.files.state.vm, 'utf8')) as { pid: number };
  const pids = [process.pid, qemu];
  const inodes = new Set<string>();
  for (const pid of pids) {
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      inodes.add(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
    }
  }
  const table = `${await readFile('/proc/net/tcp', 'utf8')}${await readFile('/proc/net/tcp6', 'utf8')}`;
  return ((await listeningPorts()) ?? []).filter((port) => listeningInodes(table, port, 'tcp').some((inode) => inodes.has(inode)));
}

test('Berth’s own TCP doors are the browser shell, the guest’s sshd and its relay, and all refuse a container', async () => {
  const { sshPort, relayPort } = JSON.parse(await readFile(box.files.state.vm, 'utf8')) as { sshPort: number; relayPort: number };
  const port = (service.address() as AddressInfo).port;
  expect((await ownListeners()).filter((each) => each !== port).sort()).toEqual([shell.port, sshPort, relayPort].sort());

  const ask = (line: string, host: string, more = ''): string =>
    `printf '${line} HTTP/1.1\\r\\nHost: ${host}\\r\\n${more}Connection: ${more.includes('Upgrade') ? 'Upgrade' : 'close'}\\r\\n\\r\\n' | nc -w 5 10.0.2.2 ${shell.port} | head -1`;
  const real = `127.0.0.1:${shell.port}`;
  const origin = `Origin: http://${real}\\r\\n`;
  const upgrade = 'Upgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n';
  const answers = await sh(
    [
      // As a container calls it, and as a name that was rebound to the loopback would.
      ...[`10.0.2.2:${shell.port}`, `host.docker.internal:${shell.port}`, `evil.example:${shell.port}`, '127.0.0.1'].map((host) =>
        ask('GET /', host),
      ),
      ask('GET /api/ws', `host.docker.internal:${shell.port}`, upgrade),
      ask('GET /api/ws', real, upgrade),
      // With everything right but the code: nothing is given.
      ask('POST /api/session', real, `${origin}Content-Type: application/json\\r\\nContent-Length: 2\\r\\n`),
      ask('GET /api/session', real),
      `nc -w 5 host.docker.internal ${sshPort} </dev/null | head -1`,
    ].join('; '),
  );
  const statuses = answers.split('\n').map((line) => /^HTTP\/1\.1 (\d+)|^(SSH-2\.0)/.exec(line)?.slice(1).find(Boolean) ?? line);
  expect(statuses.slice(0, 6)).toEqual(['403', '403', '403', '403', '403', '403']);
  expect(statuses.slice(6).filter((status) => status !== '')).not.toContain('200');
  expect(answers).toContain('SSH-2.0');
});

test.each([
  ['no credentials', {}],
  ['a password', { password: 'root' }],
  ['another key', { privateKey: ssh2.utils.generateKeyPairSync('ed25519').private }],
])('the guest’s sshd lets nobody in with %s', async (_, credentials) => {
  const { sshPort } = JSON.parse(await readFile(box.files.state.vm, 'utf8')) as { sshPort: number };
  const client = new ssh2.Client();
  const outcome = await new Promise<string>((resolve) => {
    client.on('ready', () => resolve('in')).on('error', (error) => resolve(error.message));
    client.connect({ host: '127.0.0.1', port: sshPort, username: 'root', readyTimeout: 30_000, ...credentials });
  });
  client.destroy();
  expect(outcome).toMatch(/authentication methods failed/);
});

test('no door is a socket that a container or another user could open', async () => {
  const modes = await new Promise<string>((resolve, reject) =>
    execFile('find', [box.files.run.folder, '-maxdepth', '1', '-type', 's', '-perm', '/077'], (error, stdout) =>
      error === null ? resolve(stdout) : reject(new Error(error.message)),
    ),
  );
  expect(modes).toBe('');
});
