// An upgrade that goes wrong and one that goes well, on the real machine: the guest of the next version does not boot, the one before comes back with
// everything on the data disk; a good one takes its place, and the old one is kept.
import { createHash } from 'node:crypto';
import { link, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome, openVm, testResources } from '../vm/open-vm';
import type { OpenVm } from '../vm/open-vm';
import type { Resources } from '../../main/vm/resources';

const VOLUME = '/data/docker/volumes/kept';
let home: string;
let good: Resources;
let open: OpenVm | undefined;

beforeAll(async () => {
  home = await makeHome('berth-u-');
  good = await testResources();
});
afterAll(async () => {
  await open?.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
});

interface Manifest {
  hash: string;
  files: Record<string, { sha256: string; size: number }>;
}

/** The guest of another version: the same files by hard link, but for those that are given. */
async function otherGuest(hash: string, change: Readonly<Record<string, Buffer>> = {}): Promise<Resources> {
  const guest = join(dirname(good.guest), `${basename(good.guest).replace(/-[^-]*$/, '')}-${hash}`);
  await rm(guest, { recursive: true, force: true });
  await mkdir(guest);
  const manifest = JSON.parse(await readFile(join(good.guest, 'manifest.json'), 'utf8')) as Manifest;
  for (const file of (await readdir(good.guest)).filter((name) => name !== 'manifest.json')) {
    const other = change[file];
    if (other === undefined) {
      await link(join(good.guest, file), join(guest, file));
    } else {
      await writeFile(join(guest, file), other);
      manifest.files[file] = { sha256: createHash('sha256').update(other).digest('hex'), size: other.length };
    }
  }
  await writeFile(join(guest, 'manifest.json'), JSON.stringify({ ...manifest, hash }));
  return { guest, bundle: good.bundle };
}

async function record(): Promise<unknown> {
  return JSON.parse(await readFile(join(home, 'state', 'system.json'), 'utf8'));
}

async function hashOf(vm: OpenVm['vm']): Promise<string> {
  return (await vm.exec(`cd ${VOLUME} && find . -type f | sort | xargs sha256sum | sha256sum`)).stdout;
}

test('a guest that does not boot gives way to the one before; the next one is confirmed', { timeout: 900_000 }, async () => {
  const { hash } = JSON.parse(await readFile(join(good.guest, 'manifest.json'), 'utf8')) as Manifest;
  const versions = [`${hash}-broken-${process.pid}`, `${hash}-next-${process.pid}`];
  const [broken, next] = [
    await otherGuest(versions[0] ?? '', { 'initramfs.cpio': Buffer.from('no archive at all') }),
    await otherGuest(versions[1] ?? ''),
  ];
  try {
    open = await openVm(home, { resources: good });
    await open.vm.start();
    await open.vm.exec(`mkdir -p ${VOLUME} && head -c 20000000 /dev/urandom > ${VOLUME}/big && echo word > ${VOLUME}/small && sync`);
    const before = await hashOf(open.vm);
    expect(await record()).toMatchObject({ current: { guestHash: hash } });
    await open.vm.stop({ shutdown: true });
    await open.close({ keepVm: false });

    open = await openVm(home, { resources: broken });
    await open.vm.start();
    expect(open.notices.map(({ code }) => code)).toEqual(['vm.systemWentBack']);
    expect(await hashOf(open.vm)).toBe(before);
    expect(await record()).toMatchObject({ current: { guestHash: hash }, refused: { guestHash: versions[0] } });
    await open.vm.stop({ shutdown: true });
    await open.close({ keepVm: false });

    open = await openVm(home, { resources: next });
    await open.vm.start();
    expect(open.notices).toEqual([]);
    expect(await hashOf(open.vm)).toBe(before);
    const after = await record();
    expect(after).toMatchObject({ current: { guestHash: versions[1] }, previous: { guestHash: hash } });
    expect(after).not.toHaveProperty('trial');
  } finally {
    await Promise.all([broken, next].map(({ guest }) => rm(guest, { recursive: true, force: true })));
  }
});
