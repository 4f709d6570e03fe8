import { describe, expect, test } from 'vitest';
import { CRASH_WINDOW_MS, initialModel, RETRY_MS, step } from './machine';
import type { MachineEvent, MachineState, Model } from './machine';

const error = { code: 'vm.exited', params: { detail: 'signal SIGKILL' } } as const;
const at = (state: MachineState, more: Partial<Model> = {}): Model => ({ ...initialModel, state, ...more });
const effects = (model: Model, event: MachineEvent): string[] => step(model, event).effects.map(({ type }) => type);
const state = (model: Model, event: MachineEvent): MachineState => step(model, event).model.state;

test.each([
  ['stopped', 'start', 'starting', ['boot']],
  ['failed', 'start', 'starting', ['boot']],
  ['starting', 'start', 'starting', []],
  ['running', 'start', 'running', []],
  ['stopping', 'start', 'stopping', []],
  ['stopped', 'stop', 'stopped', []],
  ['failed', 'stop', 'stopped', []],
  ['starting', 'stop', 'stopping', ['abortBoot']],
  ['running', 'stop', 'stopping', ['powerOff']],
  ['stopping', 'stop', 'stopping', []],
  ['running', 'restart', 'stopping', ['powerOff']],
  ['stopped', 'restart', 'starting', ['boot']],
  ['failed', 'restart', 'starting', ['boot']],
  ['stopped', 'adopt', 'starting', ['adopt']],
  ['running', 'adopt', 'running', []],
  ['starting', 'nothingToAdopt', 'stopped', []],
  ['starting', 'booted', 'running', []],
  ['stopping', 'booted', 'stopping', []],
  ['stopping', 'off', 'stopped', []],
  ['running', 'off', 'running', []],
  ['starting', 'retry', 'starting', ['boot']],
  ['stopping', 'retry', 'stopping', []],
  ['suspended', 'start', 'resuming', ['resume']],
  ['suspended', 'stop', 'resuming', ['resume']],
  ['suspended', 'restart', 'resuming', ['resume']],
  ['suspending', 'start', 'suspending', []],
  ['suspending', 'stop', 'suspending', []],
  ['resuming', 'stop', 'resuming', []],
  ['resuming', 'booted', 'running', []],
  ['resuming', 'coldInstead', 'starting', []],
  ['running', 'coldInstead', 'running', []],
  ['starting', 'foundSuspended', 'suspended', []],
  ['suspending', 'suspended', 'suspended', []],
  ['running', 'suspended', 'running', []],
] as const)('%s, %s → %s %j', (from, type, to, expected) => {
  expect(state(at(from), { type })).toBe(to);
  expect(effects(at(from), { type })).toEqual(expected);
});

test('a start asked for while it stops happens after the stop; a stop asked for again takes it back', () => {
  const wished = step(at('stopping'), { type: 'start' }).model;
  expect(step(wished, { type: 'off' })).toMatchObject({ model: { state: 'starting' }, effects: [{ type: 'boot' }] });
  const taken = step(wished, { type: 'stop' }).model;
  expect(state(taken, { type: 'off' })).toBe('stopped');
});

test('a restart boots again as soon as it is off', () => {
  const stopping = step(at('running'), { type: 'restart' }).model;
  expect(step(stopping, { type: 'off' })).toMatchObject({
    model: { state: 'starting', rests: 1 },
    effects: [{ type: 'boot' }],
  });
});

test('a failed start that the user asked for fails at once, with its error', () => {
  expect(step(at('starting'), { type: 'bootFailed', error, at: 0 })).toMatchObject({ model: { state: 'failed', error }, effects: [] });
});

test('a boot that was aborted by a stop is simply off', () => {
  expect(state(at('stopping'), { type: 'bootFailed', error, at: 0 })).toBe('stopped');
});

test('deaths: said, restarted with growing pauses, and a loop after the last', () => {
  let model = at('running');
  for (const [index, pause] of RETRY_MS.entries()) {
    const died = step(model, { type: 'exited', error, at: index * 1000 });
    expect(died.model).toMatchObject({ state: 'starting', error });
    expect(died.effects).toEqual([
      { type: 'notify', error },
      { type: 'retryIn', milliseconds: pause },
    ]);
    model = step(died.model, { type: 'booted' }).model;
  }
  const loop = step(model, { type: 'exited', error, at: 10_000 });
  expect(loop.model).toMatchObject({ state: 'failed', error: { code: 'vm.crashLoop', params: { times: RETRY_MS.length + 1 } } });
  expect(loop.effects).toMatchObject([{ type: 'notify', error: { code: 'vm.crashLoop' } }]);
});

test('a restart of ours that dies during its boot counts as a death too', () => {
  const first = step(at('running'), { type: 'exited', error, at: 0 }).model;
  expect(step(first, { type: 'bootFailed', error, at: 1000 })).toMatchObject({ model: { state: 'starting', crashes: [0, 1000] } });
  expect(state(first, { type: 'bootFailed', error: { code: 'disk.missing', params: {} }, at: 1000 })).toBe('failed');
});

test('deaths long ago do not count', () => {
  const model = at('running', { crashes: [0, 1, 2] });
  expect(step(model, { type: 'exited', error, at: CRASH_WINDOW_MS + 10 }).model.crashes).toEqual([CRASH_WINDOW_MS + 10]);
});

test('the error of a state goes with it', () => {
  expect(step(at('failed', { error }), { type: 'start' }).model.error).toBeUndefined();
});

test('a suspend: from what runs, and a stop for what has not come up', () => {
  const suspend = { type: 'suspend', by: 'idle' } as const;
  expect(step(at('running'), suspend)).toMatchObject({ model: { state: 'suspending' }, effects: [suspend] });
  expect(step(at('starting'), suspend)).toMatchObject({ model: { state: 'stopping' }, effects: [{ type: 'abortBoot' }] });
  expect(step(at('suspended'), suspend)).toMatchObject({ model: { state: 'suspended' }, effects: [] });
  expect(step(at('stopped'), suspend)).toMatchObject({ model: { state: 'stopped' }, effects: [] });
});

describe('what is asked for while a suspend or a resume is under way is done after it', () => {
  const wish = (from: MachineState, asked: MachineEvent): Model => step(at(from), asked).model;

  test.each([
    ['start', 'resuming', ['resume']],
    ['stop', 'resuming', ['resume']],
    ['restart', 'resuming', ['resume']],
  ] as const)('suspending, %s', (type, to, expected) => {
    const wished = wish('suspending', { type });
    expect(effects(wished, { type: 'suspended' })).toEqual(expected);
    expect(state(wished, { type: 'suspended' })).toBe(to);
  });

  test('the last wish counts', () => {
    const taken = step(wish('suspending', { type: 'start' }), { type: 'suspend', by: 'user' }).model;
    expect(state(taken, { type: 'suspended' })).toBe('suspended');
  });

  test.each([
    ['stop', 'stopping', ['powerOff']],
    ['restart', 'stopping', ['powerOff']],
  ] as const)('suspended, %s: it is resumed and then ended in order', (type, to, expected) => {
    const resuming = wish('suspended', { type });
    expect(state(resuming, { type: 'booted' })).toBe(to);
    expect(effects(resuming, { type: 'booted' })).toEqual(expected);
  });

  test('a restart of a suspended one boots after its end', () => {
    const stopping = step(wish('suspended', { type: 'restart' }), { type: 'booted' }).model;
    expect(step(stopping, { type: 'off' })).toMatchObject({ model: { state: 'starting' }, effects: [{ type: 'boot' }] });
  });

  test('a resume that nobody wants any more is suspended again; as a boot it is ended', () => {
    const unwanted = step(at('resuming'), { type: 'suspend', by: 'user' }).model;
    expect(step(unwanted, { type: 'booted' })).toMatchObject({
      model: { state: 'suspending' },
      effects: [{ type: 'suspend', by: 'user' }],
    });
    expect(step(unwanted, { type: 'coldInstead' })).toMatchObject({ model: { state: 'stopping' }, effects: [{ type: 'abortBoot' }] });
  });
});

describe('an adoption is not broken off: what is asked for is done with the VM that it finds', () => {
  const adopting = step(at('stopped'), { type: 'adopt' }).model;
  const suspend = step(adopting, { type: 'suspend', by: 'quit' }).model;
  const stop = step(adopting, { type: 'stop' }).model;

  test('a VM that runs is suspended, or powered off in order', () => {
    expect([suspend.state, stop.state]).toEqual(['starting', 'starting']);
    expect(step(suspend, { type: 'booted' }).effects).toEqual([{ type: 'suspend', by: 'quit' }]);
    expect(effects(stop, { type: 'booted' })).toEqual(['powerOff']);
    expect(state(step(stop, { type: 'start' }).model, { type: 'booted' })).toBe('running');
  });

  test('one that is suspended already stays so, or is resumed to end in order', () => {
    expect(state(suspend, { type: 'foundSuspended' })).toBe('suspended');
    expect(step(stop, { type: 'foundSuspended' })).toMatchObject({
      model: { state: 'resuming', then: 'stop' },
      effects: [{ type: 'resume' }],
    });
  });

  test('where there is none, or it cannot be taken over, it is off', () => {
    expect(state(suspend, { type: 'nothingToAdopt' })).toBe('stopped');
    expect(state(stop, { type: 'bootFailed', error, at: 0 })).toBe('stopped');
  });
});

test('a suspend that fails leaves it running, says why, and a stop asked for meanwhile is done', () => {
  const full = { code: 'vm.exited', params: { detail: 'full' } } as const;
  const failed = step(at('suspending'), { type: 'suspendFailed', error: full });
  expect(failed).toMatchObject({ model: { state: 'running', error: full }, effects: [{ type: 'notify', error: full }] });
  expect(effects(at('suspending', { then: 'stop' }), { type: 'suspendFailed', error: full })).toEqual(['powerOff']);
});

test('a death while it is suspended is said and not answered with a boot, unless one was asked for', () => {
  const dead = step(at('suspending'), { type: 'exited', error, at: 0 });
  expect(dead).toMatchObject({ model: { state: 'stopped', error, rests: 1 }, effects: [{ type: 'notify', error }] });
  expect(effects(at('suspending', { then: 'start' }), { type: 'exited', error, at: 0 })).toEqual(['notify', 'boot']);
});

test('a resume that fails for good is a failed start', () => {
  expect(step(at('resuming'), { type: 'bootFailed', error, at: 0 })).toMatchObject({ model: { state: 'failed', error } });
});
