// Runs the machine's effects: one boot, resume, adoption, suspend or power-off at a time, and the callers who wait for them.
// Knows neither QEMU nor ssh: what a boot is, is handed in.
import { fromWireError, toWireError, BerthError } from '../../preload/contract/errors';
import type { SuspendedBy, WireError } from '../../preload/contract';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';
import { initialModel, step } from './machine';
import type { Effect, MachineEvent, MachineState, Model } from './machine';

/** A VM whose engine answered. */
export interface Live {
  /** The driver's words on its end. */
  readonly exited: Promise<string>;
}

export interface SupervisorDeps<L extends Live> {
  /** Rejects when it fails, and then nothing of it is left. */
  boot(signal: AbortSignal): Promise<L>;
  /** From the memory that a suspend saved; where that cannot be used it calls `coldInstead` and boots. Rejects as `boot` does. */
  resume(signal: AbortSignal, coldInstead: () => void): Promise<L>;
  /** A VM that runs, or that one is suspended, or nothing. */
  adopt(signal: AbortSignal): Promise<L | 'suspended' | undefined>;
  /** Resolves when it is saved and no process of it is left. Rejects when it runs on, or has ended. */
  suspend(live: L, by: SuspendedBy): Promise<void>;
  /** Resolves when nothing of it is left. */
  powerOff(live: L): Promise<void>;
  /** The VM died: what is left of it on our side is let go. */
  bury(live: L): void;
  notify(error: WireError): void;
  readonly now?: () => number;
}

export interface Supervisor<L extends Live> {
  readonly model: Observable<Model>;
  live(): L | undefined;
  /** Resolves when it runs; a suspended one is resumed. */
  start(): Promise<void>;
  /** Resolves when it is off; a suspended one is resumed first, so that it ends in order. */
  stop(): Promise<void>;
  /** Resolves when it is suspended, or off where there was nothing to save. Rejects when it runs on. */
  suspend(by: SuspendedBy): Promise<void>;
  restart(): Promise<void>;
  /** True where one runs. */
  adopt(): Promise<boolean>;
  /** Forgets a running VM without touching it; a boot under way is ended. */
  letGo(): Promise<L | undefined>;
}

export function createSupervisor<L extends Live>(deps: SupervisorDeps<L>): Supervisor<L> {
  const now = deps.now ?? Date.now;
  const model = createObservable<Model>(initialModel);
  let live: L | undefined;
  let boot: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  let retry: NodeJS.Timeout | undefined;

  const send = (event: MachineEvent): void => {
    const next = step(model.get(), event);
    model.set(next.model);
    next.effects.forEach(run);
  };
  const is = (...states: readonly MachineState[]): boolean => states.includes(model.get().state);

  const run = (effect: Effect): void => {
    switch (effect.type) {
      case 'boot':
        begin((signal) => deps.boot(signal));
        break;
      case 'resume':
        begin((signal) => deps.resume(signal, () => send({ type: 'coldInstead' })));
        break;
      case 'adopt':
        begin((signal) => deps.adopt(signal));
        break;
      case 'abortBoot':
        clearTimeout(retry);
        if (boot === undefined) {
          send({ type: 'off' });
        } else {
          boot.abort.abort(new BerthError('rpc.cancelled', {}));
        }
        break;
      case 'suspend':
        void suspend(effect.by);
        break;
      case 'powerOff':
        void powerOff();
        break;
      case 'retryIn':
        retry = setTimeout(() => send({ type: 'retry' }), effect.milliseconds);
        break;
      case 'notify':
        deps.notify(effect.error);
        break;
    }
  };

  const begin = (work: (signal: AbortSignal) => Promise<L | 'suspended' | undefined>): void => {
    const abort = new AbortController();
    const done = (async () => {
      try {
        const result = await work(abort.signal);
        boot = undefined;
        if (result === undefined) {
          send({ type: 'nothingToAdopt' });
        } else if (result === 'suspended') {
          send({ type: 'foundSuspended' });
        } else if (is('stopping')) {
          // It came up in the very moment of the stop.
          live = result;
          await powerOff();
        } else {
          watch(result);
          send({ type: 'booted' });
        }
      } catch (error) {
        boot = undefined;
        send({ type: 'bootFailed', error: toWireError(error), at: now() });
      }
    })();
    boot = { abort, done };
  };

  const exited = (detail: string): void => send({ type: 'exited', error: { code: 'vm.exited', params: { detail } }, at: now() });

  const watch = (vm: L): void => {
    live = vm;
    void vm.exited.then((detail) => {
      // The end of one that is stopped or suspended is seen by whoever does that.
      if (live === vm && is('running')) {
        live = undefined;
        deps.bury(vm);
        exited(detail);
      }
    });
  };

  const suspend = async (by: SuspendedBy): Promise<void> => {
    const vm = live;
    if (vm === undefined) {
      return;
    }
    try {
      await deps.suspend(vm, by);
      live = undefined;
      send({ type: 'suspended' });
    } catch (error) {
      const end = await Promise.race([vm.exited, Promise.resolve(undefined)]);
      if (end === undefined) {
        send({ type: 'suspendFailed', error: toWireError(error) });
      } else {
        live = undefined;
        deps.bury(vm);
        exited(end);
      }
    }
  };

  const powerOff = async (): Promise<void> => {
    const vm = live;
    try {
      if (vm !== undefined) {
        await deps.powerOff(vm);
      }
    } finally {
      live = undefined;
      send({ type: 'off' });
    }
  };

  const until = (reached: (current: Model) => boolean): Promise<Model> =>
    new Promise((resolve) => {
      if (reached(model.get())) {
        resolve(model.get());
        return;
      }
      const unsubscribe = model.subscribe((current) => {
        if (reached(current)) {
          unsubscribe();
          resolve(current);
        }
      });
    });

  const untilRunning = async (): Promise<void> => {
    const { state, error } = await until(
      (current) => ['running', 'failed', 'stopped', 'suspended'].includes(current.state) && current.then === undefined,
    );
    if (state !== 'running') {
      throw error === undefined ? new BerthError('rpc.cancelled', {}) : fromWireError(error);
    }
  };

  const untilRest = async (type: 'stop' | 'suspend', ask: () => void): Promise<void> => {
    const { rests } = model.get();
    ask();
    const calm = type === 'stop' ? ['stopped', 'running'] : ['stopped', 'suspended', 'running'];
    const left = type === 'stop' ? ['starting', 'failed'] : ['starting', 'failed', 'resuming'];
    const { state, error } = await until(
      (current) => calm.includes(current.state) || (current.rests > rests && left.includes(current.state)),
    );
    if (state === 'running' && error !== undefined) {
      throw fromWireError(error);
    }
  };

  return {
    model,
    live: () => live,
    start() {
      send({ type: 'start' });
      return untilRunning();
    },
    stop: () => untilRest('stop', () => send({ type: 'stop' })),
    suspend: (by) => untilRest('suspend', () => send({ type: 'suspend', by })),
    restart() {
      send({ type: 'restart' });
      return untilRunning();
    },
    async adopt() {
      send({ type: 'adopt' });
      await until(({ state }) => state !== 'starting');
      return is('running');
    },
    async letGo() {
      if (is('stopping', 'suspending')) {
        await until(({ state }) => state !== 'stopping' && state !== 'suspending');
      }
      clearTimeout(retry);
      boot?.abort.abort(new BerthError('rpc.cancelled', {}));
      await boot?.done;
      const vm = live;
      live = undefined;
      return vm;
    },
  };
}
