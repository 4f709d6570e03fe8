// The command line, end to end on a real VM, and its backend killed in the middle: containers run on, the next start takes the VM over.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identify } from '../../main/lib/process';
import { startProcesses } from '../fakes/backend-processes';
import type { Processes } from '../fakes/backend-processes';
import { ensureTestImage, TEST_IMAGE } from '../vm/images';
import { docker } from '../vm/harness';
import { TEST_MEMORY, testResources } from '../vm/open-vm';
import type { OpenVm } from '../vm/open-vm';

let p: Processes;
let box: Pick<OpenVm, 'dockerHost' | 'resources'>;

beforeAll(async () => {
  const resources = await testResources();
  p = await startProcesses({ resources });
  mkdirSync(p.home, { mode: 0o700 });
  writeFileSync(join(p.home, 'settings.json'), JSON.stringify({ format: 1, vm: { memoryBytes: TEST_MEMORY } }));
  const started = await p.berth('start');
  expect(started.stderr).toContain('The engine answers');
  const { stdout } = await p.berth('env', '--shell', 'sh');
  const dockerHost = /^export DOCKER_HOST=(\S+)$/m.exec(stdout)?.[1] ?? '';
  box = { dockerHost, resources };
});
afterAll(() => p.dispose());

interface Status {
  readonly state: string;
  readonly vm: { readonly pid: number };
  readonly boot: { readonly kind: string; readonly seconds: number };
}

async function status(): Promise<Status> {
  return JSON.parse((await p.berth('status', '--json')).stdout) as Status;
}

test('start leads to an engine that docker of the host uses with what env prints', async () => {
  expect(await status()).toMatchObject({
    state: 'running',
    boot: { kind: 'cold' },
    engine: { apiVersion: expect.stringMatching(/^1\./) as string },
  });
  expect(await docker(box, ['ps', '-q'])).toBe('');
  const doctor = await p.berth('doctor');
  expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringMatching(/Data disk: .*\n(.*\n)*.*Engine: Docker/) as string]);
  expect((await p.berth('logs', '--source', 'dockerd', '--lines', '20')).stdout).not.toBe('');
});

test('a killed backend stops no container, and the next start takes its VM over', async () => {
  await ensureTestImage(box);
  await docker(box, ['run', '-d', '--name', 'stays', TEST_IMAGE, 'sleep', '100000']);
  const started = await docker(box, ['inspect', '-f', '{{.State.StartedAt}} {{.RestartCount}}', 'stays']);
  const before = await status();

  process.kill(p.owner(), 'SIGKILL');
  expect((await p.berth('status')).code).toBe(3);
  await expect(docker(box, ['ps'])).rejects.toThrow(/docker daemon|connect/i);
  expect(await identify(before.vm.pid)).toBeDefined();

  const again = await p.berth('start');
  expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/still running|running already/) as string]);
  const after = await status();
  expect(after).toMatchObject({ state: 'running', vm: { pid: before.vm.pid }, boot: { kind: 'adopt' } });
  expect(await docker(box, ['inspect', '-f', '{{.State.StartedAt}} {{.RestartCount}}', 'stays'])).toBe(started);
});

test('stop leaves no process and no socket, and keeps what was made', async () => {
  const { vm } = await status();
  expect((await p.berth('stop')).code).toBe(0);
  expect(await identify(vm.pid)).toBeUndefined();
  expect(readdirSync(join(p.home, 'run'))).toEqual([]);
  expect((await p.berth('start')).code).toBe(0);
  expect(await docker(box, ['ps', '-aq', '--filter', 'name=stays'])).toMatch(/^[0-9a-f]{12}/);
  expect((await p.berth('stop')).code).toBe(0);
});
