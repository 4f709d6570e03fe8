import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Client } from '../../preload/contract';
import { createWatch } from './watch';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A backend whose streams say what the test says, as their n-th reader's. */
function backend(items: (opened: number) => AsyncIterable<unknown>) {
  const opened: AbortSignal[] = [];
  const client = {
    stream: (_name: string, _input: unknown, { signal }: { readonly signal: AbortSignal }) => items(opened.push(signal)),
  } as unknown as Client;
  return { watch: createWatch(client), opened };
}

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test('all who read the same read one stream; who comes later has its last item; the last one out ends it', async () => {
  const { watch, opened } = backend(async function* (count) {
    yield `item of ${count}`;
    await new Promise(() => undefined);
  });
  const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()];
  const leaveFirst = watch('cost.changes', first);
  const leaveSecond = watch('cost.changes', second);
  await settled();
  const leaveThird = watch('cost.changes', third);
  for (const reader of [first, second, third]) {
    expect(reader.mock.calls).toEqual([['item of 1']]);
  }
  expect(opened).toHaveLength(1);

  leaveFirst();
  leaveThird();
  expect(opened[0]?.aborted).toBe(false);
  leaveSecond();
  expect(opened[0]?.aborted).toBe(true);

  watch('cost.changes', first);
  await settled();
  expect(first).toHaveBeenLastCalledWith('item of 2');
});

test('a stream that fails or ends while it is read is begun again after a pause, and not once nobody reads it', async () => {
  const { watch, opened } = backend(async function* (count) {
    await Promise.resolve();
    if (count === 1) {
      throw new Error('the backend stumbled');
    }
    yield count;
  });
  const reader = vi.fn();
  const leave = watch('disk.changes', reader);
  await settled();
  expect(reader).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1000);
  expect(reader.mock.calls).toEqual([[2]]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(reader.mock.calls).toEqual([[2], [3]]);
  leave();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(opened).toHaveLength(3);
});
