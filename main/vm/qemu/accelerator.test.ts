import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AcceleratorName } from '../../../preload/contract';
import { sleep } from '../../lib/async';
import { silentLogger } from '../../lib/logger';
import { createAccelerators } from './accelerator';
import type { Accelerators } from './accelerator';
import type { Evidence } from './verdicts';

let folder: string;
let probed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-acc-'));
  probed = [];
});
afterEach(() => rm(folder, { recursive: true }));

const signal = AbortSignal.timeout(60_000);

function make(
  outcomes: Partial<Record<AcceleratorName, Evidence['outcome']>>,
  change: { bundle?: string; device?: string; platform?: NodeJS.Platform } = {},
): Accelerators {
  return createAccelerators({
    statePath: join(folder, 'accelerators.json'),
    made: () => Promise.resolve({ guest: 'guest-1', bundle: change.bundle ?? 'bundle-1' }),
    log: silentLogger,
    platform: change.platform ?? 'linux',
    device: change.device ?? join(folder, 'kvm'),
    probe(name) {
      probed.push(name);
      return Promise.resolve({ outcome: outcomes[name] ?? 'ok', stderr: '', serial: '', seconds: 2 });
    },
  });
}

test('proved once, then remembered, over a restart of the backend too', async () => {
  await writeFile(join(folder, 'kvm'), '');
  const first = await make({ kvm: 'internal-error' }).verdicts(signal);
  expect(first.find(({ name }) => name === 'kvm')).toMatchObject({
    works: false,
    reason: { key: 'internalError' },
    seconds: 2,
    remembered: false,
  });
  expect(probed.sort()).toEqual(['kvm', 'tcg']);
  const second = await make({}).verdicts(signal);
  expect(probed).toHaveLength(2);
  expect(second.find(({ name }) => name === 'kvm')).toMatchObject({ works: false, reason: { key: 'internalError' }, remembered: true });
  expect(second.find(({ name }) => name === 'tcg')).toMatchObject({ works: true, remembered: true });
});

test('another QEMU, or other rights of the device, are proved again', async () => {
  await writeFile(join(folder, 'kvm'), '');
  await make({}).verdicts(signal);
  await make({}, { bundle: 'bundle-2' }).verdicts(signal);
  expect(probed).toHaveLength(4);
  await chmod(join(folder, 'kvm'), 0o640);
  await make({}, { bundle: 'bundle-2' }).verdicts(signal);
  expect(probed).toHaveLength(6);
});

test('a missing device is seen without a boot, and not remembered', async () => {
  const verdicts = await make({}).verdicts(signal);
  expect(verdicts.find(({ name }) => name === 'kvm')).toMatchObject({ works: false, reason: { key: 'missing' } });
  expect(probed).toEqual(['tcg']);
  expect(await readFile(join(folder, 'accelerators.json'), 'utf8')).not.toContain('kvm');
});

test('those of other systems are named as such', async () => {
  const verdicts = await make({}, { platform: 'darwin' }).verdicts(signal);
  expect(verdicts.map(({ name, reason }) => `${name} ${reason.key}`)).toEqual([
    'kvm otherSystem',
    'hvf proved',
    'whpx otherSystem',
    'tcg software',
  ]);
});

test('a file cut short is as none', async () => {
  await writeFile(join(folder, 'accelerators.json'), '{"key":"x","verd');
  expect((await make({}).verdicts(signal)).find(({ name }) => name === 'tcg')?.works).toBe(true);
});

test('callers at once share the proofs', async () => {
  await writeFile(join(folder, 'kvm'), '');
  const accelerators = make({});
  await Promise.all([accelerators.verdicts(signal), accelerators.verdicts(signal)]);
  expect(probed).toHaveLength(2);
});

test('whoever goes takes no proof from another; with the last one the proofs end, and the next one has them anew', async () => {
  const ended: unknown[] = [];
  const accelerators = createAccelerators({
    statePath: join(folder, 'accelerators.json'),
    made: () => Promise.resolve({ guest: 'guest-1', bundle: 'bundle-1' }),
    log: silentLogger,
    platform: 'linux',
    device: join(folder, 'kvm'),
    async probe(name, end) {
      probed.push(name);
      await sleep(probed.length === 2 ? 0 : 60_000, end).catch((error: unknown) => {
        ended.push(error);
        throw error;
      });
      return { outcome: 'ok', stderr: '', serial: '', seconds: 2 };
    },
  });
  const [panel, start] = [new AbortController(), new AbortController()];
  const opened = expect(accelerators.verdicts(panel.signal)).rejects.toThrow('closed');
  const started = expect(accelerators.verdicts(start.signal)).rejects.toThrow('cancelled');
  await vi.waitFor(() => expect(probed).toEqual(['tcg']));
  panel.abort(new Error('closed'));
  await opened;
  expect(ended).toEqual([]);
  start.abort(new Error('cancelled'));
  await started;
  expect((await accelerators.verdicts(signal)).find(({ name }) => name === 'tcg')).toMatchObject({ works: true, remembered: false });
  expect([probed, ended.length]).toEqual([['tcg', 'tcg'], 1]);
});
