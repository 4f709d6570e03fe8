// Cold start to `_ping`: Berth's guest through the host's docker.sock, without shares and with one, against a stock Debian 13 through `ssh -L`,
// same QEMU, machine flags, CPUs and memory, in turns. The stock side waits for sshd's banner with fresh connections, so that it never pays for a SYN that
// QEMU's user network retries.
// npm run bench -- boot [rounds]
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { escapeOption, probeArgs } from '../main/vm/qemu/args';
import type { ShareSpec } from '../main/vm/driver';
import { locateResources } from '../main/vm/resources';
import type { Resources } from '../main/vm/resources';
import type { BootTimeline } from '../preload/contract';
import { engineGet, makeHome, openVm } from '../test/vm/open-vm';
import { print, summarise } from './report';
import { stockGuest } from './stock-guest';
import type { StockGuest } from './stock-guest';

const ROUNDS = Number(process.argv[2] ?? 5);
const CPUS = 2;
const MEMORY = 2 * 2 ** 30;
const GIVE_UP_MS = 400_000;

interface OurBoot {
  readonly seconds: number;
  readonly timeline: BootTimeline | undefined;
}

async function bootOurs(home: string, resources: Resources, shares: readonly ShareSpec[] = []): Promise<OurBoot> {
  const box = await openVm(home, { resources, memoryBytes: MEMORY, shares });
  const start = performance.now();
  await box.vm.start();
  const seconds = (performance.now() - start) / 1000;
  const timeline = box.vm.boots()[0];
  await box.close({ keepVm: false });
  return { seconds, timeline };
}

async function bootStock(stock: StockGuest, resources: Resources, work: string): Promise<number> {
  await mkdir(work, { recursive: true });
  const disk = join(work, 'disk.raw');
  await promisify(execFile)('cp', ['--sparse=always', stock.disk, disk]);
  const port = await freePort();
  const socket = join(work, 'docker.sock');
  await rm(socket, { force: true });
  const args = [
    ...probeArgs({
      arch: 'x86_64',
      accelerator: 'tcg',
      cpus: CPUS,
      memoryBytes: MEMORY,
      kernel: stock.kernel,
      initramfs: stock.initrd,
      cmdline: 'root=/dev/vda rw console=ttyS0 quiet panic=-1',
      sandbox: false,
      qmpSocket: join(work, 'qmp.sock'),
      fwCfg: [],
    }),
    ...['-drive', `file=${escapeOption(disk)},format=raw,if=virtio,discard=unmap`],
    ...['-netdev', `user,id=net0,hostfwd=tcp:127.0.0.1:${port}-:22`, '-device', 'virtio-net-pci,netdev=net0,romfile='],
    ...['-device', 'virtio-rng-pci'],
  ];
  const start = performance.now();
  const qemu = spawn(join(resources.bundle, 'bin', 'qemu-system-x86_64'), args, { stdio: 'ignore' });
  let tunnel: ChildProcess | undefined;
  try {
    await banner(port, qemu);
    const command = [...sshOptions(stock, port), '-N', '-L', `${socket}:/run/docker.sock`, 'root@127.0.0.1'];
    while (performance.now() < start + GIVE_UP_MS) {
      // A session that sshd refuses while the system comes up is asked for again, as a user would.
      if (tunnel?.exitCode !== null) {
        tunnel = spawn('ssh', command, { stdio: ['ignore', 'ignore', 'inherit'] });
      }
      const answer = await engineGet(socket, '/_ping').catch(() => undefined);
      if (answer?.status === 200) {
        return (performance.now() - start) / 1000;
      }
      await sleep(20);
    }
    throw new Error('the stock guest did not come up');
  } finally {
    tunnel?.kill();
    qemu.kill('SIGKILL');
    await once(qemu, 'exit');
  }
}

function sshOptions(stock: StockGuest, port: number): string[] {
  const options = [
    'BatchMode=yes',
    'StreamLocalBindUnlink=yes',
    'ExitOnForwardFailure=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'Ciphers=aes128-gcm@openssh.com',
  ];
  return ['-F', '/dev/null', '-i', stock.key, '-p', String(port), ...options.flatMap((option) => ['-o', option])];
}

/** Resolves at sshd's first bytes: a new connection every 0.1 s, the last five kept (sshd's own MaxStartups is ten). */
async function banner(port: number, qemu: ChildProcess): Promise<void> {
  const sockets: Socket[] = [];
  let attempts: NodeJS.Timeout | undefined;
  const spoke = new Promise<void>((resolve) => {
    attempts = setInterval(() => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', () => resolve()).on('error', () => socket.destroy());
      sockets.push(socket);
      if (sockets.length > 5) {
        sockets.shift()?.destroy();
      }
    }, 100);
  });
  const failed = Promise.race([once(qemu, 'exit'), sleep(GIVE_UP_MS, undefined, { ref: false })]).then(() => {
    throw new Error('the stock guest never offered ssh');
  });
  try {
    await Promise.race([spoke, failed]);
  } finally {
    clearInterval(attempts);
    failed.catch(() => undefined);
    sockets.forEach((socket) => socket.destroy());
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function main(): Promise<void> {
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  const stock = stockGuest();
  const home = await makeHome('berth-b-');
  const work = await makeHome('berth-s-');
  const folder = await makeHome('berth-f-');
  const share = { tag: '0123456789ab', folder, readOnly: false };
  const ours: number[] = [];
  const shared: number[] = [];
  const theirs: number[] = [];
  let timeline: BootTimeline | undefined;
  try {
    process.stderr.write('first start of each side (formats, generates keys), not counted\n');
    await bootOurs(home, resources);
    await bootStock(stock, resources, work);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const boot = await bootOurs(home, resources);
      ours.push(boot.seconds);
      timeline = boot.timeline;
      shared.push((await bootOurs(home, resources, [share])).seconds);
      theirs.push(await bootStock(stock, resources, work));
      const [plain, one, other] = [ours, shared, theirs].map((seconds) => (seconds.at(-1) ?? Number.NaN).toFixed(1));
      process.stderr.write(`round ${round}: berth ${plain} s, with a share ${one} s, stock ${other} s\n`);
    }
  } finally {
    await rm(home, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }
  const a = summarise(ours);
  const one = summarise(shared);
  const b = summarise(theirs);
  const phases = (timeline?.phases ?? []).map((phase) => [
    `  ${phase.name}`,
    phase.startedAt,
    (phase.endedAt ?? Number.NaN) - phase.startedAt,
    '',
    '',
  ]);
  print(
    'boot',
    [
      ['cold start to _ping, s', 'median', 'min', 'max', 'n'],
      ['berth', a.median, a.min, a.max, String(a.n)],
      ['berth, one share', one.median, one.min, one.max, String(one.n)],
      ['stock Debian 13', b.median, b.min, b.max, String(b.n)],
      ['stock / berth', b.median / a.median, '', '', ''],
      ['phases of the last start', 'from', 'took', '', ''],
      ...phases,
    ],
    { berth: ours, shared, stock: theirs, ratio: b.median / a.median, versions: stock.versions, timeline },
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
