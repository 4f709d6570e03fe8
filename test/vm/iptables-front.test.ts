// The front of iptables (vm/guest/front.c): after a start with it the kernel has the very rules that dockerd makes without it.
// A VM of its own, because it is about cold starts of one data disk: the first one; one that finds networks, published ports and Swarm; the same without the front.
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker } from './harness';
import { ensureTestImage, TEST_IMAGE } from './images';
import { engineGet, makeHome, openVm } from './open-vm';
import type { OpenVm } from './open-vm';

/** Swarm and live-restore exclude each other. */
const daemonJson = JSON.stringify({ 'live-restore': false });
const TABLES = ['filter', 'nat', 'raw', 'mangle'];
const RUNNING = ['front-default', 'front-swarm', 'front-user'];

let home: string;
let box: OpenVm;

async function boot(iptablesFront: boolean): Promise<void> {
  box = await openVm(home, { guestFiles: { daemonJson, iptablesFront } });
  await box.vm.start();
}

async function run(command: string): Promise<string> {
  const { stdout, stderr, code } = await box.vm.exec(command);
  expect(code, `${command}: ${stderr}`).toBe(0);
  return stdout;
}

const DUMP = `ls /sys/class/net; for name in iptables ip6tables; do for table in ${TABLES.join(' ')}; do echo "@$name $table"; $name-save -t $table; done; done`;

/**
 * For each bridge every table's chains with their rules, counters apart. A line of that bridge or of none: dockerd sets networks and containers up
 * beside one another. One command, because each costs an emulated processor more than all that it reads.
 */
async function rules(): Promise<Record<string, unknown>> {
  const [devices = '', ...tables] = (await run(DUMP)).split(/^@/m);
  const bridges = devices.split('\n').filter((name) => /^(docker|br-)/.test(name));
  return Object.fromEntries(bridges.toSorted().map((bridge) => [bridge, rulesOf(bridge, tables)]));
}

function rulesOf(bridge: string, tables: readonly string[]): Record<string, readonly string[]> {
  const found: Record<string, string[]> = {};
  for (const [title = '', ...lines] of tables.map((table) => table.split('\n'))) {
    for (const line of lines) {
      const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
      if (chain !== undefined) {
        found[`${title} ${chain} ${policy}`] = lines
          .filter((rule) => rule.startsWith(`-A ${chain} `))
          .filter((rule) => (rule.match(/\b(docker0|docker_gwbridge|br-\w+)/g) ?? []).every((other) => other === bridge));
      }
    }
  }
  return found;
}

async function engineAnswers(): Promise<void> {
  const answers = (): Promise<boolean> =>
    engineGet(box.files.run.docker, '/_ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  await expect.poll(answers, { timeout: 60_000, interval: 200 }).toBe(true);
}

/** All containers run, and Swarm's port is published: its rules come after the engine answers. */
async function settled(): Promise<void> {
  const names = async (): Promise<readonly string[]> =>
    (await docker(box, ['ps', '--filter', 'status=running', '--format', '{{.Names}}']))
      .split('\n')
      .flatMap((name) => (name === '' ? [] : [name.split('.')[0] ?? '']))
      .toSorted();
  await expect.poll(names, { timeout: 120_000, interval: 1000 }).toEqual(RUNNING);
  await expect.poll(() => run('iptables-save -t nat'), { timeout: 60_000, interval: 1000 }).toMatch(/DOCKER-INGRESS .*--dport 18090/);
  await sleep(2000);
}

async function restartEngine(): Promise<void> {
  await box.vm.agent.call('restart', { service: 'dockerd' }, { timeoutMs: 120_000 });
  await engineAnswers();
}

/** What init says of the front. */
async function said(): Promise<string> {
  return (await box.vm.agent.call('tail', { service: 'init', lines: 200 })).lines
    .filter((line) => line.includes("dockerd's rules"))
    .join('\n');
}

beforeAll(async () => {
  home = await makeHome('berth-front-');
});

afterAll(async () => {
  await box.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
});

test('the first start: the default bridge, and Berth’s own rules beside it', async () => {
  await boot(true);
  expect(await said()).toMatch(/rules loaded/);
  const loaded = await rules();
  expect(loaded).toHaveProperty(
    ['docker0', 'iptables nat PREROUTING ACCEPT'],
    expect.arrayContaining([expect.stringContaining('10.0.2.53/32')]),
  );
  // Without rules and without its bridge dockerd starts as in a guest that has just booted; its second start has no front.
  await run(
    `for name in iptables ip6tables; do for table in ${TABLES.join(' ')}; do $name -t $table -F; $name -t $table -X; done; done; ip link delete docker0; iptables-restore --noflush /run/berth-dns/rules`,
  );
  await restartEngine();
  expect(loaded).toEqual(await rules());
});

test('a start that finds networks, published ports and Swarm, and a restart of dockerd after it', async () => {
  await ensureTestImage(box);
  await docker(box, ['swarm', 'init', '--advertise-addr', '10.0.2.15']);
  await docker(box, ['network', 'create', '--ipv6', '--subnet', 'fd00:53::/64', 'front-user']);
  const start = (name: string, ...options: readonly string[]): Promise<string> =>
    docker(box, ['run', '-d', '--init', '--restart=always', '--name', name, ...options, TEST_IMAGE, 'sleep', '100000']);
  await start('front-default', '-p', '18080:80');
  await start('front-user', '--network', 'front-user', '-p', '18081:80', '-p', '18081:81/udp');
  await docker(box, [
    'service',
    'create',
    '--detach',
    '--init',
    '--stop-grace-period',
    '1s',
    '--name',
    'front-swarm',
    '-p',
    '18090:80',
    TEST_IMAGE,
    'sleep',
    '100000',
  ]);
  await settled();
  const seen: Record<string, unknown>[] = [];
  for (const front of [true, false]) {
    await box.close({ keepVm: false });
    await boot(front);
    await settled();
    expect(await said()).toMatch(front ? /rules loaded/ : /^$/);
    const started = await rules();
    await restartEngine();
    await settled();
    seen.push({ started, restarted: await rules() });
  }
  expect(Object.keys(seen[0]?.['started'] ?? {})).toHaveLength(3);
  expect(seen[0]).toEqual(seen[1]);
}, 900_000);
