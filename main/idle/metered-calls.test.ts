import { expect, test } from 'vitest';
import type { BackendHandlers } from '../../preload/contract';
import type { StreamContext } from '../../preload/contract/define';
import { deferred } from '../lib/async';
import { createUseMeter } from '../lib/use';
import { meteredCalls } from './metered-calls';

const context = { signal: new AbortController().signal } as StreamContext;

test('a call that acts counts while it lasts; what a window asks by itself, and its views, do not', async () => {
  const work = deferred<void>();
  const order: string[] = [];
  const handlers = {
    'containers.start': () => work.promise,
    'terminal.input': () => void order.push('key'),
    'tasks.cancel': () => {
      throw new Error('no such task');
    },
    'vm.boots': () => [],
    async *'engine.changes'() {
      yield await Promise.resolve({});
    },
    async *'mirrors.test'() {
      yield await Promise.resolve({});
    },
  } as unknown as BackendHandlers;
  const meter = createUseMeter();
  const metered = meteredCalls(handlers, meter);

  await metered['vm.boots']({}, context);
  const view = metered['engine.changes']({}, context)[Symbol.asyncIterator]();
  await view.next();
  expect(meter.get()).toEqual({ open: 0 });

  const started = metered['containers.start']({ id: 'a' }, context);
  expect(meter.get().open).toBe(1);
  work.resolve();
  await started;
  expect(meter.get().open).toBe(0);

  void metered['terminal.input']({ session: 's', data: 'x' }, context);
  order.push('after');
  expect(order).toEqual(['key', 'after']);
  expect(() => metered['tasks.cancel']({ id: 'x' }, context)).toThrow('no such task');
  expect(meter.get().open).toBe(0);

  const testing = metered['mirrors.test']({} as never, context)[Symbol.asyncIterator]();
  await testing.next();
  expect(meter.get().open).toBe(1);
  await testing.return?.(undefined);
  expect(meter.get().open).toBe(0);
});
