// Memory back with the host after a container: 1 GiB that a program had, and 1 GiB of cache of a file that it wrote and that stays. In turns on one
// VM: the guest alone, which is free-page reporting and nothing else, and with Berth's reclaim loop.
// npm run bench -- memory [rounds]
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCounters } from '../main/cost/counters';
import { locateResources } from '../main/vm/resources';
import { ensureTestImage, TEST_IMAGE } from '../test/vm/images';
import { makeHome } from '../test/vm/open-vm';
import { openSession } from './by-hand';
import { openBackend, removeHome } from './open-backend';
import { print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 2);
const SECONDS = 60;
const MIB = 2 ** 20;
const SIZE = 1024 * MIB;

const cases = {
  program: ['run --name bench --network none --shm-size 1100m', 'dd if=/dev/zero of=/dev/shm/x bs=1M count=1024'],
  cache: ['run --name bench --network none', 'dd if=/dev/zero of=/x bs=1M count=1024'],
} as const;
type Case = keyof typeof cases;
const modes = ['alone', 'berth'] as const;

interface Found {
  /** Of 1 GiB, after a minute. */
  readonly back: number;
  /** To four fifths; missing where it was not reached. */
  readonly seconds?: number;
}
const found: Record<Case, Record<(typeof modes)[number], Found[]>> = {
  program: { alone: [], berth: [] },
  cache: { alone: [], berth: [] },
};

async function given(pid: number): Promise<number> {
  return (await readCounters([pid])).get(pid)?.memory?.sharedBytes ?? Number.NaN;
}

async function measure(
  pid: number,
  run: (command: string) => Promise<unknown>,
  [options, command]: readonly [string, string],
): Promise<Found> {
  const ran = run(`docker ${options} ${TEST_IMAGE} ${command}`);
  let over = false;
  void ran.then(() => (over = true));
  let most = await given(pid);
  while (!over) {
    await sleep(100);
    most = Math.max(most, await given(pid));
  }
  await ran;
  const end = performance.now();
  let seconds: number | undefined;
  let back = 0;
  while (performance.now() - end < SECONDS * 1000) {
    await sleep(500);
    back = (most - (await given(pid))) / SIZE;
    seconds ??= back >= 0.8 ? (performance.now() - end) / 1000 : undefined;
  }
  await run('docker rm bench');
  // What the removal frees is no part of the next one.
  await sleep(10_000);
  return { back, ...(seconds === undefined ? {} : { seconds }) };
}

async function main(): Promise<void> {
  const home = await makeHome('berth-b-');
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  try {
    const first = await openBackend(home, resources);
    await ensureTestImage({ dockerHost: first.dockerHost, resources });
    const pid = first.backend.vm.status.get().pid ?? 0;
    const session = await openSession({ pid, files: first.files }, join(home, 'session.sock'));
    await first.close({ keepVm: true });
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const mode of round % 2 === 0 ? modes : modes.toReversed()) {
        const box = mode === 'berth' ? await openBackend(home, resources) : undefined;
        await sleep(20_000);
        for (const name of Object.keys(cases) as Case[]) {
          const result = await measure(pid, session.run, cases[name]);
          found[name][mode].push(result);
          process.stderr.write(`${mode} ${name} ${JSON.stringify(result)}\n`);
        }
        await box?.close({ keepVm: true });
      }
    }
    await session.close();
  } finally {
    await removeHome(home, resources);
  }
  report();
}

function report(): void {
  const rows = (Object.keys(cases) as Case[]).flatMap((name) =>
    modes.map((mode) => {
      const results = found[name][mode];
      const { median, min, n } = summarise(results.map(({ back }) => back));
      const reached = results.flatMap(({ seconds }) => seconds ?? []);
      return [`${name}, ${mode}`, median, min, reached.length === 0 ? '–' : summarise(reached).median, String(n)];
    }),
  );
  print('memory', [['of 1 GiB back after 60 s', 'median', 'min', 's to 0.8', 'n'], ...rows, ['goal with Berth', 0.8, '', SECONDS, '']], {
    found,
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
