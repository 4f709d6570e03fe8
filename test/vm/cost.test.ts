// Memory that the guest does not need comes back to the host, and the cost is told as the host sees it: on the real QEMU with its real counters.
import { expect, test, vi } from 'vitest';
import { createCost } from '../../main/cost/cost';
import { readCounters } from '../../main/cost/counters';
import { silentLogger } from '../../main/lib/logger';
import { createObservable } from '../../main/lib/observable';
import { settingsSchema } from '../../preload/contract';
import type { CostStatus } from '../../preload/contract';
import { context } from '../fakes/streams';
import { useVm } from './harness';

const MIB = 2 ** 20;
const FILE = '/data/cost-test';
const FILE_MIB = 400;
const box = useVm();

const given = async (): Promise<number> => {
  const pid = box().vm.status.get().pid ?? 0;
  return (await readCounters([pid])).get(pid)?.memory?.sharedBytes ?? 0;
};

test('cache of a file that was written is back with the host in about a minute, without anybody’s doing', async () => {
  const { vm, files, exec, agent } = box();
  const cost = createCost({
    ...{ vm, files, log: silentLogger },
    settings: createObservable(settingsSchema.parse({})),
    runningContainers: createObservable(0),
  });
  try {
    const before = await given();
    await exec(`dd if=/dev/zero of=${FILE} bs=1M count=${FILE_MIB} && sync`);
    const most = await given();
    expect(most - before).toBeGreaterThan((FILE_MIB / 2) * MIB);
    const ending = new AbortController();
    let last: CostStatus | undefined;
    for await (const status of cost.handlers['cost.changes']({}, context(ending.signal))) {
      last = status;
      if (status.now !== undefined && most - (await given()) > 0.6 * FILE_MIB * MIB) {
        break;
      }
    }
    const { fileBytes } = await agent('usage', {});
    expect(fileBytes).toBeLessThan(300 * MIB);
    expect((await exec(`stat -c %s ${FILE}`)).stdout.trim()).toBe(String(FILE_MIB * MIB));

    const part = last?.now?.parts.find(({ part: name }) => name === 'vm');
    expect(part?.processes).toBe(1);
    expect(part?.memoryBytes).toBeGreaterThan(await given());
    expect(last?.guest?.usedBytes).toBeGreaterThan(0);
    expect(last?.hour.points.length).toBeGreaterThan(0);
  } finally {
    await exec(`rm -f ${FILE}`);
    await cost.dispose();
  }
}, 240_000);

test('what is deleted goes back by itself', async () => {
  const { exec } = box();
  await exec('head -c 200M /dev/zero > /dev/shm/cost-test');
  const most = await given();
  await exec('rm /dev/shm/cost-test');
  // Nothing would without reports; in a guest that many tests have used, what is free lies in pieces too small to be reported. bench/memory.ts has the share.
  await vi.waitFor(async () => expect(most - (await given())).toBeGreaterThan(80 * MIB), { timeout: 60_000, interval: 1000 });
}, 120_000);

test('by hand: what can be spared at once, in bytes of the host', async () => {
  const { vm, files, exec } = box();
  const cost = createCost({
    ...{ vm, files, log: silentLogger },
    settings: createObservable(settingsSchema.parse({})),
    runningContainers: createObservable(0),
  });
  try {
    await exec(`dd if=/dev/zero of=${FILE} bs=1M count=200 && sync`);
    const { bytes } = await cost.handlers['cost.giveBack']({}, { signal: new AbortController().signal });
    expect(bytes).toBeGreaterThan(100 * MIB);
  } finally {
    await exec(`rm -f ${FILE}`);
    await cost.dispose();
  }
}, 120_000);
