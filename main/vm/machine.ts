// The VM's states as a pure table: a model and an event in, a model and effects out. Runs nothing, waits for nothing.
import type { WireError } from '../../preload/contract';

export type MachineState = 'stopped' | 'starting' | 'running' | 'stopping' | 'failed';

export interface Model {
  readonly state: MachineState;
  readonly error?: WireError;
  /** When the VM died by itself, within the window. */
  readonly crashes: readonly number[];
  /** Start again as soon as it is off. */
  readonly again: boolean;
  /** How often it came to rest: who waits for a stop sees it though a start followed at once. */
  readonly rests: number;
}

export type MachineEvent =
  | { readonly type: 'start' | 'stop' | 'restart' | 'adopt' | 'booted' | 'off' | 'nothingToAdopt' | 'retry' }
  | { readonly type: 'bootFailed'; readonly error: WireError; readonly at: number }
  | { readonly type: 'exited'; readonly error: WireError; readonly at: number };

export type Effect =
  | { readonly type: 'boot' | 'adopt' | 'abortBoot' | 'powerOff' }
  | { readonly type: 'retryIn'; readonly milliseconds: number }
  | { readonly type: 'notify'; readonly error: WireError };

export interface Step {
  readonly model: Model;
  readonly effects: readonly Effect[];
}

export const initialModel: Model = { state: 'stopped', crashes: [], again: false, rests: 0 };

export const CRASH_WINDOW_MS = 10 * 60_000;
/** Pauses before the restarts within one window; a death after the last one is a loop. */
export const RETRY_MS = [500, 3000, 10_000] as const;

export function step(model: Model, event: MachineEvent): Step {
  switch (event.type) {
    case 'start':
      return onStart(model);
    case 'adopt':
      return model.state === 'stopped' ? go(model, { state: 'starting' }, [{ type: 'adopt' }]) : stay(model);
    case 'nothingToAdopt':
      return model.state === 'stopping' ? onOff(model) : model.state === 'starting' ? go(model, { state: 'stopped' }) : stay(model);
    case 'stop':
      return onStop(model);
    case 'restart':
      return model.state === 'running' ? go(model, { state: 'stopping', again: true }, [{ type: 'powerOff' }]) : onStart(model);
    case 'booted':
      return model.state === 'starting' ? go(model, { state: 'running' }) : stay(model);
    case 'bootFailed':
      return onBootFailed(model, event.error, event.at);
    case 'exited':
      return model.state === 'running' ? onDeath(model, event.error, event.at) : stay(model);
    case 'off':
      return model.state === 'stopping' ? onOff(model) : stay(model);
    case 'retry':
      return model.state === 'starting' ? { model, effects: [{ type: 'boot' }] } : stay(model);
  }
}

function onStart(model: Model): Step {
  switch (model.state) {
    case 'stopped':
    case 'failed':
      return go(model, { state: 'starting', crashes: [] }, [{ type: 'boot' }]);
    case 'stopping':
      return go(model, { state: 'stopping', again: true });
    default:
      return stay(model);
  }
}

function onStop(model: Model): Step {
  switch (model.state) {
    case 'starting':
      return go(model, { state: 'stopping' }, [{ type: 'abortBoot' }]);
    case 'running':
      return go(model, { state: 'stopping' }, [{ type: 'powerOff' }]);
    case 'stopping':
      return go(model, { state: 'stopping', again: false });
    case 'failed':
      return go(model, { state: 'stopped', rests: model.rests + 1 });
    default:
      return stay(model);
  }
}

function onBootFailed(model: Model, error: WireError, at: number): Step {
  if (model.state === 'stopping') {
    return onOff(model);
  }
  if (model.state !== 'starting') {
    return stay(model);
  }
  // A restart of ours that dies again goes on counting; a start that the user asked for fails at once and says why.
  return model.crashes.length > 0 && error.code === 'vm.exited' ? onDeath(model, error, at) : go(model, { state: 'failed', error });
}

function onDeath(model: Model, error: WireError, at: number): Step {
  const crashes = [...model.crashes.filter((time) => at - time < CRASH_WINDOW_MS), at];
  const pause = RETRY_MS[crashes.length - 1];
  if (pause === undefined) {
    const loop: WireError = {
      code: 'vm.crashLoop',
      params: { times: crashes.length, minutes: CRASH_WINDOW_MS / 60_000, detail: String(error.params['detail'] ?? '') },
    };
    return go(model, { state: 'failed', error: loop, crashes: [] }, [{ type: 'notify', error: loop }]);
  }
  return go(model, { state: 'starting', crashes, error }, [
    { type: 'notify', error },
    { type: 'retryIn', milliseconds: pause },
  ]);
}

function onOff(model: Model): Step {
  const rested = { rests: model.rests + 1, crashes: [] };
  return model.again ? go(model, { ...rested, state: 'starting' }, [{ type: 'boot' }]) : go(model, { ...rested, state: 'stopped' });
}

/** An error belongs to the state it came with: it is gone with the next one, unless that one brings its own. */
function go(model: Model, change: Partial<Model> & Pick<Model, 'state'>, effects: readonly Effect[] = []): Step {
  const { error: _, ...rest } = model;
  return { model: { ...rest, again: false, ...change }, effects };
}

function stay(model: Model): Step {
  return { model, effects: [] };
}
