// The guest's supervision: a service that dies is said and comes back, containers live on, and a shutdown leaves everything as its owner wants it.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { retryUntil } from '../../main/lib/async';
import type { AgentEvent } from '../../main/vm/agent';
import { createBareHome } from './bare-guest';
import type { BareGuest, BareHome } from './bare-guest';

const run = promisify(execFile);
const UUID = '3c1b9a40-6f0e-4b8e-8a55-0d5a4f7e2b11';

let home: BareHome;
let guest: BareGuest;

const sh = async (command: string): Promise<string> => {
  const { stdout, stderr, code } = await guest.exec(command);
  if (code !== 0) {
    throw new Error(`${command}: ${code} ${stderr}`);
  }
  return stdout.trim();
};
const service = async (name: string) => {
  const found = (await guest.agent.call('status', {})).services.find((entry) => entry.name === name);
  if (found === undefined) {
    throw new Error(`no service ${name}`);
  }
  return found;
};
const eventually = <T>(check: () => Promise<T>): Promise<T> => retryUntil(check, 100, AbortSignal.timeout(60_000));
const answers = (): Promise<string> => eventually(() => sh('docker version --format {{.Server.Version}}'));

/** busybox as an image, through the guest itself: here is no engine socket on the host. */
async function importBusybox(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-g-image-'));
  const root = join(folder, 'root');
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  await Promise.all(['sh', 'sleep', 'echo', 'touch'].map((name) => symlink('busybox', join(root, 'bin', name))));
  const { stdout } = await run('tar', ['-cz', '-C', root, '.'], { encoding: 'buffer', maxBuffer: 64 * 2 ** 20 });
  const text = stdout.toString('base64');
  await sh('rm -f /tmp/image');
  for (let at = 0; at < text.length; at += 60_000) {
    await sh(`printf %s ${text.slice(at, at + 60_000)} >> /tmp/image`);
  }
  await sh('base64 -d /tmp/image | docker import - busybox');
  await rm(folder, { recursive: true, force: true });
}

beforeAll(async () => {
  home = await createBareHome();
  await writeFile(home.files.disks.data, '');
  await truncate(home.files.disks.data, 4 * 2 ** 30);
  guest = await home.boot([`data-uuid ${UUID}`, `data-format ${UUID}`]);
  await guest.phase('ready');
  await importBusybox();
  await sh('docker run -d --name steady busybox sleep 100000');
});

afterAll(() => home.dispose());

describe('a service that is killed', () => {
  const ended = (pid: number) => (event: AgentEvent) => event.event === 'service' && event.state === 'exited' && event.pid === pid;
  const runs = (name: string, pid: number) => (event: AgentEvent) =>
    event.event === 'service' && event.state === 'running' && event.name === name && event.pid !== pid;

  test.each(['dockerd', 'containerd', 'sshd'])('%s: said with its signal, started again, containers untouched', async (name) => {
    const { pid } = await service(name);
    const container = await sh('docker inspect -f "{{.State.Pid}} {{.RestartCount}}" steady');
    const seen = guest.events.length;
    await sh(`kill -9 ${pid}`).catch(() => ''); // sshd takes this very session with it or not
    expect(await guest.event(ended(pid))).toMatchObject({ name, status: 'signal 9', restartInMs: 100 });
    await guest.event((event) => guest.events.indexOf(event) >= seen && runs(name, pid)(event));
    expect((await service(name)).restarts).toBe(1);
    await answers();
    expect(await sh('docker inspect -f "{{.State.Pid}} {{.RestartCount}}" steady')).toBe(container);
    expect(await eventually(() => sh('docker exec steady echo alive'))).toBe('alive');
  });

  test('a new container can be run after all of that', async () => {
    expect(await eventually(() => sh('docker run --rm busybox echo new'))).toBe('new');
  });

  test('of two orders at once the later one is done, and both are answered', async () => {
    const { restarts = 0 } = await service('dockerd');
    const order = () => guest.agent.call('restart', { service: 'dockerd' }, { timeoutMs: 100_000 });
    const [first, second] = await Promise.allSettled([order(), order()]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
    expect((await service('dockerd')).restarts).toBe(restarts + 1);
    await answers();
  });

  test('one that cannot start is tried three times, ever more slowly; then it is left alone, and an order begins anew', async () => {
    const good = JSON.stringify({ 'live-restore': true });
    const seen = guest.events.length;
    await guest.agent.call('config', { daemonJson: '{"no-such-option":1}', action: 'restart' }, { timeoutMs: 30_000 });
    const ends = (): AgentEvent[] =>
      guest.events.slice(seen).filter((event) => event.event === 'service' && event.name === 'dockerd' && event.status === 'exit 1');
    await guest.event(() => ends().length === 4);
    expect(ends().map((event) => event.event === 'service' && event.restartInMs)).toEqual([100, 1000, 5000, undefined]);
    expect((await guest.agent.call('tail', { service: 'dockerd', lines: 200 })).lines.join('\n')).toContain('no-such-option');
    expect((await guest.agent.call('health', {})).dockerdPing).toBe(false);
    expect(await service('dockerd')).toMatchObject({ state: 'exited' });
    await guest.agent.call('config', { daemonJson: good, action: 'restart' }, { timeoutMs: 30_000 });
    await answers();
    expect(await sh('docker inspect -f "{{.State.Running}}" steady')).toBe('true');
  });
});

describe('the agent', () => {
  const sockets: Socket[] = [];
  afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

  /** A second host on the port: the old connection has to be gone first. */
  async function raw(): Promise<{ readonly socket: Socket; line(seconds?: number): Promise<Record<string, unknown>> }> {
    const socket = await retryUntil(
      () =>
        new Promise<Socket>((resolve, reject) => {
          const made = createConnection({ path: home.files.run.agent }, () => resolve(made)).once('error', reject);
        }),
      50,
      AbortSignal.timeout(60_000),
    );
    sockets.push(socket);
    let text = '';
    let wake = (): void => undefined;
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      wake();
    });
    return {
      socket,
      async line(seconds = 60) {
        const late = AbortSignal.timeout(seconds * 1000);
        while (!text.includes('\n')) {
          late.throwIfAborted();
          await new Promise<void>((resolve) => {
            wake = resolve;
            late.addEventListener('abort', () => resolve(), { once: true });
          });
        }
        const end = text.indexOf('\n');
        const found = text.slice(0, end);
        text = text.slice(end + 1);
        return JSON.parse(found) as Record<string, unknown>;
      },
    };
  }

  test('answers what it does not understand with an error, and lives', async () => {
    guest.agent.close();
    const { socket, line } = await raw();
    const ask = async (text: string | Buffer): Promise<Record<string, unknown>> => {
      socket.write(text);
      socket.write('\n');
      return line();
    };
    expect(await ask('hello')).toMatchObject({ id: null, ok: false });
    expect(await ask(Buffer.from([0, 1, 255, 254, 123]))).toMatchObject({ id: null, ok: false });
    expect(await ask('{"id":1}')).toMatchObject({ id: 1, ok: false, error: 'op is missing' });
    expect(await ask('{"id":2,"op":"format"}')).toMatchObject({ id: 2, ok: false, error: 'unknown op' });
    expect(await ask('{"id":3,"op":"restart","service":"../../bin/sh"}')).toMatchObject({ id: 3, ok: false });
    expect(await ask('{"id":4,"op":"tail","service":"dockerd; reboot","lines":1e9}')).toMatchObject({ id: 4, ok: false });
    expect(await ask('{"id":5,"op":"reseed","data":"c2hvcnQ="}')).toMatchObject({ id: 5, ok: false });
    expect(await ask('{"id":6,"op":"clock","epochMs":"now"}')).toMatchObject({ id: 6, ok: false });
    expect(await ask('{"id":7,"op":"config","action":"write","daemonJson":"[]"}')).toMatchObject({ id: 7, ok: false });
    expect(await ask(`{"id":8,"op":"status","x":"${'y'.repeat(2 ** 21)}"}`)).toMatchObject({
      id: null,
      ok: false,
      error: 'the line is too long',
    });
    expect(await ask('{"id":9,"op":"status"}')).toMatchObject({ id: 9, ok: true });
  });

  test('forgets the half line of a host that went away, and serves the next one', async () => {
    const first = await raw();
    await new Promise<void>((resolve) => first.socket.write('{"id":1,"op":"st', () => resolve()));
    first.socket.destroy();
    const second = await raw();
    second.socket.write('\n{"id":2,"op":"memory"}\n');
    let answer = await second.line();
    if (answer['id'] !== 2) {
      answer = await second.line(); // the half line's own refusal
    }
    expect(answer).toMatchObject({ id: 2, ok: true });
  });

  test('answers a host that takes over at once, every time', async () => {
    for (let id = 10; id < 40; id += 1) {
      const next = await raw();
      next.socket.write(`\n{"id":${id},"op":"status"}\n`);
      expect(await next.line()).toMatchObject({ id, ok: true });
      next.socket.destroy();
    }
  });

  test('is started again when its process dies', async () => {
    const before = await sh('pidof berth-agent || pgrep berth-agent');
    await sh(`kill -SEGV ${before}`);
    const { socket, line } = await raw();
    // What was sent while nobody had the port open is lost, as on any serial line: the host asks again.
    const answer = await eventually(async () => {
      socket.write('{"id":1,"op":"status"}\n');
      return line(3);
    });
    expect(answer).toMatchObject({ id: 1, ok: true });
    expect(await sh('pgrep berth-agent')).not.toBe(before);
  });
});

describe('a shutdown', () => {
  const running = (name: string): Promise<void> =>
    eventually(async () => expect(await sh(`docker inspect -f "{{.State.Running}}" ${name}`)).toBe('true'));

  test('gives containers their grace, marks none as stopped by the user, and leaves a clean disk', async () => {
    await sh(
      'docker run -d --restart unless-stopped --name graceful -v grace:/g busybox sh -c "trap \'sleep 1; touch /g/stopped-in-order; exit 0\' TERM; while :; do sleep 0.2; done"',
    );
    await sh('sync');
    await guest.kill();
    guest = await home.boot([`data-uuid ${UUID}`]);
    await guest.phase('ready');
    await running('graceful');
    expect(await sh('docker inspect -f "{{.State.Running}}" steady')).toBe('false'); // no restart policy: a power cut ends it

    await guest.shutDown();
    await run('e2fsck', ['-f', '-n', home.files.disks.data], { env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } });

    guest = await home.boot([`data-uuid ${UUID}`]);
    await guest.phase('ready');
    await running('graceful');
    expect(await sh('ls $(docker volume inspect -f "{{.Mountpoint}}" grace)')).toBe('stopped-in-order');
  });
});
