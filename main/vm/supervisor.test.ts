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
  saved: Deferred<void>;
  coldInstead: () => void;
}

function world(adoptable?: FakeVm | 'suspended'): World {
  const made: World = {
    boots: [],
    log: [],
    off: deferred<void>(),
    saved: deferred<void>(),
    coldInstead: () => undefined,
    supervisor: createSupervisor<FakeVm>({
      boot(signal) {
        const result = deferred<FakeVm>();
        signal.addEventListener('abort', () => result.reject(signal.reason));
        made.boots.push({ signal, result });
        return result.promise;
      },
      resume(signal, coldInstead) {
        made.log.push('resume');
        made.coldInstead = coldInstead;
        const result = deferred<FakeVm>();
        made.boots.push({ signal, result });
        return result.promise;
      },
      adopt: () => Promise.resolve(adoptable),
      suspend: (vm, by) => {
        made.log.push(`suspend ${vm.name} ${by}`);
        return made.saved.promise;
      },
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

async function suspended(): Promise<World> {
  const w = world('suspended');
  expect(await w.supervisor.adopt()).toBe(false);
  expect(state(w)).toBe('suspended');
  return w;
}

describe('suspend', () => {
  test('is saved once for several callers, and a start resumes it', async () => {
    const w = world(fakeVm('a'));
    await w.supervisor.adopt();
    const calls = [w.supervisor.suspend('user'), w.supervisor.suspend('idle')];
    expect(state(w)).toBe('suspending');
    w.saved.resolve();
    await Promise.all(calls);
    expect(state(w)).toBe('suspended');
    const start = w.supervisor.start();
    expect(state(w)).toBe('resuming');
    w.boots[0]?.result.resolve(fakeVm('a again'));
    await start;
    expect(w.log).toEqual(['suspend a user', 'resume']);
    expect(w.supervisor.live()?.name).toBe('a again');
  });

  test('that fails rejects, and the VM is the one that ran', async () => {
    const w = world(fakeVm('a'));
    await w.supervisor.adopt();
    const call = expect(w.supervisor.suspend('user')).rejects.toMatchObject({ code: 'disk.missing' });
    w.saved.reject(new BerthError('disk.missing', { path: '/d' }));
    await call;
    expect(state(w)).toBe('running');
    expect(w.supervisor.live()?.name).toBe('a');
    expect(w.log).toEqual(['suspend a user', 'disk.missing']);
  });

  test('of a VM that dies of it: off, buried and said once', async () => {
    const vm = fakeVm('a');
    const w = world(vm);
    await w.supervisor.adopt();
    const call = w.supervisor.suspend('user');
    vm.end.resolve('signal SIGKILL');
    w.saved.reject(new Error('the QMP socket was closed'));
    await call;
    expect(state(w)).toBe('stopped');
    expect(w.log).toEqual(['suspend a user', 'bury a', 'vm.exited']);
  });

  test('a start meanwhile: resumed as soon as it is saved', async () => {
    const w = world(fakeVm('a'));
    await w.supervisor.adopt();
    const suspend = w.supervisor.suspend('idle');
    const start = w.supervisor.start();
    w.saved.resolve();
    await suspend;
    w.boots[0]?.result.resolve(fakeVm('b'));
    await start;
    expect(w.supervisor.live()?.name).toBe('b');
  });
});

describe('a suspended one', () => {
  test('stopped: resumed, then powered off in order, and only then is it over', async () => {
    const w = await suspended();
    let over = false;
    const stop = w.supervisor.stop().then(() => (over = true));
    w.boots[0]?.result.resolve(fakeVm('a'));
    await vi.waitFor(() => expect(w.log).toEqual(['resume', 'off a']));
    expect(over).toBe(false);
    w.off.resolve();
    await stop;
    expect(state(w)).toBe('stopped');
  });

  test('whose memory cannot be used starts cold', async () => {
    const w = await suspended();
    const start = w.supervisor.start();
    w.coldInstead();
    expect(state(w)).toBe('starting');
    w.boots[0]?.result.resolve(fakeVm('cold'));
    await start;
    expect(w.supervisor.live()?.name).toBe('cold');
  });
});
