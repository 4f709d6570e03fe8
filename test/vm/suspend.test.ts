// A VM that is suspended and goes on, as the whole backend does it: containers, clock, ports, shared folders, what was configured meanwhile, and the
// next backend. What happens when a step of it breaks is test/faults/faults/suspend.ts.
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { freePort } from '../../main/vm/qemu/launch';
import { runDocker } from './cli';
import { ensureTestImage, TEST_IMAGE, TEST_PAGE } from './images';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';

const PATIENCE = { timeout: 60_000, interval: 200 };
const home = inject('vmHome');
let box: OpenBackend;
let root: string;
let kept: string;
let lost: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp('/tmp/berth-suspend-'));
  [kept, lost] = [join(root, 'kept'), join(root, 'lost')];
  await Promise.all([mkdir(kept), mkdir(lost)]);
  await writeFile(join(home, 'settings.json'), JSON.stringify({ format: 1, shares: { folders: [] }, ports: { tcp: 'hostfwd' } }));
  box = await openBackend(home);
  expect(await box.backend.adopted).toBe(true);
  await ensureTestImage(box);
  for (const path of [kept, lost]) {
    await box.handlers['shares.add']({ path, readOnly: false }, quiet);
  }
});
afterAll(async () => {
  await runDocker(box, ['rm', '-f', 'suspend-web', 'suspend-work', 'suspend-lost']);
  for (const path of [kept, lost]) {
    await box.handlers['shares.remove']({ path, force: true }, quiet);
  }
  await box.close({ keepVm: true });
  await Promise.all([rm(join(home, 'settings.json')), rm(root, { recursive: true })]);
});

async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runDocker(box, args);
  if (code !== 0) {
    throw new Error(stderr);
  }
  return stdout;
}
const status = () => box.backend.vm.status.get();
const started = (): Promise<string> =>
  docker('inspect', '--format', '{{.State.StartedAt}} {{.State.Pid}} {{.RestartCount}}', 'suspend-web', 'suspend-work');
/** The document as it was. */
async function configure(edit: (document: Readonly<Record<string, unknown>>) => object): Promise<Readonly<Record<string, unknown>>> {
  const { text, revision } = await box.first((context) => box.handlers['config.changes']({}, context));
  const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const accept = { warnings: true, disruptive: false };
  const { task } = await box.handlers['config.apply']({ text: JSON.stringify(edit(document)), revision, origin: 'editor', accept }, quiet);
  expect((await box.ended(task)).state).toBe('done');
  return document;
}
const lines = async (): Promise<number> => (await readFile(join(kept, 'log'), 'utf8')).trim().split('\n').length;
const inGuest = async (command: string): Promise<string> => (await box.backend.vm.exec(command)).stdout;

test('containers go on where they were: time, sessions, ports, open files, what was configured meanwhile', async () => {
  const port = await freePort();
  await docker('run', '-d', '--name', 'suspend-web', '-p', `${port}:80`, TEST_IMAGE, 'httpd', '-f', '-p', '80', '-h', '/www');
  const count = 'exec 3>>/work/log; i=0; while :; do echo $((i+=1)) >&3; sleep 0.2; done';
  await docker('run', '-d', '--name', 'suspend-work', '-v', `${kept}:/work`, TEST_IMAGE, 'sh', '-c', count);
  await vi.waitFor(async () => expect(await lines()).toBeGreaterThan(2), PATIENCE);
  const origin = await started();
  const sessions = await inGuest('pgrep -c sshd-session');
  const entropy = 'cat /proc/sys/kernel/random/boot_id';
  const bootId = await inGuest(entropy);

  await box.handlers['vm.stop']({ shutdown: false }, quiet);
  expect(status()).toMatchObject({ state: 'suspended', suspended: { by: 'user' } });
  expect(status().pid).toBeUndefined();
  expect(await readdir(box.files.suspend.folder)).toEqual(['devices', 'memory', 'record.json']);
  const frozen = await lines();
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  // Another backend finds it so; the configuration is changed while nobody runs.
  await box.close({ keepVm: false });
  box = await openBackend(home);
  expect(status().state).toBe('suspended');
  const { debug: _, ...plain } = await configure((document) => ({ ...document, debug: true }));
  expect(await lines()).toBe(frozen);

  await box.handlers['vm.start']({}, quiet);
  expect(status()).toMatchObject({ state: 'running', boot: { kind: 'resume' } });
  expect(status().suspended).toBeUndefined();
  expect(await readdir(box.files.suspend.folder)).toEqual([]);
  expect(await started()).toBe(origin);
  expect(await inGuest(entropy)).toBe(bootId);
  const asked = Date.now();
  const { clockMs } = await box.backend.vm.agent.call('status', {});
  // The answer's time lies between the question and now.
  expect(clockMs).toBeGreaterThan(asked - 100);
  expect(clockMs).toBeLessThan(Date.now() + 100);
  await vi.waitFor(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(TEST_PAGE), PATIENCE);
  await vi.waitFor(async () => expect(await lines()).toBeGreaterThan(frozen), PATIENCE);
  await vi.waitFor(async () => expect(Number(await inGuest('pgrep -c sshd-session'))).toBeLessThanOrEqual(Number(sessions)), PATIENCE);
  await vi.waitFor(async () => expect((await docker('info', '--format', '{{.Debug}}')).trim()).toBe('true'), PATIENCE);
  await docker('rm', '-f', 'suspend-web');
  await configure(() => plain);
});

test('a share whose folder went away meanwhile gives errors, and comes back; the others go on', async () => {
  await docker('run', '-d', '--name', 'suspend-lost', '-v', `${lost}:/lost`, TEST_IMAGE, 'sleep', '1000000');
  await box.handlers['vm.stop']({ shutdown: false }, quiet);
  const frozen = await lines();
  await rename(lost, `${lost}.away`);
  await box.handlers['vm.start']({}, quiet);
  expect(status().boot?.kind).toBe('resume');
  await vi.waitFor(async () => expect(await lines()).toBeGreaterThan(frozen), PATIENCE);
  const write = ['exec', 'suspend-lost', 'sh', '-c', 'echo words > /lost/x'];
  expect((await runDocker(box, write)).code).not.toBe(0);
  await rename(`${lost}.away`, lost);
  const shares = async () => (await box.first((context) => box.handlers['shares.changes']({}, context))).shares;
  await vi.waitFor(async () => expect((await shares()).find(({ path }) => path === lost)?.state).toBe('mounted'), PATIENCE);
  await docker('restart', '-t', '0', 'suspend-lost');
  await docker(...write);
  expect(await readdir(lost)).toEqual(['x']);
});
