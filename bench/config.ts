// A change of the engine's configuration by Berth against the same by hand, on one VM, in turns: a mirror applied live against `kill -HUP` and
// `docker info` over an ssh connection that is open already; a change that restarts dockerd against a plain restart and `docker info`, asked while no backend runs, because an open stream
// of events would delay dockerd's end by 5 s.
// npm run bench -- config [rounds] [live|restart]
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { first } from '../main/cli/kit';
import { locateResources } from '../main/vm/resources';
import type { Resources } from '../main/vm/resources';
import type { Task } from '../preload/contract';
import { engineGet, makeHome, openVm } from '../test/vm/open-vm';
import { openSession, timed } from './by-hand';
import { openBackend, removeHome, type OpenBackend } from './open-backend';
import { print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 5);
const ONLY = process.argv[3];
const BY_HAND = 'kill -HUP $(pidof dockerd) && docker info >/dev/null';
/** A key that only a restart takes in, and that harms nothing. */
const RESTARTS = 'log-level';

const found = {
  live: { berth: [] as number[], 'by hand': [] as number[] },
  restart: { berth: [] as number[], plain: [] as number[] },
};
const steps: Record<string, Task['steps']> = {};

async function live(box: OpenBackend, home: string, round: number): Promise<void> {
  const { client, files, backend } = box;
  const way = { pid: backend.vm.status.get().pid, files };
  const session = await openSession(way, join(home, `s${round}.sock`));
  await session.run('docker info >/dev/null');
  const kept = await timed(() => session.run(BY_HAND));
  const { revision } = await first(client, 'mirrors.changes', {});
  let task: Task | undefined;
  const berth = await timed(async () => {
    const mirrors = [{ url: `https://mirror-${round}.example.com` }];
    task = await box.finish((await client.call('mirrors.apply', { mirrors, revision, origin: 'form' })).task);
  });
  await session.close();
  const { inForce } = await first(client, 'mirrors.changes', {});
  if (inForce?.urls.join() !== `https://mirror-${round}.example.com`) {
    throw new Error(`not in force: ${JSON.stringify(inForce)}`);
  }
  if (round > 0) {
    found.live.berth.push(berth);
    found.live['by hand'].push(kept);
    steps['live'] = task?.steps;
  }
}

async function restartByBerth({ client, finish }: OpenBackend, round: number): Promise<void> {
  const { text, revision } = await first(client, 'config.changes', {});
  const next = `${JSON.stringify({ ...(JSON.parse(text) as object), [RESTARTS]: round % 2 === 0 ? 'warn' : 'info' })}\n`;
  let task: Task | undefined;
  const accept = { warnings: true, disruptive: false };
  const seconds = await timed(async () => {
    task = await finish((await client.call('config.apply', { text: next, revision, origin: 'form', accept })).task);
  });
  if (round > 0) {
    found.restart.berth.push(seconds);
    steps['restart'] = task?.steps;
  }
}

async function plainRestart(home: string, resources: Resources, round: number): Promise<void> {
  const box = await openVm(home, { resources });
  await box.vm.adopt();
  const seconds = await timed(async () => {
    await box.vm.agent.call('restart', { service: 'dockerd' });
    for (;;) {
      const answer = await engineGet(box.files.run.docker, '/info').catch(() => undefined);
      if (answer?.status === 200) {
        return;
      }
      await sleep(20);
    }
  });
  if (round > 0) {
    found.restart.plain.push(seconds);
  }
  await box.close({ keepVm: true });
}

async function main(): Promise<void> {
  const home = await makeHome('berth-b-');
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  try {
    // Round 0 warms up all sides.
    for (let round = 0; round <= ROUNDS; round += 1) {
      // Now one goes first, now the other: the machine is not the same all the time.
      for (const side of round % 2 === 0 ? (['berth', 'plain'] as const) : (['plain', 'berth'] as const)) {
        if (side === 'plain') {
          await (ONLY === 'live' ? undefined : plainRestart(home, resources, round));
          continue;
        }
        const box = await openBackend(home, resources);
        if (ONLY !== 'restart') {
          await live(box, home, round);
        }
        if (ONLY !== 'live') {
          await restartByBerth(box, round);
        }
        await box.close({ keepVm: true });
      }
      process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    }
  } finally {
    await removeHome(home, resources);
  }
  report();
}

function report(): void {
  const median = (values: readonly number[]): number => summarise(values).median;
  const rows = (title: string, sides: Readonly<Record<string, readonly number[]>>): (string | number)[][] => [
    [title, 'median', 'min', 'max', 'n'],
    ...Object.entries(sides).map(([name, values]) => {
      const summary = summarise(values);
      return [`  ${name}`, summary.median, summary.min, summary.max, String(summary.n)];
    }),
  ];
  const ratios = {
    'live: berth - by hand, s': median(found.live.berth) - median(found.live['by hand']),
    'restart: berth / plain': median(found.restart.berth) / median(found.restart.plain),
  };
  const stepRows = Object.entries(steps).flatMap(([kind, list]) => [
    [`steps of the last ${kind}, s`, '', '', '', ''],
    ...(list ?? []).map(({ name, state, seconds }) => [`  ${name}`, seconds ?? state, '', '', '']),
  ]);
  print(
    'config',
    [
      ...rows('a mirror applied live, s', found.live),
      ...rows('a change that restarts dockerd, s', found.restart),
      ['ratios', 'found', 'at most', '', ''],
      ...Object.entries(ratios).map(([name, value]) => [`  ${name}`, value, name.startsWith('live') ? 1 : 1.2, '', '']),
      ...stepRows,
    ],
    { ...found, ratios, steps },
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
