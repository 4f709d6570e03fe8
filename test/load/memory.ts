// Memory that is held, as against a heap that has not been collected: what remains after a forced collection, buffers outside of the heap included.
// The process's own size is no measure here: it is vitest's too, and a collector gives back to the system when it likes.
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export const MIB = 2 ** 20;

/** In bytes, at this very moment. */
export function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The same once what was closed has been let go of, which takes turns of the event loop. */
export async function heldAtRest(): Promise<number> {
  for (let turns = 0; turns < 5; turns += 1) {
    collect();
    await turn();
  }
  return held();
}
