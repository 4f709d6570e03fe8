import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../lib/logger';
import type { ShareSpec } from '../driver';
import { SHARE_SLOTS } from './args';
import type { Qmp } from './qmp';
import { createShareDevices } from './share-devices';
import type { ShareServer, ShareServers } from './virtiofsd';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const [a, b] = ['a', 'b'].map((tag): ShareSpec => ({ tag, folder: `/${tag}`, readOnly: false })) as [ShareSpec, ShareSpec];

function setUp() {
  const guest = { letsGo: true };
  /** Tags that nobody answers for any more. */
  const dead = new Set<string>();
  const stopped: string[] = [];
  const plugged = new Set<string>();
  const chardevs = new Set<string>();
  const letGo = (id: string): void => {
    plugged.delete(id);
    devices.onEvent({ event: 'DEVICE_DELETED', data: { device: id } });
  };
  const commands: Record<string, (id: string) => unknown> = {
    'chardev-add': (id) => chardevs.add(id),
    'chardev-remove': (id) => chardevs.delete(id),
    device_add: (id) => plugged.add(id),
    device_del: (id) => guest.letsGo && letGo(id),
    'qom-list': () => ['net0', ...plugged].map((name) => ({ name, type: 'child<device>' })),
  };
  const qmp: Qmp = {
    execute: (command, args) => Promise.resolve(commands[command]?.(String(args?.['id']))),
    closed: new Promise(() => undefined),
    close: () => undefined,
  };
  const servers: ShareServers = {
    start: (spec, slot) =>
      Promise.resolve<ShareServer>({
        spec,
        slot,
        socket: `run/${spec.tag}`,
        gone: new Promise(() => undefined),
        openFiles: () => Promise.resolve(0),
        answers: () => Promise.resolve(!dead.has(spec.tag)),
        stop: () => Promise.resolve(void stopped.push(spec.tag)),
      }),
    adopt: () => Promise.resolve([]),
    clear: () => Promise.resolve(),
  };
  const devices = createShareDevices({ servers, present: [], sharing: true, log: silentLogger, qmp: () => qmp });
  return { devices, guest, dead, stopped, plugged, chardevs, letGo };
}

test('one that is taken out leaves nothing, and its port is free', async () => {
  const { devices, stopped, plugged, chardevs } = setUp();
  const device = await devices.add(a);
  expect(await devices.plugged()).toEqual([{ ...a, slot: 0 }]);
  await device.remove();
  expect([devices.list(), await devices.plugged(), stopped, plugged.size, chardevs.size]).toEqual([[], [], ['a'], 0, 0]);
  await devices.add(b);
  expect(await devices.plugged()).toEqual([{ ...b, slot: 0 }]);
});

test('one that the guest does not let go of keeps its port and its server, and is saved, until it does', async () => {
  const { devices, guest, stopped, chardevs, letGo } = setUp();
  const device = await devices.add(a);
  guest.letsGo = false;
  const removed = expect(device.remove()).rejects.toThrow('does not let go of share-a');
  await vi.advanceTimersByTimeAsync(20_000);
  await removed;
  expect([devices.list(), stopped]).toEqual([[], []]);
  const other = await devices.add(b);
  expect(await devices.plugged()).toEqual([
    { ...a, slot: 0 },
    { ...b, slot: 1 },
  ]);
  letGo('share-a');
  await vi.advanceTimersByTimeAsync(0);
  expect([devices.list(), await devices.plugged(), stopped, [...chardevs]]).toEqual([[other], [{ ...b, slot: 1 }], ['a'], ['share-b']]);
});

test('what QEMU has and nobody serves cannot be saved', async () => {
  const { devices, dead, plugged } = setUp();
  const device = await devices.add(a);
  dead.add('a');
  await device.remove();
  await expect(devices.plugged()).rejects.toThrow('nobody serves share-a');
  dead.clear();
  expect(await devices.plugged()).toHaveLength(1);
  plugged.add('share-of-nobody');
  await expect(devices.plugged()).rejects.toThrow('nobody serves share-of-nobody');
});

test('no more than there are ports', async () => {
  const { devices } = setUp();
  for (let index = 0; index < SHARE_SLOTS; index += 1) {
    await devices.add({ ...a, tag: String(index) });
  }
  await expect(devices.add(b)).rejects.toMatchObject({ code: 'shares.noSlot' });
});
