// The agent's operations on a guest that runs, as vm/AGREEMENT.md lists them.
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useVm } from './harness';

const box = useVm();

test('clock: a guest that is an hour off says so once, and is right afterwards', async () => {
  await box().agent('clock', { epochMs: Date.now() - 3_600_000 });
  const { driftMs } = await box().agent('clock', { epochMs: Date.now() });
  expect(Math.abs(driftMs + 3_600_000)).toBeLessThan(5000);
  const { clockMs } = await box().agent('status', {});
  expect(Math.abs(clockMs - Date.now())).toBeLessThan(5000);
});

test('reseed: takes 64 bytes, and no other number', async () => {
  expect(await box().agent('reseed', { data: randomBytes(64).toString('base64') })).toEqual({});
  for (const length of [0, 63, 65, 4096]) {
    await expect(box().agent('reseed', { data: randomBytes(length).toString('base64') })).rejects.toThrow('64 bytes');
  }
  await expect(box().agent('reseed', { data: '*'.repeat(88) })).rejects.toThrow('64 bytes');
});

test('memory and disk: the figures of the kernel', async () => {
  const memory = await box().agent('memory', {});
  const free = (await box().exec('free -b | sed -n 2p')).stdout.trim().split(/\s+/).map(Number);
  expect(memory.totalBytes).toBe(free[1]);
  const disk = await box().agent('disk', {});
  const df = (await box().exec('df -B1 --output=size /data | tail -n 1')).stdout.trim();
  expect(disk.totalBytes).toBe(Number(df));
  expect(disk.usedBytes + disk.freeBytes).toBeLessThanOrEqual(disk.totalBytes);
});

test('trim: what was deleted in the guest leaves the file on the host', async () => {
  const blocks = async (): Promise<number> => (await stat(box().files.disks.data)).blocks * 512;
  await box().exec('head -c 100000000 /dev/urandom > /data/berth-test-trim && sync');
  const full = await blocks();
  await box().exec('rm /data/berth-test-trim && sync');
  const { bytes } = await box().agent('trim', {});
  expect(bytes).toBeGreaterThan(90_000_000);
  expect(full - (await blocks())).toBeGreaterThan(90_000_000);
});

test('sync and resize: done, and a disk that has its size stays as it is', async () => {
  expect(await box().agent('sync', {})).toEqual({});
  const { size } = await stat(box().files.disks.data);
  expect(await box().agent('resize', {})).toEqual({ bytes: size });
});

test('health: the engine answers and the services run', async () => {
  const { dockerdPing, load1, services } = await box().agent('health', {});
  expect(dockerdPing).toBe(true);
  expect(load1).toBeGreaterThanOrEqual(0);
  expect(services.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(
    ['containerd', 'dns', 'dockerd', 'sshd'].map((name) => `${name} running`),
  );
});

test('config: a reload reaches the engine without a restart, and what is not a JSON object is not written', async () => {
  const good = { 'live-restore': true };
  const before = (await box().agent('status', {})).services;
  const mirrors = async (): Promise<string> => box().docker('info', '--format', '{{json .RegistryConfig.Mirrors}}');
  try {
    await box().agent('config', {
      daemonJson: JSON.stringify({ ...good, 'registry-mirrors': ['https://mirror.invalid/'] }),
      action: 'reload',
    });
    await expect.poll(mirrors, { timeout: 30_000 }).toContain('https://mirror.invalid/');
    await expect(box().agent('config', { daemonJson: '{"live-restore":', action: 'write' })).rejects.toThrow('not a JSON object');
    expect((await box().exec('cat /run/berth/daemon.json')).stdout).toContain('mirror.invalid');
  } finally {
    await box().agent('config', { daemonJson: JSON.stringify({ ...good, 'registry-mirrors': [] }), action: 'reload' });
  }
  expect((await box().agent('status', {})).services).toEqual(before);
});

test('tail: the last lines of each log, as many as asked for', async () => {
  const { lines } = await box().agent('tail', { service: 'dockerd', lines: 3 });
  expect(lines).toHaveLength(3);
  expect((await box().agent('tail', { service: 'init', lines: 500 })).lines.join('\n')).toMatch(/^ready \d+\.\d+$/m);
  await expect(box().agent('tail', { service: 'nosuch', lines: 3 })).rejects.toThrow('unknown service');
});

test('many questions at once are all answered', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, () => box().agent('memory', {})));
  expect(answers).toHaveLength(40);
});
