// Published ports of real containers, as the programs of this host meet them.
import { createHash, randomBytes } from 'node:crypto';
import { createServer, connect, type AddressInfo } from 'node:net';
import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ownerOfPort } from '../../main/ports/port-owner';
import { freePort } from '../../main/vm/qemu/launch';
import { runDocker } from './cli';
import { useVm } from './harness';
import { ensureTestImage, TEST_IMAGE, TEST_PAGE } from './images';
import { openEngine, type OpenEngine } from './open-engine';

const box = useVm();
let open: OpenEngine;
const docker = (...args: string[]) => runDocker(open, args);
const ok = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await docker(...args);
  expect(code, `docker ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
};
const serve = ['httpd', '-f', '-p', '80', '-h', '/www'];

beforeAll(async () => {
  open = await openEngine(box().vm.dialer, {
    forward: (spec) => box().vm.forward(spec),
    serve: (place, onStream) => box().vm.serve(place, onStream),
  });
  await ensureTestImage(open);
});
afterAll(async () => {
  const names = (await docker('ps', '-aq', '--filter', 'name=ports-')).stdout.split('\n').filter(Boolean);
  await docker('rm', '-f', 'ports-none', ...names);
  await open.close();
});

const page = async (port: number, host = '127.0.0.1'): Promise<string> => (await fetch(`http://${host}:${port}/`)).text();

const context = { signal: new AbortController().signal };
const hops = async (port: number): Promise<string[]> =>
  (await open.ports.handlers['ports.probe']({ protocol: 'tcp', address: '127.0.0.1', port }, context)).map(({ state }) => state);

/** `protocol address way reason` of what listens on a port. */
async function ways(port: number): Promise<string[]> {
  const ending = new AbortController();
  for await (const now of open.ports.handlers['ports.changes']({}, { signal: ending.signal, upload: (async function* () {})() })) {
    ending.abort();
    return now
      .filter((each) => each.port === port)
      .map(({ protocol, address, way, notDirect }) => [protocol, address, way, ...(notDirect ? [notDirect.reason] : [])].join(' '));
  }
  return [];
}

test('run -d -p: answers on 127.0.0.1 and ::1 as soon as the start returns, and not after the stop', async () => {
  const port = await freePort();
  await ok('run', '-d', '--name', 'ports-web', '-p', `${port}:80`, TEST_IMAGE, ...serve);
  expect(await page(port)).toBe(TEST_PAGE);
  expect(await page(port, '[::1]')).toBe(TEST_PAGE);
  expect(await hops(port)).toEqual(['ok', 'ok', 'ok']);
  await ok('rm', '-f', 'ports-web');
  await expect(page(port)).rejects.toThrow();
});

test('a port taken by another program: Docker’s own words, its owner, and the container is not started', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  const refused = await docker('run', '-d', '--name', 'ports-taken', '-p', `${port}:80`, TEST_IMAGE, ...serve);
  expect(refused.code).toBe(125);
  expect(refused.stderr).toContain(`driver failed programming external connectivity on endpoint ports-taken`);
  expect(refused.stderr).toContain(`Bind for 127.0.0.1:${port} failed: port is already allocated`);
  expect(refused.stderr).toContain(`(${process.pid})`);
  expect(await ok('inspect', 'ports-taken', '--format', '{{.State.Status}}')).toBe('created\n');
  await new Promise((resolve) => holder.close(resolve));
  await ok('start', 'ports-taken');
  expect(await page(port)).toBe(TEST_PAGE);
  const again = await docker('run', '--rm', '--name', 'ports-again', '-p', `${port}:80`, TEST_IMAGE, 'true');
  expect(again.stderr).toContain('port is already allocated (ports-taken)');
  expect((await docker('inspect', 'ports-again')).code).toBe(1);
  await ok('rm', '-f', 'ports-taken');
});

test('the probe: a container in which nobody listens stops it at the third hop, with the guest’s words', async () => {
  const port = await freePort();
  await ok('run', '-d', '--name', 'ports-mute', '-p', `${port}:80`, TEST_IMAGE, 'sleep', '600');
  expect(await hops(port)).toEqual(['ok', 'ok', 'failed']);
  await ok('rm', '-f', 'ports-mute');
  expect(await hops(port)).toEqual(['failed', 'unknown', 'unknown']);
});

test('one container after another on the same port', async () => {
  const port = await freePort();
  for (const name of ['ports-one', 'ports-two', 'ports-three']) {
    await ok('run', '-d', '--name', name, '-p', `${port}:80`, TEST_IMAGE, ...serve);
    expect(await page(port)).toBe(TEST_PAGE);
    await ok('rm', '-f', name);
  }
});

test('ports that the engine chooses: -P and -p 80', async () => {
  for (const [name, ...published] of [
    ['ports-all', '--expose', '80', '-P'],
    ['ports-chosen', '-p', '80'],
  ] as const) {
    for (;;) {
      await ok('run', '-d', '--name', name, ...published, TEST_IMAGE, ...serve);
      const port = Number(/:(\d+)/.exec(await ok('port', name, '80'))?.[1]);
      // The engine knows which ports are free in the guest. One that another program of this machine has (another VM's tests) is told of.
      const told = open.notices.some(({ code, params }) => code === 'ports.inUse' && params['port'] === port);
      if (!told) {
        expect(await page(port)).toBe(TEST_PAGE);
        expect(await page(port, '[::1]')).toBe(TEST_PAGE);
      }
      await ok('rm', '-f', name);
      if (!told) {
        break;
      }
    }
  }
});

test('of a range, a port that another program of this computer has is passed over', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  await ok('run', '-d', '--name', 'ports-range', '-p', `${port}-${port + 5}:80`, TEST_IMAGE, ...serve);
  const chosen = Number(/:(\d+)/.exec(await ok('port', 'ports-range', '80'))?.[1]);
  expect(chosen).toBeGreaterThan(port);
  expect(await page(chosen)).toBe(TEST_PAGE);
  expect(open.notices).toEqual([]);
  // It is the guest's again.
  expect((await box().vm.exec(`grep -ci ':${port.toString(16).padStart(4, '0')} .* 0A' /proc/net/tcp`)).stdout.trim()).toBe('0');
  await ok('rm', '-f', 'ports-range');
  await new Promise((resolve) => holder.close(resolve));
});

test.each([
  ['-P', ['--expose', '80', '-P']],
  ['-p 80', ['-p', '80']],
])('of all ports (%s), what another program of this computer has is passed over', async (_, published) => {
  const started = async (name: string): Promise<number> => {
    await ok('run', '-d', '--name', name, ...published, TEST_IMAGE, ...serve);
    return Number(/:(\d+)/.exec(await ok('port', name, '80'))?.[1]);
  };
  // dockerd goes upwards from the last one that it chose.
  const first = await started('ports-any-1');
  const next = Array.from({ length: 5 }, (__, index) => first + 1 + index);
  const holders = await Promise.all(
    next.map((port) => {
      const holder = createServer().on('error', () => undefined);
      return new Promise<typeof holder>((resolve) => {
        holder.once('listening', () => resolve(holder)).once('error', () => resolve(holder));
        holder.listen(port, '127.0.0.1');
      });
    }),
  );
  const chosen = await started('ports-any-2');
  expect(chosen).toBeGreaterThan(first);
  expect(next).not.toContain(chosen);
  expect(await page(chosen)).toBe(TEST_PAGE);
  expect(open.notices).toEqual([]);
  await ok('rm', '-f', 'ports-any-1', 'ports-any-2');
  await Promise.all(holders.map((holder) => new Promise((resolve) => holder.close(resolve))));
});

test('bytes both ways, each side ending by itself', async () => {
  const port = await freePort();
  await ok('run', '-d', '--name', 'ports-sum', '-p', `127.0.0.1:${port}:90`, TEST_IMAGE, 'nc', '-ll', '-p', '90', '-e', 'sha256sum');
  const bytes = randomBytes(5_000_000);
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('end', () => resolve(text));
    socket.end(bytes);
  });
  expect(answer).toBe(`${createHash('sha256').update(bytes).digest('hex')}  -\n`);
  await ok('rm', '-f', 'ports-sum');
});

test('a container that restarts, and one that the engine starts by itself, stay served', async () => {
  const port = await freePort();
  await ok(
    'run',
    '-d',
    '--name',
    'ports-again',
    '--restart',
    'always',
    '-p',
    `${port}:80`,
    TEST_IMAGE,
    'sh',
    '-c',
    'httpd -p 80 -h /www; while [ ! -e /tmp/end ]; do sleep 0.1; done; rm /tmp/end',
  );
  expect(await page(port)).toBe(TEST_PAGE);
  await ok('restart', '-t', '0', 'ports-again');
  expect(await page(port)).toBe(TEST_PAGE);
  await ok('exec', 'ports-again', 'touch', '/tmp/end');
  await expect
    .poll(() => ok('inspect', 'ports-again', '--format', '{{.RestartCount}} {{.State.Running}}'), { timeout: 20_000 })
    .toBe('1 true\n');
  await expect.poll(() => page(port).catch(() => ''), { timeout: 60_000, interval: 200 }).toBe(TEST_PAGE);
  await ok('rm', '-f', 'ports-again');
});

test('containers that run already are served by a backend that comes later', async () => {
  const port = await freePort();
  await ok('run', '-d', '--name', 'ports-before', '-p', `${port}:80`, TEST_IMAGE, ...serve);
  await open.close();
  await expect(page(port)).rejects.toThrow();
  open = await openEngine(box().vm.dialer, { forward: (spec) => box().vm.forward(spec) });
  expect(await page(port)).toBe(TEST_PAGE);
  await ok('rm', '-f', 'ports-before');
});

const datagram = (port: number, host: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const giveUp = setTimeout(() => socket.close(() => reject(new Error('no answer'))), 5000);
    socket.on('message', (answer) => {
      clearTimeout(giveUp);
      socket.close(() => resolve(answer.toString()));
    });
    socket.send(text, port, host);
  });

test('datagrams: on both loopbacks, beside TCP on the same port, gone with the container', async () => {
  const port = await freePort();
  const published = ['-p', `${port}:53/udp`, '-p', `${port}:80`];
  await ok('run', '-d', '--name', 'ports-udp', ...published, TEST_IMAGE, 'sh', '-c', 'httpd -p 80 -h /www; exec udp-echo 53');
  await vi.waitFor(async () => expect(await datagram(port, '127.0.0.1', 'hello')).toBe('HELLO'), { timeout: 20_000, interval: 500 });
  expect(await datagram(port, '::1', 'six')).toBe('SIX');
  expect(await page(port)).toBe(TEST_PAGE);
  await ok('rm', '-f', 'ports-udp');
  const free = createSocket('udp4');
  await new Promise<void>((resolve, reject) => free.once('error', reject).bind(port, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => free.close(() => resolve()));
});

test('on the address that was asked for: every one of this machine, or one that it does not have', async () => {
  const port = await freePort();
  await ok('run', '-d', '--name', 'ports-lan', '-p', `0.0.0.0:${port}:80`, TEST_IMAGE, ...serve);
  expect(await page(port, '127.0.0.3')).toBe(TEST_PAGE);
  await expect(page(port, '[::1]')).rejects.toThrow();
  const refused = await docker('run', '--rm', '--name', 'ports-nowhere', '-p', `203.0.113.7:${await freePort()}:80`, TEST_IMAGE, 'true');
  expect(refused.stderr).toMatch(/Bind for 203\.0\.113\.7:\d+ failed: cannot assign requested address/);
  await ok('rm', '-f', 'ports-lan');
});

test('ports that programs of the guest might want are free for containers: 22, 53, 111', async () => {
  const published = ['-p', '22:22', '-p', '53:53', '-p', '53:53/udp', '-p', '111:111'];
  // The plain socket, without ports of this host.
  await box().docker('run', '--rm', '--name', 'ports-low', ...published, TEST_IMAGE, 'true');
});

test('hostfwd: QEMU serves IPv4, Berth the rest, and the port is free after the stop', async () => {
  const [port, own] = [await freePort(), await freePort()];
  open.way.set('hostfwd');
  try {
    const published = ['-p', `${port}:80`, '-p', `${port}:53/udp`, '-p', `127.0.0.1:${own}:80`];
    await ok('run', '-d', '--name', 'ports-direct', ...published, TEST_IMAGE, 'sh', '-c', 'udp-echo 53 & exec httpd -f -p 80 -h /www');
    await expect.poll(() => page(port).catch(() => '')).toBe(TEST_PAGE);
    expect(await page(port, '[::1]')).toBe(TEST_PAGE);
    expect(await page(own)).toBe(TEST_PAGE);
    expect(await datagram(port, '127.0.0.1', 'hello')).toBe('HELLO');
    expect(await ways(port)).toEqual(['tcp 127.0.0.1 hostfwd', 'tcp ::1 relay ipv6', 'udp 127.0.0.1 relay', 'udp ::1 relay']);
    expect(await ways(own)).toEqual(['tcp 127.0.0.1 relay address']);
    expect(await ownerOfPort('tcp', port)).toContain(`(${box().vm.status.get().pid ?? 0})`);
    const refused = await docker('run', '--rm', '--name', 'ports-second', '-p', `${port}:80`, TEST_IMAGE, 'true');
    expect(refused.stderr).toContain('port is already allocated (ports-direct)');
    await ok('rm', '-f', 'ports-direct');
    await expect(page(port)).rejects.toThrow();
    await ok('run', '-d', '--name', 'ports-direct', '-p', `${port}:80`, TEST_IMAGE, ...serve);
    open.way.set('relay');
    await expect.poll(() => ways(port)).toEqual(['tcp 127.0.0.1 relay', 'tcp ::1 relay']);
    expect(await page(port)).toBe(TEST_PAGE);
  } finally {
    open.way.set('relay');
    await docker('rm', '-f', 'ports-direct');
  }
});

test('a container that goes from one network to another is followed', async () => {
  const port = await freePort();
  await ok('network', 'create', 'ports-net');
  try {
    await ok('run', '-d', '--name', 'ports-move', '-p', `${port}:80`, TEST_IMAGE, ...serve);
    await ok('network', 'connect', 'ports-net', 'ports-move');
    await ok('network', 'disconnect', 'bridge', 'ports-move');
    await expect.poll(() => page(port).catch(() => '')).toBe(TEST_PAGE);
  } finally {
    await docker('rm', '-f', 'ports-move');
    await ok('network', 'rm', 'ports-net');
  }
});

test('a container’s reset is the client’s; 300 connections at once are answered, each with its own', async () => {
  const port = await freePort();
  await ok('run', '-d', '--name', 'ports-many', '-p', `${port}:80`, TEST_IMAGE, 'tcp-echo', '80');
  const one = (number: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.setEncoding('utf8');
      socket.on('error', reject).once('data', (text: string) => {
        resolve(text);
        socket.destroy();
      });
      socket.write(`number ${number}`);
    });
  await expect.poll(() => one(0).catch(() => '')).toBe('number 0');
  // As on plain Linux, although QEMU's network makes an end of it.
  const reset = new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').on('error', (error) => resolve('code' in error && error.code));
    socket.once('data', () => socket.write('!')).on('end', () => resolve('an end'));
    socket.write('all of it');
  });
  expect(await reset).toBe('ECONNRESET');
  const numbers = Array.from({ length: 300 }, (_, number) => number);
  expect(await Promise.all(numbers.map(one))).toEqual(numbers.map((number) => `number ${number}`));
  await ok('rm', '-f', 'ports-many');
});

test('datagrams of every size, and a guest’s program that is killed', async () => {
  const port = await freePort();
  await ok('run', '-d', '--name', 'ports-big', '-p', `${port}:53/udp`, TEST_IMAGE, 'udp-echo', '53');
  await vi.waitFor(async () => expect(await datagram(port, '127.0.0.1', 'hello')).toBe('HELLO'), { timeout: 20_000, interval: 500 });
  for (const size of [1, 1472, 1473, 9000, 65_507]) {
    expect((await datagram(port, '127.0.0.1', 'a'.repeat(size))) === 'A'.repeat(size)).toBe(true);
  }
  expect((await box().exec(`pkill -x berth-udp`)).code).toBe(0);
  await vi.waitFor(async () => expect(await datagram(port, '127.0.0.1', 'again')).toBe('AGAIN'), { timeout: 20_000, interval: 500 });
  await ok('rm', '-f', 'ports-big');
});

test('the guest’s relay is killed, the connections of SSH are cut: ports go by the other one', async () => {
  const port = await freePort();
  await ok(
    'run',
    '-d',
    '--name',
    'ports-cut',
    '-p',
    `${port}:80`,
    '-p',
    `${port}:53/udp`,
    TEST_IMAGE,
    'sh',
    '-c',
    'udp-echo 53 & exec httpd -f -p 80 -h /www',
  );
  expect(await page(port)).toBe(TEST_PAGE);
  // Also the process for datagrams, which is its child.
  expect(await datagram(port, '127.0.0.1', 'hello')).toBe('HELLO');
  expect((await box().exec('pkill -x berth-relay')).code).toBe(0);
  expect(await page(port)).toBe(TEST_PAGE);
  expect(await datagram(port, '127.0.0.1', 'by ssh')).toBe('BY SSH');
  expect((await box().exec(`pgrep -f '^/proc/1/exe udp '`)).code).toBe(0);
  // One that ended and that nobody has asked about is listed too.
  const relays = async (): Promise<boolean> => (await box().exec('pgrep -r S,R -x berth-relay')).code === 0;
  expect(await relays()).toBe(false);
  // Some seconds later it is asked for again.
  await expect.poll(async () => [await page(port), await relays()], { timeout: 30_000, interval: 1000 }).toEqual([TEST_PAGE, true]);
  await box()
    .exec(`pkill -f 'sshd-session|sshd: root'`)
    .catch(() => undefined);
  expect(await page(port)).toBe(TEST_PAGE);
  await expect.poll(async () => (await docker('rm', '-f', 'ports-cut')).code, { timeout: 20_000, interval: 500 }).toBe(0);
});

test('Swarm: what services publish is served, by TCP and UDP, and gone with them', async () => {
  const [web, host, udp] = [await freePort(), await freePort(), await freePort()];
  // dockerd takes no swarm beside live-restore.
  const before = (await box().exec('cat /run/berth/daemon.json')).stdout;
  await box().agent('config', {
    daemonJson: JSON.stringify({ ...(JSON.parse(before) as object), 'live-restore': false }),
    action: 'reload',
  });
  await expect.poll(() => box().docker('info', '--format', '{{.LiveRestoreEnabled}}')).toBe('false\n');
  try {
    await ok('swarm', 'init', '--advertise-addr', '10.0.2.15');
    const service = ['service', 'create', '-d', '--no-resolve-image'];
    await ok(
      ...service,
      '--name',
      'ports-s1',
      '-p',
      `${web}:80`,
      '-p',
      `${udp}:53/udp`,
      TEST_IMAGE,
      'sh',
      '-c',
      'udp-echo 53 & exec httpd -f -p 80 -h /www',
    );
    await ok(...service, '--name', 'ports-s2', '--publish', `mode=host,published=${host},target=80`, TEST_IMAGE, ...serve);
    const slow = { timeout: 90_000, interval: 500 };
    await expect.poll(() => page(host).catch(() => ''), slow).toBe(TEST_PAGE);
    await expect.poll(() => page(web).catch(() => ''), slow).toBe(TEST_PAGE);
    await expect.poll(() => datagram(udp, '127.0.0.1', 'hello').catch(() => ''), slow).toBe('HELLO');
    expect(await ways(web)).toEqual(['tcp 127.0.0.1 relay', 'tcp ::1 relay']);
    await ok('service', 'rm', 'ports-s1');
    await expect.poll(() => ways(web), slow).toEqual([]);
    await ok('service', 'rm', 'ports-s2');
    await expect.poll(() => ways(host), slow).toEqual([]);
  } finally {
    await vi.waitFor(() => ok('swarm', 'leave', '--force'), { timeout: 60_000, interval: 1000 });
    await docker('network', 'rm', 'docker_gwbridge');
    await box().agent('config', { daemonJson: before, action: 'reload' });
  }
}, 240_000);
