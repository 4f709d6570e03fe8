import { expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import type { VmStatus } from '../../preload/contract';
import { deferred } from '../lib/async';
import { createObservable } from '../lib/observable';
import { createWake } from './wake';

function bed(first: Partial<VmStatus>, options: { readonly suspendingByIdle?: boolean; readonly deadlineMs?: number } = {}) {
  const status = createObservable(first as VmStatus);
  const started = deferred<void>();
  const seen = { starts: 0 };
  const wake = createWake({
    vm: {
      status,
      start() {
        seen.starts += 1;
        return started.promise;
      },
    },
    suspendingByIdle: () => options.suspendingByIdle ?? false,
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
  });
  return { status, started, seen, wake };
}

const slept = { at: 0, bytes: 1 };

test.each<[string, Partial<VmStatus>, boolean, unknown, string | undefined]>([
  ['running', { state: 'running' }, false, undefined, undefined],
  ['a cold start: its own ping must pass', { state: 'starting' }, false, undefined, undefined],
  ['suspended by idleness', { state: 'suspended', suspended: { ...slept, by: 'idle' } }, false, { deep: true }, undefined],
  ['on its way there', { state: 'suspending' }, true, { deep: true }, undefined],
  ['on its way back, whoever asked', { state: 'resuming' }, false, { deep: false }, undefined],
  ['suspended by the user', { state: 'suspended', suspended: { ...slept, by: 'user' } }, false, undefined, 'vm.suspended'],
  ['at a quit', { state: 'suspended', suspended: { ...slept, by: 'quit' } }, false, undefined, 'vm.suspended'],
  ['the user is suspending it', { state: 'suspending' }, false, undefined, 'vm.suspended'],
  ['off', { state: 'stopped' }, false, undefined, 'vm.notRunning'],
  ['failed, with its reason', { state: 'failed', error: { code: 'vm.exited', params: { detail: '' } } }, false, undefined, 'vm.exited'],
])('%s', async (_, status, suspendingByIdle, asleep, away) => {
  const { wake, seen } = bed(status, { suspendingByIdle });
  expect(wake.asleep()).toEqual(asleep);
  expect(wake.away()?.code).toBe(away);
  if (away !== undefined) {
    await expect(wake.up()).rejects.toMatchObject({ code: away });
    expect(seen.starts).toBe(0);
  }
});

test('one resume for all who ask, also where it became a cold boot', async () => {
  const { status, started, seen, wake } = bed({ state: 'suspended', suspended: { ...slept, by: 'idle' } });
  const first = wake.up();
  status.set({ state: 'starting' } as VmStatus);
  expect(wake.asleep()).toEqual({ deep: false });
  const second = wake.up();
  status.set({ state: 'running' } as VmStatus);
  started.resolve();
  await Promise.all([first, second]);
  expect(seen.starts).toBe(1);
  await wake.up();
  expect(seen.starts).toBe(1);
});

test('who leaves is let go while the resume goes on, and nobody waits for ever', async () => {
  const { wake } = bed({ state: 'suspended', suspended: { ...slept, by: 'idle' } }, { deadlineMs: 50 });
  const left = new AbortController();
  const leaving = wake.up(left.signal);
  left.abort();
  await expect(leaving).rejects.toBeInstanceOf(BerthError);
  await expect(wake.up()).rejects.toMatchObject({ code: 'vm.notRunning' });
});

test('a resume that fails is told to who waits, and the next use tries again', async () => {
  const { status, started, seen, wake } = bed({ state: 'suspended', suspended: { ...slept, by: 'idle' } });
  const up = wake.up();
  started.reject(new BerthError('vm.exited', { detail: 'x' }));
  await expect(up).rejects.toMatchObject({ code: 'vm.exited' });
  status.set({ state: 'suspended', suspended: { ...slept, by: 'idle' } } as VmStatus);
  void wake.up().catch(() => undefined);
  expect(seen.starts).toBe(2);
});
