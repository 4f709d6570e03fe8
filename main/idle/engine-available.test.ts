import { expect, test } from 'vitest';
import type { VmStatus } from '../../preload/contract';
import { createObservable } from '../lib/observable';
import { followAvailable } from './engine-available';

const engine = { version: '28', apiVersion: '1.51' };

test.each<[string, Partial<VmStatus>, boolean, boolean]>([
  ['a ping of a resume stays', { state: 'resuming', pid: 1 }, true, true],
  ['a ping of a start stays', { state: 'starting', pid: 1 }, true, true],
  ['a VM that died and starts again', { state: 'starting' }, true, false],
  ['a suspend', { state: 'suspending', pid: 1 }, true, false],
  ['it runs on after a suspend that failed', { state: 'running', pid: 1, engine }, false, true],
  ['it runs and its engine has not answered', { state: 'running', pid: 1 }, false, false],
  ['off', { state: 'stopped' }, true, false],
])('%s', (_, status, before, after) => {
  const source = createObservable({} as VmStatus);
  const available = createObservable(before);
  let losses = 0;
  followAvailable(source, available, () => (losses += 1));
  source.set(status as VmStatus);
  expect(available.get()).toBe(after);
  expect(losses > 0).toBe(before && !after);
});
