// The window's and the command line's calls as use of the VM. Whatever is called counts, but for what a window asks by itself: so a call that is new
// counts too, which keeps the VM up once too often and never cuts anybody off.
import { contract } from '../../preload/contract';
import type { BackendHandlers } from '../../preload/contract';
import type { UseMeter } from '../lib/use';

const ASKED_BY_ITSELF: ReadonlySet<string> = new Set<keyof BackendHandlers>([
  'app.info',
  'app.dismissNotice',
  'app.open',
  'app.stop',
  'config.history',
  'connect.look',
  'tasks.dismiss',
  'terminal.list',
  'terminal.resize',
  'vm.boots',
  'vm.limits',
  'vm.log',
  'vm.stop',
]);
/** Streams are views that stay open; these do something and end. */
const STREAMS_THAT_ACT: ReadonlySet<string> = new Set<keyof BackendHandlers>(['containers.logBytes', 'mirrors.test']);

type AnyHandler = (input: never, context: never) => unknown;

const isCall = (name: string): boolean => contract[name as keyof BackendHandlers].kind === 'call';

export function meteredCalls(handlers: BackendHandlers, meter: UseMeter): BackendHandlers {
  const metered = Object.entries(handlers as Readonly<Record<string, AnyHandler>>).map(([name, handler]) => {
    if (STREAMS_THAT_ACT.has(name)) {
      return [name, (input: never, context: never) => counted(handler(input, context) as AsyncIterable<unknown>, meter)];
    }
    return isCall(name) && !ASKED_BY_ITSELF.has(name)
      ? [name, (input: never, context: never) => during(meter, () => handler(input, context))]
      : [name, handler];
  });
  return Object.fromEntries(metered) as BackendHandlers;
}

/** Stays synchronous where the handler is: a terminal's keys keep their order. */
function during(meter: UseMeter, work: () => unknown): unknown {
  const end = meter.begin();
  let result: unknown;
  try {
    result = work();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) {
    return result.finally(end);
  }
  end();
  return result;
}

async function* counted(items: AsyncIterable<unknown>, meter: UseMeter): AsyncGenerator {
  const end = meter.begin();
  try {
    yield* items;
  } finally {
    end();
  }
}
