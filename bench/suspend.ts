// A second to resume: suspend, and resume to `_ping` on the host's socket with a container running, beside a cold start of the same VM, in turns; the
// whole backend of each side, since what a user waits for is `berth start`. The clock is read with each resume.
// npm run bench -- suspend [rounds] [GiB,GiB…]
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { prepareHome } from '../main/control/home';
import { writeJson } from '../main/lib/atomic-file';
import { locateResources } from '../main/vm/resources';
import type { Resources } from '../main/vm/resources';
import type { BootTimeline } from '../preload/contract';
import { ensureTestImage, TEST_IMAGE } from '../test/vm/images';
import { makeHome } from '../test/vm/open-vm';
import { openBackend } from './open-backend';
import type { OpenBackend } from './open-backend';
import { print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 5);
const SIZES = (process.argv[3] ?? '2,4,8').split(',').map(Number);
const GIB = 2 ** 30;

interface Round {
  readonly suspend: number;
  readonly bytes: number;
  readonly resume: number;
  readonly cold: number;
  readonly driftMs: number;
  readonly phases: BootTimeline['phases'];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** To `_ping`; a start is over when ports and shares are settled, too. */
const toPing = ({ backend }: OpenBackend): number => backend.vm.status.get().boot?.seconds ?? Number.NaN;

async function round(box: OpenBackend): Promise<Round> {
  const { client, backend } = box;
  const suspend = await timed(() => client.call('vm.stop', {}));
  const bytes = backend.vm.status.get().suspended?.bytes ?? Number.NaN;
  await client.call('vm.start', {});
  const { boot } = backend.vm.status.get();
  if (boot?.kind !== 'resume') {
    throw new Error(`it was not resumed: ${JSON.stringify(boot)}`);
  }
  const asked = Date.now();
  const { clockMs } = await backend.vm.agent.call('status', {});
  const driftMs = clockMs - (asked + Date.now()) / 2;
  const resume = toPing(box);
  await client.call('vm.stop', { shutdown: true });
  await client.call('vm.start', {});
  return { suspend, bytes, resume, cold: toPing(box), driftMs, phases: boot.phases };
}

async function measure(resources: Resources, gib: number, shared: boolean): Promise<Round[]> {
  const home = await makeHome('berth-b-');
  const folder = join(home, 'shared');
  await mkdir(folder);
  let box: OpenBackend | undefined;
  try {
    const files = await prepareHome(home);
    const folders = shared ? [{ path: folder, readOnly: false }] : [];
    await writeJson(files.settings, { format: 1, vm: { memoryBytes: gib * GIB, cpus: 2 }, shares: { folders } });
    box = await openBackend(home, resources);
    await ensureTestImage(box);
    const docker = join(resources.bundle, 'bin', 'docker');
    const run = ['run', '--detach', '--restart', 'always', '--name', 'witness', TEST_IMAGE, 'sleep', '1000000'];
    await promisify(execFile)(docker, run, { env: { ...process.env, DOCKER_HOST: box.dockerHost } });
    const rounds: Round[] = [];
    for (let n = 1; n <= ROUNDS; n += 1) {
      const measured = await round(box);
      rounds.push(measured);
      const { suspend, resume, cold, bytes } = measured;
      const words = [
        `suspend ${suspend.toFixed(2)} s`,
        `resume ${resume.toFixed(2)} s`,
        `cold ${cold.toFixed(1)} s`,
        `${Math.round(bytes / 2 ** 20)} MiB`,
      ];
      process.stderr.write(`${gib} GiB${shared ? ', a share' : ''}, round ${n}: ${words.join(', ')}\n`);
    }
    return rounds;
  } finally {
    await box?.close({ keepVm: false });
    await rm(home, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  const rows: (string | number)[][] = [['', 'suspend, s', 'resume, s', 'cold, s', 'cold / resume', 'MiB', 'clock, ms']];
  const data: Record<string, readonly Round[]> = {};
  for (const [gib, shared] of [...SIZES.map((size) => [size, false] as const), [SIZES[0] ?? 2, true] as const]) {
    const rounds = await measure(resources, gib, shared);
    const name = `${gib} GiB${shared ? ', a share' : ''}`;
    const of = (pick: (one: Round) => number): number => summarise(rounds.map(pick)).median;
    const [suspend, resume, cold] = [of((one) => one.suspend), of((one) => one.resume), of((one) => one.cold)];
    const worst = Math.max(...rounds.map(({ driftMs }) => Math.abs(driftMs)));
    rows.push([name, suspend, resume, cold, cold / resume, of((one) => one.bytes / 2 ** 20), worst]);
    data[name] = rounds;
  }
  print('suspend', rows, data);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
