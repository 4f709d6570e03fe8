// Mirrors on the real VM, with real registries of the host's loopback behind fronts that are slow as they are told: a test of ten at once against the
// slowest of them alone; and a pull through Berth's socket against the same pull inside the guest.
// npm run bench -- mirrors [rounds] [test|pull]
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { locateResources } from '../main/vm/resources';
import { runDocker } from '../test/vm/cli';
import { docker } from '../test/vm/harness';
import { makeHome } from '../test/vm/open-vm';
import { makeCertificates } from '../test/lab/certificates';
import { useHub } from '../test/lab/hub';
import { startProxy, type LabProxy } from '../test/lab/proxy';
import { startOrigin } from '../test/lab/registry';
import { openSession, timed } from './by-hand';
import { openBackend, type OpenBackend } from './open-backend';
import { print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 3);
const ONLY = process.argv[3];
/** Before each answer of the mirrors, ms: from one nearby to one that is slow and works. */
const DELAYS = [20, 40, 80, 150, 250, 400, 600, 800, 1000, 1500] as const;
const IMAGE = 'berth-bench/large:1';
const IMAGE_BYTES = 16 * 2 ** 20;

const found = { ten: [] as number[], slowest: [] as number[], socket: [] as number[], guest: [] as number[] };

async function main(): Promise<void> {
  const home = await makeHome('berth-b-');
  const lab = await makeHome('berth-l-');
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  const certificates = await makeCertificates(lab);
  const origin = await startOrigin();
  const proxies: LabProxy[] = [];
  let box: OpenBackend | undefined;
  try {
    await origin.push('library/busybox', 'latest', { extraBytes: 2 ** 20 });
    await origin.push('berth-bench/large', '1', { extraBytes: IMAGE_BYTES });
    for (const delayMs of [0, ...DELAYS]) {
      proxies.push(await startProxy(origin, { certificates, delayMs }));
    }
    box = await openBackend(home, resources);
    const open = box;
    const [hub, ...mirrors] = proxies;
    await useHub(
      {
        exec: (command) => open.backend.vm.exec(command),
        // By the backend, which knows then that dockerd ends on purpose.
        agent: () => open.client.call('vm.restart', { engineOnly: true }),
        docker: (...args) => docker(open, args),
      },
      certificates,
      Object.fromEntries([
        ...(hub === undefined ? [] : [['registry-1.docker.io', hub] as const]),
        ...mirrors.map((mirror, index) => [nameOf(index), mirror] as const),
      ]),
    );
    for (let round = 0; round <= ROUNDS; round += 1) {
      if (ONLY !== 'pull') {
        await tests(box, round);
      }
      if (ONLY !== 'test') {
        await pulls(box, home, round);
      }
      process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    }
  } finally {
    await box?.close({ keepVm: false });
    for (const proxy of proxies) {
      await proxy.close();
    }
    await origin.close();
    await rm(home, { recursive: true, force: true });
    await rm(lab, { recursive: true, force: true });
  }
  report();
}

function nameOf(index: number): string {
  return `mirror-${index}.berth.test`;
}

async function tests({ client }: OpenBackend, round: number): Promise<void> {
  const urls = DELAYS.map((_, index) => `https://${nameOf(index)}`);
  const test = async (wanted: readonly string[]): Promise<number> => {
    const failed: string[] = [];
    const seconds = await timed(async () => {
      for await (const item of client.stream('mirrors.test', { urls: [...wanted] })) {
        if (item.kind === 'result' && !['works', 'slow'].includes(item.test.verdict)) {
          failed.push(JSON.stringify(item));
        }
      }
    });
    if (failed.length > 0) {
      throw new Error(`not all mirrors work: ${failed.join(' ')}`);
    }
    return seconds;
  };
  const slowest = await test(urls.slice(-1));
  const ten = await test(urls);
  // Round 0 warms up both.
  if (round > 0) {
    found.ten.push(ten);
    found.slowest.push(slowest);
  }
}

async function pulls(box: OpenBackend, home: string, round: number): Promise<void> {
  const session = await openSession({ pid: box.backend.vm.status.get().pid, files: box.files }, join(home, `p${round}.sock`));
  const remove = (): Promise<unknown> => runDocker(box, ['image', 'rm', '--force', IMAGE]);
  const sides = {
    guest: () => session.run(`docker pull --quiet ${IMAGE}`),
    socket: () => docker(box, ['pull', '--quiet', IMAGE]),
  };
  // Now one goes first, now the other: the machine is not the same all the time.
  for (const side of round % 2 === 0 ? (['guest', 'socket'] as const) : (['socket', 'guest'] as const)) {
    await remove();
    const seconds = await timed(sides[side]);
    if (round > 0) {
      found[side].push(seconds);
    }
  }
  await remove();
  await session.close();
}

function report(): void {
  const row = (name: string, values: readonly number[]): (string | number)[] => {
    const { median, min, max, n } = summarise(values);
    return [`  ${name}`, median, min, max, String(n)];
  };
  const median = (values: readonly number[]): number => summarise(values).median;
  const ratios = {
    'ten / slowest': median(found.ten) / median(found.slowest),
    'pull: guest / socket': median(found.guest) / median(found.socket),
  };
  print(
    'mirrors',
    [
      ['test of mirrors, s', 'median', 'min', 'max', 'n'],
      row('ten at once', found.ten),
      row('the slowest of them alone', found.slowest),
      [`pull of ${IMAGE_BYTES / 2 ** 20} MiB, s`, '', '', '', ''],
      row("Berth's socket", found.socket),
      row('inside the guest, over ssh', found.guest),
      ['ratios', 'found', 'floor', '', ''],
      ['  ten / slowest', ratios['ten / slowest'], 'at most 1.1', '', ''],
      ['  pull: guest / socket', ratios['pull: guest / socket'], 'at least 0.9', '', ''],
    ],
    { ...found, delays: DELAYS, ratios },
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
