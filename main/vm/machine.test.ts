import { expect, test } from 'vitest';
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
    model: { state: 'starting', again: false, rests: 1 },
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
