// The VM's states as a pure table: a model and an event in, a model and effects out. Runs nothing, waits for nothing.
import type { SuspendedBy, WireError } from '../../preload/contract';

export type MachineState = 'stopped' | 'starting' | 'running' | 'suspending' | 'suspended' | 'resuming' | 'stopping' | 'failed';

export interface Model {
  readonly state: MachineState;
  readonly error?: WireError;
  /** When the VM died by itself, within the window. */
  readonly crashes: readonly number[];
  /** It is looked for a VM that an earlier backend left. */
  readonly adopting?: true;
  /**
   * What was asked for meanwhile: done as soon as the present state is over. A suspend and a resume are never broken off, they take a second; nor is an
   * adoption, whose containers run.
   */
  readonly then?: 'start' | 'restart' | 'suspend' | 'stop';
  /** Of that suspend. */
  readonly by?: SuspendedBy;
  /** How often it came to rest: who waits for a stop sees it though a start followed at once. */
  readonly rests: number;
}

export type MachineEvent =
  | { readonly type: 'start' | 'stop' | 'restart' | 'adopt' | 'booted' | 'off' | 'nothingToAdopt' | 'retry' }
  /** An earlier backend left the memory of a suspended VM. */
  | { readonly type: 'foundSuspended' }
  /** Saved memory cannot be used: what was a resume goes on as a boot. */
  | { readonly type: 'coldInstead' }
  | { readonly type: 'suspend'; readonly by: SuspendedBy }
  | { readonly type: 'suspended' }
  /** It runs on. */
  | { readonly type: 'suspendFailed'; readonly error: WireError }
  | { readonly type: 'bootFailed'; readonly error: WireError; readonly at: number }
  | { readonly type: 'exited'; readonly error: WireError; readonly at: number };

export type Effect =
  | { readonly type: 'boot' | 'resume' | 'adopt' | 'abortBoot' | 'powerOff' }
  | { readonly type: 'suspend'; readonly by: SuspendedBy }
  | { readonly type: 'retryIn'; readonly milliseconds: number }
  | { readonly type: 'notify'; readonly error: WireError };

export interface Step {
  readonly model: Model;
  readonly effects: readonly Effect[];
}

export const initialModel: Model = { state: 'stopped', crashes: [], rests: 0 };

export const CRASH_WINDOW_MS = 10 * 60_000;
/** Pauses before the restarts within one window; a death after the last one is a loop. */
export const RETRY_MS = [500, 3000, 10_000] as const;

export function step(model: Model, event: MachineEvent): Step {
  switch (event.type) {
    case 'start':
      return onStart(model);
    case 'adopt':
      return model.state === 'stopped' ? go(model, { state: 'starting', adopting: true }, [{ type: 'adopt' }]) : stay(model);
    case 'nothingToAdopt':
      return model.state === 'stopping' ? onOff(model) : model.state === 'starting' ? go(model, { state: 'stopped' }) : stay(model);
    case 'foundSuspended':
      return onFoundSuspended(model);
    case 'stop':
      return onStop(model);
    case 'suspend':
      return onSuspend(model, event.by);
    case 'restart':
      return onRestart(model);
    case 'booted':
      return onBooted(model);
    case 'coldInstead':
      return onColdInstead(model);
    case 'bootFailed':
      return onBootFailed(model, event.error, event.at);
    case 'exited':
      return onExited(model, event.error, event.at);
    case 'off':
      return model.state === 'stopping' ? onOff(model) : stay(model);
    case 'suspended':
      return model.state === 'suspending' ? onSuspended(model) : stay(model);
    case 'suspendFailed':
      return onSuspendFailed(model, event.error);
    case 'retry':
      return model.state === 'starting' ? { model, effects: [{ type: 'boot' }] } : stay(model);
  }
}

function onStart(model: Model): Step {
  switch (model.state) {
    case 'stopped':
    case 'failed':
      return go(model, { state: 'starting', crashes: [] }, [{ type: 'boot' }]);
    case 'suspended':
      return resume(model);
    case 'stopping':
    case 'suspending':
      return later(model, 'start');
    case 'resuming':
      return later(model, undefined);
    case 'starting':
      return model.then === undefined ? stay(model) : later(model, undefined);
    default:
      return stay(model);
  }
}

function onStop(model: Model): Step {
  switch (model.state) {
    case 'starting':
      return model.adopting === true ? later(model, 'stop') : go(model, { state: 'stopping' }, [{ type: 'abortBoot' }]);
    case 'running':
      return powerOff(model);
    case 'stopping':
      return later(model, undefined);
    case 'suspended':
      return resume(model, 'stop');
    case 'suspending':
    case 'resuming':
      return later(model, 'stop');
    case 'failed':
      return go(model, rested(model, 'stopped'));
    default:
      return stay(model);
  }
}

function onSuspend(model: Model, by: SuspendedBy): Step {
  switch (model.state) {
    case 'running':
      return go(model, { state: 'suspending' }, [{ type: 'suspend', by }]);
    case 'suspending':
      return later(model, undefined);
    case 'resuming':
      return later(model, 'suspend', by);
    case 'suspended':
      return stay(model);
    case 'starting':
      return model.adopting === true ? later(model, 'suspend', by) : onStop(model);
    default:
      // What has not come up has nothing to save.
      return onStop(model);
  }
}

function onRestart(model: Model): Step {
  switch (model.state) {
    case 'running':
      return powerOff(model, 'start');
    case 'suspended':
      return resume(model, 'restart');
    case 'suspending':
    case 'resuming':
      return later(model, 'restart');
    default:
      return onStart(model);
  }
}

function onBooted(model: Model): Step {
  if (model.state !== 'starting' && model.state !== 'resuming') {
    return stay(model);
  }
  switch (model.then) {
    case 'stop':
      return powerOff(model);
    case 'restart':
      return powerOff(model, 'start');
    case 'suspend':
      return go(model, { state: 'suspending' }, [{ type: 'suspend', by: model.by ?? 'user' }]);
    default:
      return go(model, { state: 'running' });
  }
}

function onColdInstead(model: Model): Step {
  if (model.state !== 'resuming') {
    return stay(model);
  }
  const unwanted = model.then === 'stop' || model.then === 'suspend';
  return unwanted ? go(model, { state: 'stopping' }, [{ type: 'abortBoot' }]) : go(model, { state: 'starting' });
}

function onBootFailed(model: Model, error: WireError, at: number): Step {
  if (model.state === 'stopping') {
    return onOff(model);
  }
  if (model.state !== 'starting' && model.state !== 'resuming') {
    return stay(model);
  }
  if (model.then === 'stop' || model.then === 'suspend') {
    return onOff(model);
  }
  // A restart of ours that dies again goes on counting; a start that the user asked for fails at once and says why.
  return model.crashes.length > 0 && error.code === 'vm.exited' ? onDeath(model, error, at) : go(model, { state: 'failed', error });
}

function onExited(model: Model, error: WireError, at: number): Step {
  if (model.state === 'suspending') {
    // It was to end anyway, but its containers would have gone on.
    const wanted = model.then === 'start' || model.then === 'restart';
    const after = wanted ? go(model, rested(model, 'starting'), [{ type: 'boot' }]) : go(model, { ...rested(model, 'stopped'), error });
    return { model: after.model, effects: [{ type: 'notify', error }, ...after.effects] };
  }
  return model.state === 'running' ? onDeath(model, error, at) : stay(model);
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
  return model.then === 'start'
    ? go(model, { ...rested(model, 'starting'), crashes: [] }, [{ type: 'boot' }])
    : go(model, { ...rested(model, 'stopped'), crashes: [] });
}

function onSuspended(model: Model): Step {
  const at = { ...model, ...rested(model, 'suspended'), crashes: [] };
  switch (model.then) {
    case 'start':
      return resume(at);
    case 'stop':
    case 'restart':
      return resume(at, model.then);
    default:
      return go(at, { state: 'suspended' });
  }
}

function onSuspendFailed(model: Model, error: WireError): Step {
  if (model.state !== 'suspending') {
    return stay(model);
  }
  switch (model.then) {
    case 'stop':
      return powerOff(model);
    case 'restart':
      return powerOff(model, 'start');
    default:
      return go(model, { state: 'running', error }, [{ type: 'notify', error }]);
  }
}

function onFoundSuspended(model: Model): Step {
  if (model.state !== 'starting' && model.state !== 'stopping') {
    return stay(model);
  }
  return model.then === 'stop' ? resume(model, 'stop') : go(model, rested(model, 'suspended'));
}

function resume(model: Model, then?: Model['then']): Step {
  return go(model, { state: 'resuming', crashes: [], ...(then === undefined ? {} : { then }) }, [{ type: 'resume' }]);
}

function powerOff(model: Model, then?: 'start'): Step {
  return go(model, { state: 'stopping', ...(then === undefined ? {} : { then }) }, [{ type: 'powerOff' }]);
}

function rested(model: Model, state: MachineState): Pick<Model, 'state' | 'rests'> {
  return { state, rests: model.rests + 1 };
}

/** What is under way goes on; another wish takes the place of an earlier one. */
function later(model: Model, then: Model['then'], by?: SuspendedBy): Step {
  const { state, adopting } = model;
  return go(model, {
    state,
    ...(adopting === undefined ? {} : { adopting }),
    ...(then === undefined ? {} : { then }),
    ...(by === undefined ? {} : { by }),
  });
}

/** An error, a wish and what a start is belong to the state they came with: they are gone with the next one, unless that one brings its own. */
function go(model: Model, change: Partial<Model> & Pick<Model, 'state'>, effects: readonly Effect[] = []): Step {
  const { error: _, then: __, adopting: ___, by: ____, ...rest } = model;
  return { model: { ...rest, ...change }, effects };
}

function stay(model: Model): Step {
  return { model, effects: [] };
}
