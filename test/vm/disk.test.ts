// The disk on a real engine: what is given back in bytes of this computer, what a prune takes and what it never takes, growing, and a full guest.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import type { DiskLedger, Task } from '../../preload/contract';
import { docker } from './harness';
import { ensureTestImage, TEST_IMAGE } from './images';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';
import { randomTar } from './random-tar';

const MB = 1e6;
const IMAGE_BYTES = 48 * MB;
const GIB = 2 ** 30;

let box: OpenBackend;

beforeAll(async () => {
  box = await openBackend(inject('vmHome'));
  await ensureTestImage(box);
});
afterAll(() => box.close({ keepVm: true }));

const ledger = (): Promise<DiskLedger> => box.first((context) => box.handlers['disk.changes']({}, context));
const hostBytes = async (): Promise<number> => (await stat(box.files.disks.data)).blocks * 512;
const run = (...args: readonly string[]): Promise<string> => docker(box, ['run', '--rm', ...args]);

async function pruned(choice: Partial<Parameters<OpenBackend['handlers']['disk.prune']>[0]>): Promise<Task> {
  const all = { containers: false, images: 'none' as const, buildCache: false, volumes: [], ...choice };
  return box.ended((await box.handlers['disk.prune'](all, quiet)).task);
}

/** Of bytes that nothing can make smaller. */
function importImage(bytes: number, ...tag: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DOCKER_HOST: box.dockerHost };
    const child = execFile(join(box.resources.bundle, 'bin', 'docker'), ['import', '-', ...tag], { env }, (error, stdout) =>
      error === null ? resolve(stdout.trim()) : reject(new Error('docker import', { cause: error })),
    );
    if (child.stdin !== null) {
      randomTar(bytes).pipe(child.stdin);
    }
  });
}

test('an image that is removed: rmi gives nothing back, a trim nearly all, and the ledger says how much before', async () => {
  await importImage(IMAGE_BYTES, 'berth-test-disk:big');
  await box.ended((await box.handlers['disk.trim']({}, quiet)).task);
  const full = await hostBytes();
  expect((await ledger()).trimBytes).toBeLessThan(8 * MB);
  await docker(box, ['rmi', 'berth-test-disk:big']);
  await box.backend.vm.agent.call('sync', {});
  expect(await hostBytes()).toBeGreaterThan(full - 8 * MB);
  const before = await ledger();
  expect(before.disk).toMatchObject({ path: box.files.disks.data });
  expect(before.trimBytes).toBeGreaterThan(IMAGE_BYTES * 0.9);
  const task = await box.ended((await box.handlers['disk.trim']({}, quiet)).task);
  expect(task).toMatchObject({ state: 'done', kind: 'trim' });
  const { before: was = 0, after: is = 0 } = task.hostBytes ?? {};
  expect(was - is).toBeGreaterThan(IMAGE_BYTES * 0.9);
  expect(await hostBytes()).toBeLessThan(full - IMAGE_BYTES * 0.9);
});

test('a prune takes what was named, volumes only by name, and says what was in use', async () => {
  const dangling = await importImage(1 * MB);
  await docker(box, ['volume', 'create', 'berth-test-kept']);
  await docker(box, ['volume', 'create', 'berth-test-gone']);
  await docker(box, ['create', '--name', 'berth-test-stopped', '-v', 'berth-test-kept:/v', TEST_IMAGE, 'true']);
  const { images, volumes, containers } = await box.handlers['disk.usage']({}, quiet);
  expect(images.danglingBytes).toBeGreaterThan(0.9 * MB);
  expect(containers.count).toBeGreaterThan(0);
  expect(volumes).toContainEqual({ name: 'berth-test-kept', bytes: 0, inUse: true, anonymous: false });

  expect(await pruned({ images: 'dangling' })).toMatchObject({ state: 'done' });
  expect(await docker(box, ['images', '--no-trunc', '-q'])).not.toContain(dangling);
  expect(await docker(box, ['ps', '-aq', '--filter', 'name=berth-test-stopped'])).not.toBe('');
  expect(await docker(box, ['volume', 'ls', '-q'])).toContain('berth-test-gone');

  const refused = await pruned({ volumes: ['berth-test-gone', 'berth-test-kept'] });
  expect(refused).toMatchObject({ state: 'failed', error: { code: 'disk.pruneFailed', params: { names: 'berth-test-kept' } } });
  const left = await docker(box, ['volume', 'ls', '-q']);
  expect([left.includes('berth-test-gone'), left.includes('berth-test-kept')]).toEqual([false, true]);
  await docker(box, ['rm', 'berth-test-stopped']);
  await docker(box, ['volume', 'rm', 'berth-test-kept']);
});

test('growing while it runs: the file, the device and the file system; nothing restarts', async () => {
  const { pid } = box.backend.vm.status.get();
  const before = await ledger();
  const size = (before.disk?.sizeBytes ?? 0) + 2 * GIB;
  await box.handlers['disk.grow']({ bytes: size }, quiet);
  const after = await ledger();
  expect(after.disk?.sizeBytes).toBe(size);
  expect((after.guest?.totalBytes ?? 0) - (before.guest?.totalBytes ?? 0)).toBeGreaterThan(1.9 * GIB);
  expect(box.backend.vm.status.get().pid).toBe(pid);
  await expect(box.handlers['disk.grow']({ bytes: size - GIB }, quiet)).rejects.toMatchObject({ code: 'disk.notShrunk' });
});

test('a disk that containers have filled: dockerd and containerd start on it, and a prune makes room', async () => {
  const { vm } = box.backend;
  await docker(box, ['volume', 'create', 'berth-test-full']);
  await docker(box, ['create', '--name', 'berth-test-late', TEST_IMAGE, 'true']);
  const at = '/data/docker/volumes/berth-test-full/_data';
  try {
    // All that whoever is not the engine may take; its blocks are only promised, so the host gives none.
    const { stdout, stderr } = await vm.exec(
      `set -e; avail() { stat -f -c '%a %S' /data | while read a s; do echo $((a * s)); done; }
       fallocate -l $(($(avail) - 1048576)) ${at}/filler || true
       i=0; while [ $(avail) -gt 0 ] && [ $i -lt 400 ]; do i=$((i + 1)); fallocate -l 65536 ${at}/filler$i || break; done; avail`,
    );
    expect([Number(stdout.trim()) < 65536, stderr]).toEqual([true, '']);
    const full = await run('-v', 'berth-test-full:/v', TEST_IMAGE, 'sh', '-c', 'dd if=/dev/zero of=/v/more bs=1M count=4').catch(String);
    expect(full).toMatch(/no space left on device/i);
    await vm.agent.call('restart', { service: 'containerd' }, { timeoutMs: 60_000 });
    await box.handlers['vm.restart']({ engineOnly: true }, quiet);
    // dockerd may go down once more with the containerd that it had.
    await vi.waitFor(async () => expect(await pruned({ containers: true })).toMatchObject({ state: 'done' }), { timeout: 60_000 });
    expect(await docker(box, ['ps', '-aq', '--filter', 'name=berth-test-late'])).toBe('');
    expect(await pruned({ volumes: ['berth-test-full'] })).toMatchObject({ state: 'done' });
    expect((await ledger()).guest?.freeBytes).toBeGreaterThan(GIB);
  } finally {
    await vm.exec(`rm -f ${at}/filler* ${at}/more`);
    // What went wrong before says more than this.
    await docker(box, ['volume', 'rm', '-f', 'berth-test-full']).catch(() => undefined);
  }
});
