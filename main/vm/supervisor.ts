// Runs the machine's effects: one boot, one adoption, one power-off at a time, and the callers who wait for them.
// Knows neither QEMU nor ssh: what a boot is, is handed in.
import { fromWireError, toWireError, BerthError } from '../../preload/contract/errors';
import type { WireError } from '../../preload/contract';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';
import { initialModel, step } from './machine';
import type { Effect, MachineEvent, Model } from './machine';

/** A VM whose engine answered. */
export interface Live {
  /** The driver's words on its end. */
  readonly exited: Promise<string>;
}

export interface SupervisorDeps<L extends Live> {
  /** Rejects when it fails, and then nothing of it is left. */
  boot(signal: AbortSignal): Promise<L>;
  adopt(signal: AbortSignal): Promise<L | undefined>;
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
  start(): Promise<void>;
  stop(): Promise<void>;
  restart(): Promise<void>;
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

  const run = (effect: Effect): void => {
    switch (effect.type) {
      case 'boot':
        begin((signal) => deps.boot(signal));
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

  const begin = (work: (signal: AbortSignal) => Promise<L | undefined>): void => {
    const abort = new AbortController();
    const done = (async () => {
      try {
        const result = await work(abort.signal);
        boot = undefined;
        if (result === undefined) {
          send({ type: 'nothingToAdopt' });
        } else if (model.get().state === 'stopping') {
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

  const watch = (vm: L): void => {
    live = vm;
    void vm.exited.then((detail) => {
      if (live !== vm) {
        return;
      }
      if (model.get().state === 'running') {
        live = undefined;
        deps.bury(vm);
        send({ type: 'exited', error: { code: 'vm.exited', params: { detail } }, at: now() });
      }
    });
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
    const { state, error } = await until((current) => ['running', 'failed', 'stopped'].includes(current.state) && !current.again);
    if (state !== 'running') {
      throw error === undefined ? new BerthError('rpc.cancelled', {}) : fromWireError(error);
    }
  };

  return {
    model,
    live: () => live,
    start() {
      send({ type: 'start' });
      return untilRunning();
    },
    async stop() {
      const { rests } = model.get();
      send({ type: 'stop' });
      await until((current) => current.state === 'stopped' || current.rests > rests);
    },
    restart() {
      send({ type: 'restart' });
      return untilRunning();
    },
    async adopt() {
      send({ type: 'adopt' });
      await until(({ state }) => state !== 'starting');
      return model.get().state === 'running';
    },
    async letGo() {
      if (model.get().state === 'stopping') {
        await until(({ state }) => state !== 'stopping');
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
