// Giving the host its blocks back: FITRIM in the guest, before and after in blocks of the file; by itself after the engine freed something, when it is
// quiet and not more often than once a minute. Knows the agent and the file; who asked is not its matter.
import { stat } from 'node:fs/promises';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { Agent } from '../vm/agent';

export interface TrimResult {
  readonly before: number;
  readonly after: number;
}

export interface TrimmerDeps {
  readonly agent: Agent;
  path(): Promise<string>;
  /** Counts up when the engine freed something. */
  readonly freed: Observable<number>;
  readonly log: Logger;
  onTrimmed(): Promise<void>;
  readonly quietMs?: number;
  readonly pauseMs?: number;
}

export interface Trimmer {
  hostBytes(): Promise<number>;
  trim(): Promise<TrimResult>;
  dispose(): void;
}

/** A prune is many events; files that were deleted are free in the journal's next commit, 5 s later. */
const QUIET_MS = 6000;
const PAUSE_MS = 60_000;
/** Of a guest under emulation with a disk of terabytes. */
const TRIM_MS = 300_000;

export function createTrimmer(deps: TrimmerDeps): Trimmer {
  const { agent, freed, log, quietMs = QUIET_MS, pauseMs = PAUSE_MS } = deps;
  let timer: NodeJS.Timeout | undefined;
  let last = -Infinity;
  let busy: Promise<unknown> = Promise.resolve();

  const hostBytes = async (): Promise<number> => (await stat(await deps.path())).blocks * 512;

  async function once(): Promise<TrimResult> {
    clearTimeout(timer);
    last = performance.now();
    // What was written is on the disk, and what was deleted is free, when the journal says so.
    await agent.call('sync', {}, { timeoutMs: TRIM_MS });
    const before = await hostBytes();
    await agent.call('trim', {}, { timeoutMs: TRIM_MS });
    const after = await hostBytes();
    await deps.onTrimmed();
    log.info('the data disk was trimmed', { before, after });
    return { before, after };
  }

  function trim(): Promise<TrimResult> {
    const mine = busy.then(once);
    busy = mine.catch(() => undefined);
    return mine;
  }

  const unsubscribe = freed.subscribe(() => {
    clearTimeout(timer);
    timer = setTimeout(
      () => void trim().catch((error: unknown) => log.debug('no trim after a removal', { error })),
      Math.max(quietMs, last + pauseMs - performance.now()),
    );
    timer.unref();
  });

  return {
    hostBytes,
    trim,
    dispose() {
      clearTimeout(timer);
      unsubscribe();
    },
  };
}
