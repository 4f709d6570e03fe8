// Keeps the state true: subscribes to events before it lists, reads again what events made stale, and all of it after every reconnect
// and once a minute while somebody looks (dockerd drops events of slow readers without a word). No polling otherwise.
import { setTimeout as pause } from 'node:timers/promises';
import { BerthError } from '../../preload/contract';
import type { EngineChange } from '../../preload/contract';
import { deferred } from '../lib/async';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';
import type { Connection } from './connection';
import { freesSpace, isDirty, mark, movedContainer, nothingDirty } from './events';
import type { Dirty, KnownTimes } from './events';
import { isMet } from './expectations';
import { jsonLines } from './json-lines';
import { everything, reread } from './lists';
import { diff, emptyState, snapshotOf } from './state';
import type { EngineState } from './state';
import { createChangeFeed } from './change-feed';

/** Between two reads; an event after a silence waits the first only, so that a click is seen at once. */
const SETTLE_MS = 10;
const COALESCE_MS = 50;
const RECONCILE_MS = 60_000;
/** Reads of a row that does not show yet what its event said. */
const READ_AGAIN_MS = [50, 150, 450, 1350, 4050];
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

export interface WatchDeps {
  readonly connection: Connection;
  readonly log: Logger;
  readonly available: Observable<boolean>;
  readonly reconcileMs?: number;
}

export interface Move {
  readonly container: string;
}

export interface Watch {
  readonly state: Observable<EngineState>;
  /** Counts up at every opening of the events and with every event of a Swarm service. */
  readonly services: Observable<number>;
  /** A container was connected to a network or disconnected from one: its address may be another. */
  readonly moves: Observable<Move | undefined>;
  /** Counts up with every event that may have given space back on the engine's disk. */
  readonly freed: Observable<number>;
  readonly changes: (signal: AbortSignal) => AsyncGenerator<EngineChange>;
  /** Resolves when the first whole list since `available` is in the state. */
  readonly settle: () => Promise<void>;
  /** Closes the events stream; it comes back when `available` turns true again, or by the function returned. */
  readonly pauseEvents: () => () => void;
  readonly dispose: () => void;
}

export function createWatch({ connection, log, available, reconcileMs = RECONCILE_MS }: WatchDeps): Watch {
  const state = createObservable<EngineState>(emptyState);
  const services = createObservable(0);
  const moves = createObservable<Move | undefined>(undefined);
  const freed = createObservable(0);
  const times: KnownTimes = new Map();
  const feed = createChangeFeed(() => state.get());
  let period: AbortController | undefined;
  let settled = deferred<void>();

  function goAway(): void {
    if (state.get().connected) {
      state.set({ ...state.get(), connected: false });
      feed.publish({ kind: 'away', at: state.get().at });
    }
  }

  /** One events stream, from its opening to its end; ends by throwing unless the signal ended it. */
  async function session(signal: AbortSignal, connected: () => void): Promise<void> {
    const ended = new AbortController();
    const all = AbortSignal.any([signal, ended.signal]);
    const filters = { type: ['container', 'image', 'volume', 'network', 'service', 'builder'] };
    const body = await connection.stream({ method: 'GET', path: '/events', query: { filters }, signal: all });
    let dirty = nothingDirty();
    const timers = new Set<NodeJS.Timeout>();
    let wake: () => void = () => undefined;
    function readAgain(stale: Dirty): void {
      for (const [id, expectation] of stale.expected) {
        const wait = READ_AGAIN_MS[expectation.tries];
        if (wait === undefined || isMet(expectation, state.get().containers.get(id))) {
          continue;
        }
        const timer = setTimeout(() => {
          timers.delete(timer);
          dirty.containers.add(id);
          // An event that came meanwhile knows better.
          if (!dirty.expected.has(id)) {
            dirty.expected.set(id, { ...expectation, tries: expectation.tries + 1 });
          }
          wake();
        }, wait);
        timers.add(timer);
      }
    }
    const reading = (async (): Promise<void> => {
      for await (const event of jsonLines(body)) {
        if (event['Type'] === 'service') {
          services.set(services.get() + 1);
          continue;
        }
        if (freesSpace(event)) {
          freed.set(freed.get() + 1);
        }
        const moved = movedContainer(event);
        if (moved !== undefined) {
          moves.set({ container: moved });
        }
        mark(dirty, times, event);
        wake();
      }
    })();
    const events = { over: false };
    const overNow = (): void => {
      events.over = true;
      wake();
    };
    reading.then(overNow, overNow);
    const reconcile = setInterval(() => {
      if (feed.readers() > 0) {
        Object.assign(dirty, { allContainers: true, images: true, counts: true });
        wake();
      }
    }, reconcileMs);
    try {
      const first = await reread(connection, state.get(), times, everything, all);
      state.set(first);
      feed.publish(snapshotOf(first));
      connected();
      settled.resolve(undefined);
      services.set(services.get() + 1);
      let readAt = 0;
      while (!events.over) {
        if (!isDirty(dirty)) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        await pause(Math.max(SETTLE_MS, COALESCE_MS - (Date.now() - readAt)), undefined, { signal: all });
        const stale = dirty;
        dirty = nothingDirty();
        readAt = Date.now();
        await readStale(stale, all);
        readAgain(stale);
      }
      await reading;
      throw new Error('the events stream ended');
    } finally {
      clearInterval(reconcile);
      timers.forEach(clearTimeout);
      ended.abort();
      body.destroy();
      reading.catch(() => undefined);
    }
  }

  async function readStale(stale: Dirty, signal: AbortSignal): Promise<void> {
    const before = state.get();
    const after = await reread(
      connection,
      before,
      times,
      { ...stale, containers: stale.allContainers ? undefined : [...stale.containers] },
      signal,
    );
    const delta = diff(before, after);
    // Without a difference the maps stay the same objects for whoever derives from them.
    state.set(delta === undefined ? { ...before, at: after.at } : after);
    if (delta !== undefined) {
      feed.publish(delta);
    }
  }

  /** The first new attempt comes at once, and unless it fails nobody need hear of it: its snapshot tells all. */
  function lost(error: unknown, backoff: number): void {
    if (backoff > 0) {
      goAway();
    }
    if (backoff <= FIRST_BACKOFF_MS) {
      log.info('events stream lost', { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    let backoff = 0;
    while (!signal.aborted) {
      await session(signal, () => (backoff = 0)).catch((error: unknown) => {
        if (!signal.aborted) {
          lost(error, backoff);
        }
      });
      await pause(backoff, undefined, { signal }).catch(() => undefined);
      backoff = backoff === 0 ? FIRST_BACKOFF_MS : Math.min(backoff * 2, MAX_BACKOFF_MS);
    }
  }

  function begin(): void {
    if (period === undefined) {
      period = new AbortController();
      void run(period.signal);
    }
  }

  function end(): void {
    period?.abort();
    period = undefined;
  }

  function onAvailable(is: boolean): void {
    if (is) {
      begin();
      return;
    }
    end();
    goAway();
    settled.reject(new BerthError('engine.away', { reason: 'not running' }));
    settled = deferred();
  }

  const unsubscribe = available.subscribe(onAvailable);
  if (available.get()) {
    begin();
  }

  return {
    state,
    services,
    moves,
    freed,
    changes: feed.changes,
    settle: () => settled.promise,
    pauseEvents() {
      end();
      return () => available.get() && begin();
    },
    dispose() {
      unsubscribe();
      end();
    },
  };
}
