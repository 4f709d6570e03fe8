import { expect, test } from 'vitest';
import type { VmStatus } from '../../../preload/contract';
import { applyVmStatus, initialVm } from './vm';

function after(...states: readonly (readonly [VmStatus['state'], number?])[]): { readonly from: number; readonly to: number } | undefined {
  let slice = initialVm;
  let now = 0;
  for (const [state, suspendedAt] of states) {
    now += 1000;
    const suspended = suspendedAt === undefined ? {} : { suspended: { at: suspendedAt, by: 'user', bytes: 1 } as const };
    slice = applyVmStatus(slice, { state, ...suspended } as VmStatus, now);
  }
  return slice.pause;
}

test('a pause is known when the resume begins, and stays', () => {
  expect(after(['running'], ['suspending'], ['suspended', 2500])).toBeUndefined();
  expect(after(['running'], ['suspending'], ['suspended', 2500], ['resuming', 2500])).toEqual({ from: 2500, to: 4000 });
  expect(after(['suspended', 500], ['resuming'], ['resuming'], ['running'])).toEqual({ from: 500, to: 2000 });
});

test('a boot in the place of a resume is no pause', () => {
  expect(after(['suspended', 500], ['resuming', 500], ['starting'], ['running'])).toBeUndefined();
});
