// What Berth costs: looks at its processes and at the guest now and then, keeps an hour and a day of it, has the guest give back what it does not
// need, and tells all of it. One timer; it looks often only while somebody reads. Knows the VM by its status and its agent.
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, CostStatus, Settings, VmStatus } from '../../preload/contract';
import { asError, sleep } from '../lib/async';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import { createObservable, follow } from '../lib/observable';
import type { Observable } from '../lib/observable';
import type { Agent } from '../vm/agent';
import { createAccount } from './account';
import type { Account, UsedByPart } from './account';
import { readCounters } from './counters';
import { createHistory, total } from './history';
import type { Look } from './history';
import { noReclaim, reclaim, spare } from './reclaim';
import type { GuestUsage, ReclaimLook } from './reclaim';
import { remediesFor } from './remedies';
import { findRoots } from './roots';

export interface CostDeps {
  readonly files: HomeFiles;
  readonly vm: { readonly status: Observable<VmStatus>; readonly agent: Agent };
  readonly settings: Observable<Settings>;
  readonly runningContainers: Observable<number>;
  readonly log: Logger;
  readonly account?: Account;
  /** Of the guest's memory, what the host has given; missing where it cannot be told. */
  readonly given?: (pid: number) => Promise<number | undefined>;
}

export interface Cost {
  readonly handlers: Pick<BackendHandlers, 'cost.changes' | 'cost.giveBack'>;
  dispose(): Promise<void>;
}

const WATCHED_MS = 5000;
/** Over less a hundredth of a second of CPU is too coarse. */
const LEAST_MS = 1000;
const RUNNING_MS = 15_000;
const OFF_MS = 60_000;
/** More between two looks: the computer slept, and nobody knows when what was counted was. */
const SLEPT_MS = 180_000;
const EXACT_MS = 300_000;
const ANSWER_MS = 5000;
const RECLAIM_MS = 60_000;
/** Of the cache, what is left by somebody's own wish. */
const LEFT_BYTES = 64 * 2 ** 20;
/** Reporting follows two seconds behind, a part at a time. */
const REPORTED_MS = 6000;

export function createCost({ files, vm, settings, runningContainers, log, account = createAccount(), given = givenTo }: CostDeps): Cost {
  const history = createHistory(files.state.cost, log);
  const looked = createObservable(0);
  let timer: NodeJS.Timeout | undefined;
  let disposed = false;
  let readers = 0;
  let last: { readonly at: number; readonly usage?: GuestUsage | undefined } | undefined;
  let now: CostStatus['now'];
  let guest: CostStatus['guest'];
  let seen: ReclaimLook | undefined;
  let state = noReclaim;
  let reclaiming = false;
  let exactAt = -Infinity;
  let looking: Promise<void> = history.load();

  const isOn = (): boolean => vm.status.get().state === 'running';

  async function usage(): Promise<GuestUsage | undefined> {
    // A guest of an earlier Berth's knows no such question.
    return isOn() ? vm.agent.call('usage', {}, { timeoutMs: ANSWER_MS }).catch(() => undefined) : undefined;
  }

  async function look(): Promise<void> {
    const { pid } = vm.status.get();
    const at = performance.now();
    if (last !== undefined && at - last.at < LEAST_MS) {
      return;
    }
    const exact = at - exactAt >= (readers > 0 ? OFF_MS : EXACT_MS);
    const [present, used] = await Promise.all([usage(), findRoots(files, pid).then((roots) => account.look(roots, exact))]);
    if (exact) {
      exactAt = at;
    }
    const before = last;
    last = { at, usage: present };
    const elapsed = before === undefined ? Infinity : at - before.at;
    const seconds = elapsed / 1000;
    const inside = guestLook(before?.usage, present);
    if (used !== undefined && elapsed < SLEPT_MS) {
      history.add({ at: Date.now(), seconds, used, ...inside });
      now = nowOf(seconds, used);
    } else {
      now = undefined;
    }
    guest = present === undefined ? undefined : guestNow(seconds, present, inside);
    if (present !== undefined && pid !== undefined) {
      const givenBytes = await given(pid);
      seen = {
        at: at / 1000,
        usage: present,
        memoryBytes: vm.status.get().memoryBytes,
        ...(givenBytes === undefined ? {} : { givenBytes }),
      };
      decide(seen);
    } else {
      seen = undefined;
      state = noReclaim;
    }
    looked.set(looked.get() + 1);
  }

  /** Not while somebody's own wish is carried out. */
  function decide(found: ReclaimLook): void {
    if (reclaiming || !vm.status.get().features.balloon || found.at - (state.last?.at ?? -Infinity) < (RUNNING_MS - 1000) / 1000) {
      return;
    }
    const { state: next, order } = reclaim(state, found);
    state = next;
    if (order !== undefined) {
      reclaiming = true;
      void vm.agent
        .call('reclaim', order, { timeoutMs: RECLAIM_MS })
        .then(({ bytes }) => log.debug('memory of the guest given back', { ...order, freedBytes: bytes }))
        .catch((error: unknown) => log.debug('no memory given back', { error: asError(error).message }))
        .finally(() => (reclaiming = false));
    }
  }

  const pause = (): number => (readers > 0 ? WATCHED_MS : isOn() ? RUNNING_MS : OFF_MS);
  function schedule(): void {
    clearTimeout(timer);
    if (!disposed) {
      const due = Math.max(0, (last?.at ?? -Infinity) + pause() - performance.now());
      timer = setTimeout(run, due);
      timer.unref();
    }
  }
  function run(): void {
    looking = looking
      .then(look)
      .catch((error: unknown) => log.debug('no look at what Berth costs', { error: asError(error).message }))
      .finally(schedule);
  }
  const unsubscribe = vm.status.subscribe(() => {
    // Of one that has ended since, what was counted last goes unseen; one that starts is looked at from its beginning.
    if (last !== undefined && timer !== undefined) {
      schedule();
    }
  });
  void looking.then(run);

  function status(): CostStatus {
    const at = Date.now();
    const vmBytes = now?.parts.find(({ part }) => part === 'vm')?.memoryBytes ?? 0;
    return {
      ...(now === undefined ? {} : { now }),
      ...(guest === undefined ? {} : { guest }),
      hour: history.hour(at),
      day: history.day(at),
      remedies: remediesFor({
        vm: vm.status.get(),
        runningContainers: runningContainers.get(),
        idleMinutes: settings.get().vm.idleMinutes,
        vmBytes,
        spareBytes: seen === undefined ? 0 : spare(seen),
      }),
    };
  }

  async function* changes(signal: AbortSignal): AsyncGenerator<CostStatus> {
    readers += 1;
    schedule();
    try {
      for await (const _ of follow(looked, signal)) {
        yield status();
      }
    } finally {
      readers -= 1;
    }
  }

  async function giveBack(signal: AbortSignal): Promise<{ readonly bytes: number }> {
    const { pid, state: vmState } = vm.status.get();
    const present = await usage();
    if (present === undefined || pid === undefined) {
      throw new BerthError('vm.notRunning', { state: vmState });
    }
    const before = await given(pid);
    reclaiming = true;
    try {
      const order = { bytes: Math.max(0, present.fileBytes - LEFT_BYTES), compact: true };
      const { bytes: freed } = await vm.agent.call('reclaim', order, { timeoutMs: RECLAIM_MS });
      if (before === undefined) {
        return { bytes: freed };
      }
      await sleep(REPORTED_MS, signal);
      return { bytes: Math.max(0, before - ((await given(pid)) ?? before)) };
    } finally {
      reclaiming = false;
      run();
    }
  }

  return {
    handlers: {
      'cost.changes': (_, { signal }) => changes(signal),
      'cost.giveBack': (_, { signal }) => giveBack(signal),
    },
    async dispose() {
      disposed = true;
      clearTimeout(timer);
      unsubscribe();
      await looking;
      await history.flush();
    },
  };
}

function usedBytes({ totalBytes, freeBytes, fileBytes }: GuestUsage): number {
  return Math.max(0, totalBytes - freeBytes - fileBytes);
}

function nowOf(seconds: number, used: UsedByPart): NonNullable<CostStatus['now']> {
  const parts = [...used].map(([part, { processes, cpuSeconds, wakeups, ...figures }]) => ({
    ...{ part, processes, ...figures },
    ...(cpuSeconds === undefined ? {} : { cpu: cpuSeconds / seconds }),
    ...(wakeups === undefined ? {} : { wakeups: wakeups / seconds }),
  }));
  return { at: Date.now(), parts, ...total(parts) };
}

function guestNow(seconds: number, present: GuestUsage, { guest }: Pick<Look, 'guest'>): NonNullable<CostStatus['guest']> {
  return {
    usedBytes: usedBytes(present),
    totalBytes: present.totalBytes,
    cacheBytes: present.fileBytes,
    ...(guest === undefined ? {} : { cpu: guest.cpuSeconds / seconds, writtenBytes: guest.writtenBytes }),
  };
}

/** Counters of one boot only. */
function guestLook(before: GuestUsage | undefined, present: GuestUsage | undefined): Pick<Look, 'guest'> {
  if (before === undefined || present === undefined || present.cpuSeconds < before.cpuSeconds) {
    return {};
  }
  return {
    guest: {
      cpuSeconds: present.cpuSeconds - before.cpuSeconds,
      usedBytes: usedBytes(present),
      writtenBytes: Math.max(0, present.writtenBytes - before.writtenBytes),
    },
  };
}

/** The guest's memory is the only memory of QEMU's that is made to be shared; where the host has none of that kind, nobody can tell. */
async function givenTo(pid: number): Promise<number | undefined> {
  const bytes = (await readCounters([pid])).get(pid)?.memory?.sharedBytes;
  return bytes === 0 ? undefined : bytes;
}
