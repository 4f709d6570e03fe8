// What Berth takes while nobody does anything: its own processes (the backend as the shells run it, servers of shares, network) over the time, with 50
// published ports and 3 shared folders that a container binds, and QEMU beside the same guest with no backend. The window is hidden: what it follows
// while it is hidden is open. In turns on one VM.
// npm run bench -- idle [rounds] [seconds]
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCounters } from '../main/cost/counters';
import { ownProcesses } from '../main/cost/processes';
import { findRoots } from '../main/cost/roots';
import { locateResources } from '../main/vm/resources';
import type { Resources } from '../main/vm/resources';
import type { HomeFiles } from '../main/lib/home';
import type { CostPart } from '../preload/contract';
import { runDocker } from '../test/vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../test/vm/images';
import { makeHome } from '../test/vm/open-vm';
import { openBackend, removeHome } from './open-backend';
import { print, summarise } from './report';

const [first, second] = process.argv.slice(2);
const ROUNDS = Number(first ?? 3);
const SECONDS = Number(second ?? 60);
const SETTLE_MS = 45_000;
const FIRST_PORT = 42_000;
const PORTS = 50;

interface Sample {
  readonly cpu: number;
  readonly wakeups: number;
}
type Found = Partial<Record<CostPart, Sample>>;
const found: Record<'alone' | 'berth', Found[]> = { alone: [], berth: [] };

/** The child: a backend with the streams of a hidden window, until its input ends. */
async function serve(home: string, resources: Resources): Promise<void> {
  const box = await openBackend(home, resources);
  const streams = [
    'vm.status',
    'settings.changes',
    'engine.changes',
    'tasks.changes',
    'config.changes',
    'app.notices',
    'mirrors.changes',
  ] as const;
  for (const name of streams) {
    void (async () => {
      for await (const _ of box.client.stream(name, {})) {
        // As the window's store does: the last one counts.
      }
    })().catch(() => undefined);
  }
  process.stdout.write('ready\n');
  process.stdin.resume();
  await once(process.stdin, 'end');
  await box.close({ keepVm: true });
  process.exit(0);
}

async function prepare(home: string, outside: string, resources: Resources): Promise<{ readonly files: HomeFiles; readonly vm: number }> {
  const box = await openBackend(home, resources);
  try {
    await ensureTestImage({ dockerHost: box.dockerHost, resources });
    const folders = ['a', 'b', 'c'].map((name) => join(outside, name));
    for (const path of folders) {
      await mkdir(path);
      await box.client.call('shares.add', { path, readOnly: false });
    }
    const ports = Array.from({ length: PORTS }, (_, index) => ['-p', `127.0.0.1:${FIRST_PORT + index}:${8000 + index}`]).flat();
    const binds = folders.flatMap((path) => ['-v', `${path}:${path}`]);
    const { code, stderr } = await runDocker({ dockerHost: box.dockerHost, resources }, [
      ...['run', '-d', '--name', 'bench', ...ports, ...binds, TEST_IMAGE, 'sleep', '100000'],
    ]);
    if (code !== 0) {
      throw new Error(stderr);
    }
    return { files: box.files, vm: box.backend.vm.status.get().pid ?? 0 };
  } finally {
    await box.close({ keepVm: true });
  }
}

async function measure(files: HomeFiles, vm: number, backend: number | undefined): Promise<Found> {
  const roots = { ...(await findRoots(files, vm)), backend: backend ?? -1 };
  const read = async (): Promise<Map<number, { readonly part: CostPart; readonly cpu: number; readonly wakeups: number }>> => {
    const own = ownProcesses(roots).filter(({ pid }) => pid > 0);
    const counters = await readCounters(own.map(({ pid }) => pid));
    return new Map(
      own.flatMap(({ pid, part }) => {
        const { cpuSeconds = 0, wakeups = 0 } = counters.get(pid) ?? {};
        return counters.has(pid) ? [[pid, { part, cpu: cpuSeconds, wakeups }]] : [];
      }),
    );
  };
  const before = await read();
  const start = performance.now();
  await sleep(SECONDS * 1000);
  const after = await read();
  const seconds = (performance.now() - start) / 1000;
  const sums: Found = {};
  for (const [pid, { part, cpu, wakeups }] of after) {
    const last = before.get(pid) ?? { cpu: 0, wakeups: 0 };
    const sum = sums[part] ?? { cpu: 0, wakeups: 0 };
    sums[part] = { cpu: sum.cpu + (cpu - last.cpu) / seconds, wakeups: sum.wakeups + Math.max(0, wakeups - last.wakeups) / seconds };
  }
  return sums;
}

async function started(home: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'serve', home], { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const chunk of child.stdout) {
    if (String(chunk).includes('ready')) {
      return child;
    }
  }
  throw new Error('the backend did not start');
}

async function main(): Promise<void> {
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  if (first === 'serve') {
    return serve(second ?? '', resources);
  }
  const home = await makeHome('berth-b-');
  // Nothing of a home is shared.
  const outside = await makeHome('berth-s-');
  try {
    const { files, vm } = await prepare(home, outside, resources);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const mode of round % 2 === 0 ? (['alone', 'berth'] as const) : (['berth', 'alone'] as const)) {
        const child = mode === 'berth' ? await started(home) : undefined;
        await sleep(SETTLE_MS);
        const sample = await measure(files, vm, child?.pid);
        found[mode].push(sample);
        process.stderr.write(`${mode} ${JSON.stringify(sample)}\n`);
        if (child !== undefined) {
          child.stdin?.end();
          await once(child, 'exit');
        }
      }
    }
  } finally {
    await removeHome(home, resources);
    await rm(outside, { recursive: true, force: true });
  }
  report();
}

function report(): void {
  const own = (sample: Found): Sample =>
    Object.entries(sample)
      .filter(([part]) => part !== 'vm')
      .reduce((sum, [, { cpu, wakeups }]) => ({ cpu: sum.cpu + cpu, wakeups: sum.wakeups + wakeups }), { cpu: 0, wakeups: 0 });
  const of = (name: string, samples: readonly (Sample | undefined)[]): (string | number)[] => {
    const there = samples.filter((sample) => sample !== undefined);
    const cpu = summarise(there.map((sample) => sample.cpu * 100));
    return [name, cpu.median, cpu.min, cpu.max, summarise(there.map(({ wakeups }) => wakeups)).median, String(cpu.n)];
  };
  const qemu = { alone: found.alone.map(({ vm }) => vm), berth: found.berth.map(({ vm }) => vm) };
  const median = (samples: readonly (Sample | undefined)[]): number =>
    summarise(samples.map((sample) => (sample?.cpu ?? Number.NaN) * 100)).median;
  print(
    'idle',
    [
      [`over ${SECONDS} s, % of a core`, 'median', 'min', 'max', 'wakeups/s', 'n'],
      of('Berth’s own processes', found.berth.map(own)),
      of(
        '  backend',
        found.berth.map(({ backend }) => backend),
      ),
      of(
        '  shares',
        found.berth.map(({ shares }) => shares),
      ),
      of('QEMU with Berth', qemu.berth),
      of('QEMU, the same guest alone', qemu.alone),
      ['ratios', 'found', 'at most', '', '', ''],
      ['  own processes, % of a core', median(found.berth.map(own)), 0.5, '', '', ''],
      ['  QEMU: Berth / alone', median(qemu.berth) / median(qemu.alone), 1.1, '', '', ''],
    ],
    { found },
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
