import { describe, expect, test, vi } from 'vitest';
import { BerthError } from '../../preload/contract/errors';
import { deferred } from '../lib/async';
import type { Deferred } from '../lib/async';
import { createSupervisor } from './supervisor';
import type { Live, Supervisor } from './supervisor';

interface FakeVm extends Live {
  readonly name: string;
  readonly end: Deferred<string>;
}

function fakeVm(name: string): FakeVm {
  const end = deferred<string>();
  return { name, end, exited: end.promise };
}

interface World {
  readonly supervisor: Supervisor<FakeVm>;
  readonly boots: { readonly signal: AbortSignal; readonly result: Deferred<FakeVm> }[];
  readonly log: string[];
  off: Deferred<void>;
}

function world(adoptable?: FakeVm): World {
  const made: World = {
    boots: [],
    log: [],
    off: deferred<void>(),
    supervisor: createSupervisor<FakeVm>({
      boot(signal) {
        const result = deferred<FakeVm>();
        signal.addEventListener('abort', () => result.reject(signal.reason));
        made.boots.push({ signal, result });
        return result.promise;
      },
      adopt: () => Promise.resolve(adoptable),
      powerOff: (vm) => {
        made.log.push(`off ${vm.name}`);
        return made.off.promise;
      },
      bury: (vm) => made.log.push(`bury ${vm.name}`),
      notify: ({ code }) => made.log.push(code),
    }),
  };
  return made;
}

const state = ({ supervisor }: World): string => supervisor.model.get().state;

describe('start', () => {
  test('several callers share one boot', async () => {
    const w = world();
    const calls = [w.supervisor.start(), w.supervisor.start(), w.supervisor.start()];
    w.boots[0]?.result.resolve(fakeVm('a'));
    await Promise.all(calls);
    expect(w.boots).toHaveLength(1);
    await w.supervisor.start();
    expect(w.boots).toHaveLength(1);
  });

  test('a failure reaches every caller as it is', async () => {
    const w = world();
    const calls = [w.supervisor.start(), w.supervisor.start()];
    w.boots[0]?.result.reject(new BerthError('disk.missing', { path: '/d' }));
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ code: 'disk.missing', params: { path: '/d' } });
    }
    expect(state(w)).toBe('failed');
  });
});

describe('stop', () => {
  test('during a start: the boot is aborted and awaited, its callers are told', async () => {
    const w = world();
    const start = expect(w.supervisor.start()).rejects.toMatchObject({ code: 'rpc.cancelled' });
    await w.supervisor.stop();
    expect(w.boots[0]?.signal.aborted).toBe(true);
    await start;
    expect(state(w)).toBe('stopped');
  });

  test('of a VM that came up in that very moment: it is powered off, not forgotten', async () => {
    const w = world();
    void w.supervisor.start().catch(() => undefined);
    w.boots[0]?.result.resolve(fakeVm('a'));
    const stop = w.supervisor.stop();
    w.off.resolve();
    await stop;
    expect(w.log).toEqual(['off a']);
    expect(w.supervisor.live()).toBeUndefined();
  });

  test('waits for the power-off, and a start meanwhile follows it', async () => {
    const w = world();
    const first = w.supervisor.start();
    w.boots[0]?.result.resolve(fakeVm('a'));
    await first;
    const stop = w.supervisor.stop();
    const again = w.supervisor.start();
    expect(w.boots).toHaveLength(1);
    w.off.resolve();
    await stop;
    await vi.waitFor(() => expect(w.boots).toHaveLength(2));
    w.boots[1]?.result.resolve(fakeVm('b'));
    await again;
    expect(w.supervisor.live()?.name).toBe('b');
  });

  test('during the pause before a restart: nothing is booted any more', async () => {
    vi.useFakeTimers();
    const w = world();
    const vm = fakeVm('a');
    const first = w.supervisor.start();
    w.boots[0]?.result.resolve(vm);
    await first;
    vm.end.resolve('signal SIGKILL');
    await vi.waitFor(() => expect(state(w)).toBe('starting'));
    await w.supervisor.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    expect(w.boots).toHaveLength(1);
    expect(state(w)).toBe('stopped');
  });
});

test('a death is buried, said and answered with a new boot', async () => {
  const w = world();
  const vm = fakeVm('a');
  const first = w.supervisor.start();
  w.boots[0]?.result.resolve(vm);
  await first;
  vm.end.resolve('signal SIGKILL');
  await vi.waitFor(() => expect(w.boots).toHaveLength(2));
  expect(w.log).toEqual(['bury a', 'vm.exited']);
  w.boots[1]?.result.resolve(fakeVm('b'));
  await w.supervisor.start();
  expect(w.supervisor.live()?.name).toBe('b');
});

test('adoption: true with a VM, false without, and no boot either way', async () => {
  const none = world();
  expect(await none.supervisor.adopt()).toBe(false);
  expect(state(none)).toBe('stopped');
  const some = world(fakeVm('left'));
  expect(await some.supervisor.adopt()).toBe(true);
  expect(some.supervisor.live()?.name).toBe('left');
  expect([...none.boots, ...some.boots]).toEqual([]);
});

test('letting go keeps the VM and powers nothing off', async () => {
  const w = world(fakeVm('left'));
  await w.supervisor.adopt();
  expect((await w.supervisor.letGo())?.name).toBe('left');
  expect(w.log).toEqual([]);
});
