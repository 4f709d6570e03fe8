import { expect, test } from 'vitest';
import { CACHE_FLOOR, noReclaim, reclaim, scattered, spare } from './reclaim';
import type { GuestUsage, ReclaimLook, ReclaimOrder, ReclaimState } from './reclaim';

const MIB = 2 ** 20;
const GIB = 1024 * MIB;

/** A guest that does as it is told, looked at every 15 s. */
function guest(fileBytes: number) {
  let usage: GuestUsage = {
    ...{ totalBytes: 2 * GIB, availableBytes: 0, freeBytes: 2 * GIB - 200 * MIB - fileBytes, fileBytes },
    ...{ refaultBytes: 0, cpuSeconds: 10, writtenBytes: 0 },
  };
  let state: ReclaimState = noReclaim;
  let at = 100;
  const orders: ReclaimOrder[] = [];
  return {
    orders,
    usage: () => usage,
    change(next: Partial<GuestUsage>) {
      usage = { ...usage, ...next };
    },
    look(more: Partial<ReclaimLook> = {}): ReclaimOrder | undefined {
      at += 15;
      const decided = reclaim(state, { at, usage, memoryBytes: 2 * GIB, ...more });
      ({ state } = decided);
      const { order } = decided;
      if (order !== undefined) {
        orders.push(order);
        usage = { ...usage, fileBytes: usage.fileBytes - order.bytes, freeBytes: usage.freeBytes + order.bytes };
      }
      return order;
    },
  };
}

test('four fifths of a gigabyte of cache are back within three looks after it is left alone', () => {
  const calm = guest(150 * MIB);
  calm.look();
  calm.change({ fileBytes: 150 * MIB + GIB });
  expect(calm.look()).toBeUndefined();
  calm.look();
  calm.look();
  expect(calm.orders.every(({ compact }) => !compact)).toBe(true);
  expect(150 * MIB + GIB - calm.usage().fileBytes).toBeGreaterThan(0.8 * GIB);
  expect(calm.usage().fileBytes).toBeGreaterThanOrEqual(CACHE_FLOOR);
});

test('a guest that works keeps its cache, and so does a cache that grows or is read anew', () => {
  const busy = guest(GIB);
  busy.look();
  for (let turn = 0; turn < 5; turn += 1) {
    busy.change({ cpuSeconds: busy.usage().cpuSeconds + 10 });
    expect(busy.look()).toBeUndefined();
  }
  for (let turn = 0; turn < 5; turn += 1) {
    busy.change({ fileBytes: busy.usage().fileBytes + 40 * MIB });
    expect(busy.look()).toBeUndefined();
  }
  busy.change({ refaultBytes: 100 * MIB });
  expect(busy.look()).toBeUndefined();
  expect(busy.look()?.bytes).toBeGreaterThan(0);
});

test('what is read again soon is left alone, each time for longer', () => {
  const needed = guest(GIB);
  needed.look();
  const waits: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    let waited = 0;
    while (needed.look() === undefined) {
      waited += 1;
    }
    waits.push(waited);
    needed.change({ refaultBytes: needed.usage().refaultBytes + 300 * MIB, fileBytes: GIB });
    expect(needed.look()).toBeUndefined();
  }
  expect(waits).toEqual([0, 7, 15, 31]);
});

test('free memory that lies scattered is moved together, once in ten minutes', () => {
  const holes = guest(100 * MIB);
  const givenBytes = 2 * GIB - holes.usage().freeBytes + 200 * MIB;
  expect(scattered({ at: 0, usage: holes.usage(), memoryBytes: 2 * GIB, givenBytes })).toBe(200 * MIB);
  expect(spare({ at: 0, usage: holes.usage(), memoryBytes: 2 * GIB, givenBytes })).toBe(200 * MIB);
  expect(holes.look()).toBeUndefined();
  expect(holes.look({ givenBytes })).toBeUndefined();
  expect(holes.look({ givenBytes })).toEqual({ bytes: 0, compact: true });
  for (let turn = 0; turn < 39; turn += 1) {
    expect(holes.look({ givenBytes })).toBeUndefined();
  }
  expect(holes.look({ givenBytes })).toEqual({ bytes: 0, compact: true });
});

test('a guest that booted anew is a new one', () => {
  const booted = guest(GIB);
  booted.look();
  booted.change({ cpuSeconds: 1 });
  expect(booted.look()).toBeUndefined();
  expect(booted.look()).toBeDefined();
});
