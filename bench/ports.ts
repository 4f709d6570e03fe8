// Published ports against what users make by hand, on one VM, in turns: `ssh -L` to the container's address with the same cipher, and QEMU's own
// hostfwd. First answer after a start, throughput both ways, one-byte echo, many connections at once, datagrams at a rate, and what 50 forwards and
// 3 shares cost at rest.
// npm run bench -- ports [rounds] [start|tcp|echo|burst|udp|idle]
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { locateResources } from '../main/vm/resources';
import { runDocker } from '../test/vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../test/vm/images';
import { makeHome } from '../test/vm/open-vm';
import { sshArgs } from './by-hand';
import { openBackend, type OpenBackend } from './open-backend';
import { sendDatagrams, throughput } from './port-traffic';
import { percentile, print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 3);
const ONLY = process.argv[3];
const MEGABYTES = 16;
const ECHOES = 200;
const DATAGRAM = { bytes: 1000, perSecond: 20_000, seconds: 5 } as const;
const BURST_MS = 20_000;
const IDLE_SECONDS = 30;
const FORWARDS = 50;
const BURSTS = [6, 100, 500] as const;
const inside = { in: 91, out: 92, echo: 93, burst: 94, udp: 53, udpOneWay: 54 } as const;
const serve = [
  `nc -ll -p ${inside.in} -e dd of=/dev/null bs=64k &`,
  `nc -ll -p ${inside.out} -e dd if=/dev/zero bs=64k count=${MEGABYTES * 16} &`,
  `nc -ll -p ${inside.echo} -e cat &`,
  `tcp-echo ${inside.burst} &`,
  `udp-echo ${inside.udpOneWay} silent &`,
  `exec udp-echo ${inside.udp}`,
].join(' ');

type Port = keyof typeof inside;
type Figures = Record<string, number[]>;
interface Lab {
  readonly box: OpenBackend;
  /** Of each side, the host's port for each of the container's. */
  readonly sides: Readonly<Record<string, Readonly<Record<Port, number>>>>;
}

async function docker(box: OpenBackend, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runDocker(box, args);
  if (code !== 0) {
    throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  }
  return stdout.trim();
}

async function freePorts(): Promise<Record<Port, number>> {
  const one = async (): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  return { in: await one(), out: await one(), echo: await one(), burst: await one(), udp: await one(), udpOneWay: await one() };
}

async function openLab(box: OpenBackend, children: ChildProcess[]): Promise<Lab> {
  const berth = await freePorts();
  const published = (Object.keys(inside) as Port[]).flatMap((name) => [
    '-p',
    `${berth[name]}:${inside[name]}${name.startsWith('udp') ? '/udp' : ''}`,
  ]);
  await docker(box, 'run', '-d', '--name', 'bench-lab', ...published, TEST_IMAGE, 'sh', '-c', serve);
  const address = await docker(box, 'inspect', 'bench-lab', '--format', '{{.NetworkSettings.IPAddress}}');
  const [byHand, direct] = [await freePorts(), await freePorts()];
  const tcp = ['in', 'out', 'echo', 'burst'] as const;
  const ssh = await sshArgs({ pid: box.backend.vm.status.get().pid, files: box.files });
  const tunnels = tcp.flatMap((name) => ['-L', `127.0.0.1:${byHand[name]}:${address}:${inside[name]}`]);
  children.push(spawn('ssh', [...ssh, '-N', ...tunnels, 'root@127.0.0.1'], { stdio: ['ignore', 'ignore', 'inherit'] }));
  for (const name of tcp) {
    await box.backend.vm.forward({ address: '127.0.0.1', port: direct[name], guestPort: berth[name] });
  }
  const sides = { berth, 'ssh -L': byHand, hostfwd: direct };
  for (const side of Object.values(sides)) {
    await ready(side.echo);
  }
  return { box, sides };
}

/** An echo answers on it. */
async function ready(port: number): Promise<void> {
  for (let left = 300; left > 0; left -= 1) {
    const socket = connect({ host: '127.0.0.1', port });
    const answered = await new Promise<boolean>((resolve) => {
      socket
        .once('data', () => resolve(true))
        .once('error', () => resolve(false))
        .once('close', () => resolve(false));
      socket.write('x');
    });
    socket.destroy();
    if (answered) {
      return;
    }
    await sleep(100);
  }
  throw new Error(`nothing answers on ${port}`);
}

/** Milliseconds from the return of `docker run` to a page for a client that has tried since before it; below zero = it was there first. */
async function firstAnswer(box: OpenBackend, found: Figures, round: number): Promise<void> {
  const { echo: port } = await freePorts();
  const ending = new AbortController();
  const answered = (async () => {
    while (!ending.signal.aborted) {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.0\r\n\r\n');
      const [first] = (await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => [])) as [unknown];
      socket.destroy();
      if (Buffer.isBuffer(first)) {
        return performance.now();
      }
      await sleep(5);
    }
    return Number.NaN;
  })();
  const name = `bench-first-${round}`;
  await docker(box, 'run', '-d', '--name', name, '-p', `${port}:80`, TEST_IMAGE, 'httpd', '-f', '-p', '80', '-h', '/www');
  const returned = performance.now();
  (found['docker run -p'] ??= []).push((await answered) - returned);
  ending.abort();
  await docker(box, 'rm', '-f', name);
}

/** Milliseconds of each. */
async function echoes(port: number): Promise<number[]> {
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const times: number[] = [];
  for (let count = 0; count < ECHOES; count += 1) {
    const start = performance.now();
    socket.write('x');
    await once(socket, 'data');
    times.push(performance.now() - start);
  }
  socket.destroy();
  return times.slice(ECHOES / 10);
}

/** Milliseconds until the last of so many connections at once has its byte back; BURST_MS where one had none by then. */
async function burst(port: number, count: number): Promise<number> {
  const begun = performance.now();
  const sockets = Array.from({ length: count }, () => connect({ host: '127.0.0.1', port, noDelay: true }));
  const answered = sockets.map(async (socket) => {
    socket.write('x');
    await once(socket, 'data');
  });
  const late = sleep(BURST_MS, undefined, { ref: false });
  await Promise.race([Promise.all(answered.map((each) => each.catch(() => late))), late]);
  const time = performance.now() - begun;
  sockets.forEach((socket) => socket.on('error', () => undefined).destroy());
  await sleep(1000);
  return time;
}

async function datagrams(box: OpenBackend, port: number): Promise<{ sent: number; arrived: number; answers: number; dropped: number }> {
  const arrived = async (): Promise<number> => {
    const lines = (await docker(box, 'exec', 'bench-lab', 'cat', '/proc/net/snmp')).split('\n').filter((line) => line.startsWith('Udp:'));
    return Number(lines[1]?.split(' ')[1] ?? 0);
  };
  const before = await arrived();
  const { sent, answers } = await sendDatagrams(port, DATAGRAM);
  await sleep(1500);
  for await (const forwards of box.client.stream('ports.changes', {})) {
    const dropped = forwards.filter((each) => each.port === port).reduce((sum, each) => sum + each.dropped, 0);
    return { sent, answers, arrived: (await arrived()) - before, dropped };
  }
  throw new Error('the board ended');
}

/** Of every thread of this process, each its count of times that it began to wait or was put off. */
async function switches(): Promise<number> {
  const tasks = await readdir('/proc/self/task');
  const texts = await Promise.all(tasks.map((task) => readFile(`/proc/self/task/${task}/status`, 'latin1').catch(() => '')));
  return texts.flatMap((text) => [...text.matchAll(/ctxt_switches:\s+(\d+)/g)]).reduce((sum, [, count]) => sum + Number(count), 0);
}

async function idle(box: OpenBackend, folder: string, found: Figures): Promise<void> {
  const rest = async (name: string): Promise<void> => {
    await sleep(5000);
    const before = await switches();
    await sleep(IDLE_SECONDS * 1000);
    (found[name] ??= []).push((await switches()) - before);
  };
  await docker(box, 'rm', '-f', 'bench-lab');
  await rest('no forwards, 1 share');
  for (const name of ['one', 'two']) {
    await mkdir(join(folder, name), { recursive: true });
    await box.client.call('shares.add', { path: join(folder, name), readOnly: false });
  }
  const first = 21_000 + Math.floor(Math.random() * 5000);
  await docker(
    box,
    'run',
    '-d',
    '--name',
    'bench-idle',
    '-p',
    `${first}-${first + FORWARDS - 1}:8000-${8000 + FORWARDS - 1}`,
    TEST_IMAGE,
    'sleep',
    '100000',
  );
  await rest(`${FORWARDS} forwards, 3 shares`);
}

async function main(): Promise<void> {
  const home = await makeHome('berth-b-');
  const shared = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  const box = await openBackend(home, resources);
  const children: ChildProcess[] = [];
  const found: Record<string, Figures> = {};
  const udp: unknown[] = [];
  const is = (what: string): boolean => ONLY === undefined || ONLY === what;
  try {
    await ensureTestImage(box);
    const { sides } = await openLab(box, children);
    for (let round = 0; round <= ROUNDS; round += 1) {
      // Round 0 warms up.
      const into: Record<string, Figures> = round === 0 ? {} : found;
      if (is('start')) {
        await firstAnswer(box, (into['start'] ??= {}), round);
      }
      for (const [name, ports] of Object.entries(sides)) {
        for (const direction of ['in', 'out'] as const) {
          if (is('tcp')) {
            keep(into, direction, name, await throughput(ports[direction], direction, MEGABYTES * 2 ** 20));
            process.stderr.write(`${direction} by ${name}\n`);
          }
        }
        if (is('echo')) {
          keep(into, 'echo', name, ...(await echoes(ports.echo)));
        }
        for (const count of BURSTS) {
          if (is('burst')) {
            keep(into, `burst${count}`, name, await burst(ports.burst, count));
          }
        }
      }
      if (is('udp') && round > 0) {
        for (const name of ['udpOneWay', 'udp'] as const) {
          udp.push({ name, ...(await datagrams(box, sides['berth']?.[name] ?? 0)) });
        }
      }
      process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    }
    if (is('idle')) {
      await idle(box, shared, (found['idle'] ??= {}));
    }
    report(found, udp);
  } finally {
    children.forEach((child) => child.kill());
    await box.close({ keepVm: false });
    await Promise.all([home, shared].map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

function keep(found: Record<string, Figures>, kind: string, side: string, ...values: readonly number[]): void {
  const figures = (found[kind] ??= {});
  (figures[side] ??= []).push(...values);
}

const titles = {
  start: 'first answer after docker run’s return, ms',
  in: `${MEGABYTES} MiB in, MB/s`,
  out: `${MEGABYTES} MiB out, MB/s`,
  echo: 'echo of one byte, ms',
  ...Object.fromEntries(BURSTS.map((count) => [`burst${count}`, `until the last of ${count} connections at once is answered, ms`])),
  idle: `switches of the backend in ${IDLE_SECONDS} s at rest`,
};

function report(found: Record<string, Figures>, udp: readonly unknown[]): void {
  const rows: (string | number)[][] = [['', 'median', 'p95', 'min', 'max', 'n']];
  const ratios: Record<string, number> = {};
  for (const [key, title] of Object.entries(titles)) {
    const figures = Object.entries(found[key] ?? {}).filter(([, values]) => values.length > 0);
    if (figures.length > 0) {
      rows.push([title, '', '', '', '', '']);
    }
    const medians = new Map<string, number>();
    for (const [name, values] of figures) {
      const { median, min, max, n } = summarise(values);
      medians.set(name, median);
      rows.push([`  ${name}`, median, percentile(values, 0.95), min, max, String(n)]);
    }
    for (const other of ['ssh -L', 'hostfwd']) {
      if (medians.has(other)) {
        ratios[`${key}: berth / ${other}`] = (medians.get('berth') ?? Number.NaN) / (medians.get(other) ?? Number.NaN);
      }
    }
  }
  udp.forEach((each) => rows.push([`datagrams: ${JSON.stringify(each)}`, '', '', '', '', '']));
  rows.push(...Object.entries(ratios).map(([name, value]) => [`  ${name}`, value, '', '', '', '']));
  print('ports', rows, { rounds: ROUNDS, udp, ratios });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
