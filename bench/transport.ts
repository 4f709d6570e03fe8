// The engine's socket against what users make by hand, on one VM, in turns: `ssh -L` (OpenSSH's client, same cipher) and `docker -H ssh://`
// (one ssh with `docker system dial-stdio` a connection, as the CLI does). Latency of a ping and of a list of 50 containers, throughput of 200 MB.
// npm run bench -- transport [rounds] [latency|throughput]
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { runDocker } from '../test/vm/cli';
import { locateResources } from '../main/vm/resources';
import { ensureTestImage, TEST_IMAGE } from '../test/vm/images';
import { makeHome, openVm, type OpenVm } from '../test/vm/open-vm';
import { sshArgs } from './by-hand';
import { percentile, print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 5);
const ONLY = process.argv[3];
/** A round's requests, of each side. */
const REQUESTS = { ping: 60, list: 20 } as const;
const SSH_REQUESTS = { ping: 4, list: 2 } as const;
const CONTAINERS = 50;
const BYTES = 200 * 2 ** 20;
const PATHS = { ping: '/_ping', list: '/v1.51/containers/json?all=1' } as const;
const DOWN = `head -c ${BYTES} /dev/zero`;

/** One request's way: connections are made by `dial`, one a request or kept. */
interface Side {
  readonly name: string;
  readonly kept: boolean;
  readonly perRound: Readonly<Record<keyof typeof PATHS, number>>;
  dial(): Duplex;
}

async function main(): Promise<void> {
  const home = await makeHome('berth-b-');
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  const box = await openVm(home, { resources });
  let tunnel: ChildProcess | undefined;
  try {
    await box.vm.start();
    const ssh = await sshArgs({ pid: box.vm.status.get().pid, files: box.files });
    const forwarded = join(home, 'l.sock');
    tunnel = spawn('ssh', [...ssh, '-N', '-L', `${forwarded}:/run/docker.sock`, 'root@127.0.0.1'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await ready(forwarded);
    await prepare(box);
    const sides: Side[] = [
      { name: 'berth', kept: false, perRound: REQUESTS, dial: () => connect(box.files.run.docker) },
      { name: 'ssh -L', kept: false, perRound: REQUESTS, dial: () => connect(forwarded) },
      { name: 'berth, kept', kept: true, perRound: REQUESTS, dial: () => connect(box.files.run.docker) },
      { name: 'ssh -L, kept', kept: true, perRound: REQUESTS, dial: () => connect(forwarded) },
      { name: 'docker -H ssh://', kept: false, perRound: SSH_REQUESTS, dial: () => dialStdio(ssh) },
    ];
    const latencies = ONLY === 'throughput' ? { ping: {}, list: {} } : await latency(sides);
    const speeds = ONLY === 'latency' ? { in: {}, out: {}, loop: [] } : await throughput(box, forwarded, home);
    report(latencies, speeds);
  } finally {
    tunnel?.kill();
    await box.close({ keepVm: false });
    await rm(home, { recursive: true, force: true });
  }
}

/** What `docker -H ssh://` runs for every connection that it opens. */
function dialStdio(ssh: readonly string[]): Duplex {
  const child = spawn('ssh', [...ssh, '-T', 'root@127.0.0.1', 'docker', 'system', 'dial-stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  // Given up after its answer, while ssh still runs.
  stream.on('error', () => undefined);
  stream.on('close', () => child.kill());
  return stream;
}

async function ready(path: string): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    const socket = connect(path);
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => {
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
    socket.destroy();
    if (up) {
      return;
    }
    await sleep(50);
  }
  throw new Error('ssh -L did not come up');
}

async function prepare(box: OpenVm): Promise<void> {
  await ensureTestImage(box);
  await docker(box, ['run', '-d', '--name', 'bench-0', TEST_IMAGE, 'sleep', '100000']);
  for (let number = 1; number < CONTAINERS; number += 1) {
    await docker(box, ['create', '--name', `bench-${number}`, TEST_IMAGE, 'true']);
  }
}

async function docker(box: OpenVm, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runDocker(box, args);
  if (code !== 0) {
    throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  }
}

type Latencies = Record<keyof typeof PATHS, Record<string, number[]>>;

async function latency(sides: readonly Side[]): Promise<Latencies> {
  const found: Latencies = { ping: {}, list: {} };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const kind of ['ping', 'list'] as const) {
      for (const side of sides) {
        const agent = side.kept ? keptAgent(side) : undefined;
        for (let count = 0; count < side.perRound[kind]; count += 1) {
          const milliseconds = await get(side, PATHS[kind], agent);
          // Round 0 warms up both.
          if (round > 0) {
            (found[kind][side.name] ??= []).push(milliseconds);
          }
        }
        agent?.destroy();
      }
    }
    process.stderr.write(`latency, round ${round} of ${ROUNDS}\n`);
  }
  return found;
}

function keptAgent(side: Side): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => side.dial();
  return agent;
}

function get(side: Side, path: string, agent: Agent | undefined): Promise<number> {
  const start = performance.now();
  const stream = agent ? undefined : side.dial();
  // Keep-alive is said even where the connection is dropped afterwards: every Docker client does.
  const how = stream ? { createConnection: () => stream, headers: { Connection: 'keep-alive' } } : { agent };
  return new Promise<number>((resolve, reject) => {
    request({ ...how, path, host: 'docker' }, (response) => {
      response.resume().on('end', () => {
        resolve(performance.now() - start);
      });
    })
      .on('error', reject)
      .end();
  }).finally(() => stream?.destroy());
}

interface Speeds {
  readonly in: Record<string, number[]>;
  readonly out: Record<string, number[]>;
  /** p99 of the event loop's delay while this process carried the bytes, ms. */
  readonly loop: number[];
}

async function throughput(box: OpenVm, forwarded: string, home: string): Promise<Speeds> {
  const found: Speeds = { in: {}, out: {}, loop: [] };
  const file = join(home, 'zeros');
  await writeFile(file, Buffer.alloc(BYTES));
  const sides = { berth: box.dockerHost, 'ssh -L': `unix://${forwarded}` };
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [name, dockerHost] of Object.entries(sides)) {
      const loop = monitorEventLoopDelay({ resolution: 1 });
      loop.enable();
      const into = await timed(box, dockerHost, ['exec', '-i', 'bench-0', 'sh', '-c', 'cat > /dev/null'], file);
      const out = await timed(box, dockerHost, ['exec', 'bench-0', 'sh', '-c', DOWN]);
      loop.disable();
      (found.in[name] ??= []).push(BYTES / 1e6 / into);
      (found.out[name] ??= []).push(BYTES / 1e6 / out);
      if (name === 'berth') {
        found.loop.push(loop.percentile(99) / 1e6);
      }
    }
    process.stderr.write(`throughput, round ${round} of ${ROUNDS}\n`);
  }
  return found;
}

/** Seconds; the bytes never pass through this process other than as the socket's. */
async function timed(box: OpenVm, dockerHost: string, args: readonly string[], input?: string): Promise<number> {
  const source = input === undefined ? undefined : await open(input);
  const start = performance.now();
  const child = spawn(join(box.resources.bundle, 'bin', 'docker'), args, {
    env: { ...process.env, DOCKER_HOST: dockerHost },
    stdio: [source?.fd ?? 'ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number];
  await source?.close();
  if (code !== 0) {
    throw new Error(`docker ${args.join(' ')} ended with ${code}`);
  }
  return (performance.now() - start) / 1000;
}

function report(latencies: Latencies, speeds: Speeds): void {
  const rows: (string | number)[][] = [];
  const ratios: Record<string, number> = {};
  for (const kind of ['ping', 'list'] as const) {
    rows.push([`${kind === 'ping' ? '_ping' : `list of ${CONTAINERS}`}, ms`, 'p50', 'p95', 'min', 'max', 'n']);
    for (const [name, values] of Object.entries(latencies[kind])) {
      const { median, min, max, n } = summarise(values);
      rows.push([`  ${name}`, median, percentile(values, 0.95), min, max, String(n)]);
    }
    const median = (name: string): number => summarise(latencies[kind][name] ?? []).median;
    ratios[`${kind}: berth / ssh -L`] = median('berth') / median('ssh -L');
    ratios[`${kind}, kept: berth / ssh -L`] = median('berth, kept') / median('ssh -L, kept');
    ratios[`${kind}: berth / docker -H ssh://`] = median('berth') / median('docker -H ssh://');
  }
  for (const direction of ['in', 'out'] as const) {
    rows.push([`200 MB ${direction}, MB/s`, 'median', '', 'min', 'max', 'n']);
    for (const [name, values] of Object.entries(speeds[direction])) {
      const { median, min, max, n } = summarise(values);
      rows.push([`  ${name}`, median, '', min, max, String(n)]);
    }
    ratios[`200 MB ${direction}: berth / ssh -L`] =
      summarise(speeds[direction]['berth'] ?? []).median / summarise(speeds[direction]['ssh -L'] ?? []).median;
  }
  const loop = summarise(speeds.loop);
  rows.push(['event loop p99 during it, ms', loop.median, '', loop.min, loop.max, String(loop.n)]);
  rows.push(
    ['ratios of medians', '', '', '', '', ''],
    ...Object.entries(ratios).map(([name, value]) => [`  ${name}`, value, '', '', '', '']),
  );
  print('transport', rows, { rounds: ROUNDS, latencies, speeds, ratios });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
