// What the driver does with processes that an earlier backend left, or that a start of its own leaves: QEMU and passt are scripts here.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureFolder } from '../../lib/atomic-file';
import { homeFiles } from '../../lib/home';
import type { HomeFiles } from '../../lib/home';
import { silentLogger } from '../../lib/logger';
import { identify } from '../../lib/process';
import type { VmDriver } from '../driver';
import { createQemuDriver } from './driver';
import { writeVmState } from './state-file';

const FAKE = join(import.meta.dirname, '../../../test/fakes/qemu.mjs');
const accelerator = { name: 'tcg', works: true, reason: { key: 'proved', params: {} }, seconds: 1, remembered: true } as const;

let root: string;
let files: HomeFiles;
let qemu: ChildProcess | undefined;
let driver: VmDriver;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-driver-'));
  files = homeFiles(root, join(root, 'run'));
  const bin = join(root, 'bundle/bin');
  await Promise.all([files.logs.folder, files.run.folder, files.state.folder, bin].map(ensureFolder));
  // Daemonises as passt does; with a file `taken` beside it the port is taken, once.
  await writeFile(
    join(bin, 'passt'),
    `#!/bin/sh
rm ${root}/taken 2>/dev/null && { echo 'Failed to bind port 1' >&2; exit 1; }
until [ "$1" = --pid ]; do shift; done
sleep 60 >/dev/null 2>&1 &
echo $! >"$2"
`,
  );
  await chmod(join(bin, 'passt'), 0o755);
  driver = createQemuDriver({ files, resources: { bundle: join(root, 'bundle'), guest: join(root, 'guest') }, log: silentLogger });
});
afterEach(async () => {
  qemu?.kill('SIGKILL');
  qemu = undefined;
  const pid = await passtPid();
  if (pid > 0 && (await runs(pid))) {
    process.kill(pid, 'SIGKILL');
  }
  await rm(root, { recursive: true });
});

const passtPid = async (): Promise<number> => Number(await readFile(join(files.run.folder, 'net.pid'), 'utf8').catch(() => '0'));
const runs = async (pid: number): Promise<boolean> => (await identify(pid)) !== undefined;

/** A VM with passt as an earlier backend left it. */
async function leave(scenario: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [FAKE, scenario, files.run.qmp], { stdio: 'ignore' });
  qemu = child;
  const identity = await identify(child.pid ?? 0);
  if (identity === undefined) {
    throw new Error('it ended at once');
  }
  const machine = { cpus: 1, memoryBytes: 2 ** 28, startedAt: 1, sharing: false, network: { backend: 'passt' as const }, accelerator };
  await writeVmState(files.state.vm, { format: 1, ...identity, ...machine, sshPort: 1 });
  return child;
}

test.runIf(process.platform === 'linux')(
  'a VM that answers is taken over although its passt is gone and its port is taken at first',
  async () => {
    const { pid } = await leave('silent');
    await writeFile(join(root, 'taken'), '');
    const running = await driver.adopt();
    expect(running?.pid).toBe(pid);
    expect(await Promise.all([runs(pid ?? 0), runs(await passtPid())])).toEqual([true, true]);
    running?.detach();
  },
);

test('one in which no guest has run yet is ended', async () => {
  const child = await leave('prelaunch');
  expect(await driver.adopt()).toBeUndefined();
  await vi.waitFor(() => expect(child.signalCode).toBe('SIGKILL'));
});

test.runIf(process.platform === 'linux')('a start that fails before QEMU leaves no passt', async () => {
  let pid = 0;
  const guest = { config: '', authorizedKey: '', hostKey: '', daemonJson: '', authorities: '', registryCertificates: '', shares: '' };
  const spec = { cpus: 1, memoryBytes: 2 ** 28, accelerator, guest, hostAccess: 'none' as const, shares: [] };
  // The guest, whose manifest is read for the command line, is not there.
  const start = driver.start(spec, AbortSignal.timeout(10_000)).finally(async () => (pid = await passtPid()));
  await expect(start).rejects.toThrow();
  expect(pid).toBeGreaterThan(0);
  await vi.waitFor(async () => expect(await runs(pid)).toBe(false));
});
