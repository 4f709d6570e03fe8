import { expect, test } from 'vitest';
import type { VmStatus } from '../../preload/contract';
import { viewState } from './vm-view';
import type { VmViewState } from './vm-view';
import type { PendingVm } from './slices/ui';

test.each<[VmStatus['state'], boolean, PendingVm, VmViewState]>([
  ['stopped', true, 'start', 'starting'],
  ['suspended', true, 'start', 'resuming'],
  ['running', true, 'stop', 'suspending'],
  ['running', false, 'stop', 'stopping'],
  ['starting', true, 'stop', 'stopping'],
  ['running', true, 'shutDown', 'stopping'],
  ['suspended', true, 'shutDown', 'stopping'],
  ['stopped', true, 'shutDown', 'stopped'],
  ['suspending', true, 'start', 'suspending'],
])('%s, suspends: %s, clicked %s: %s', (state, suspend, pending, shown) => {
  expect(viewState({ state, features: { suspend } } as VmStatus, pending)).toBe(shown);
});
