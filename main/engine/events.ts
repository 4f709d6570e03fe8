// dockerd's events, read for what they make stale: which containers, whether images or counts, and the times they tell.
// Pure but for the set that it fills; knows neither lists nor states.
import { number, record, text } from '../lib/json';
import type { Json } from '../lib/json';
import { expect } from './expectations';
import type { Expectations } from './expectations';
import type { ContainerTimes } from './normalise';

export interface Dirty {
  readonly containers: Set<string>;
  readonly expected: Expectations;
  allContainers: boolean;
  images: boolean;
  counts: boolean;
}

export function nothingDirty(): Dirty {
  return { containers: new Set(), expected: new Map(), allContainers: false, images: false, counts: false };
}

export function isDirty(dirty: Dirty): boolean {
  return dirty.containers.size > 0 || dirty.allContainers || dirty.images || dirty.counts;
}

/** Happen all the time (health checks are execs) and change no row. */
const QUIET = /^(?:exec_|attach|detach|top|resize|copy|export|archive-path|extract-to-dir|commit)/;

/** Ids are kept for as long as their container is; `destroy` forgets. */
export type KnownTimes = Map<string, ContainerTimes>;

export function mark(dirty: Dirty, times: KnownTimes, event: Json): void {
  const actor = record(event['Actor']);
  const id = text(actor['ID']);
  const action = text(event['Action']);
  switch (text(event['Type'])) {
    case 'container':
      if (id !== '' && !QUIET.test(action)) {
        dirty.containers.add(id);
        expect(dirty.expected, id, action, text(record(actor['Attributes'])['name']));
        learn(times, id, action, Math.floor((number(event['timeNano']) ?? 0) / 1_000_000), record(actor['Attributes']));
      }
      return;
    case 'image':
      dirty.images = true;
      return;
    case 'volume':
    case 'network':
      if (action === 'create' || action === 'destroy' || action === 'remove' || action === 'prune') {
        dirty.counts = true;
      }
  }
}

/** Its id, where the event says that a container came to a network or left one. */
export function movedContainer(event: Json): string | undefined {
  const action = text(event['Action']);
  const moved = text(event['Type']) === 'network' && (action === 'connect' || action === 'disconnect');
  return moved ? text(record(record(event['Actor'])['Attributes'])['container']) || undefined : undefined;
}

function learn(times: KnownTimes, id: string, action: string, at: number, attributes: Json): void {
  if (action === 'destroy') {
    times.delete(id);
  } else if (action === 'start' && at > 0) {
    times.set(id, { startedAt: at });
  } else if (action === 'die' && at > 0) {
    const exitCode = Number(text(attributes['exitCode']) || NaN);
    times.set(id, { ...times.get(id), finishedAt: at, ...(Number.isInteger(exitCode) ? { exitCode } : {}) });
  }
}

const FREEING: Readonly<Record<string, readonly string[]>> = {
  container: ['destroy', 'prune'],
  image: ['delete', 'prune'],
  volume: ['destroy', 'prune'],
  builder: ['prune'],
};

/** What may have given space back on the engine's disk. */
export function freesSpace(event: Json): boolean {
  return FREEING[text(event['Type'])]?.includes(text(event['Action'])) ?? false;
}
