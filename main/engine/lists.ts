// The reads of dockerd that make up the state: lists of containers, images, and counts of the rest.
import type { ContainerSummary, EngineCounts, ImageSummary } from '../../preload/contract';
import type { Connection } from './connection';
import type { KnownTimes } from './events';
import { list, record } from '../lib/json';
import { containerSummary, imageSummary } from './normalise';
import type { ContainerTimes } from './normalise';
import { replaceItems, withUsers } from './state';
import type { EngineState } from './state';

/** More ids than this and a list of all costs dockerd less than the filter. */
const MAX_FILTER_IDS = 100;

export interface ListScope {
  /** undefined = all. */
  readonly containers?: readonly string[] | undefined;
  readonly images: boolean;
  readonly counts: boolean;
}

export const everything: ListScope = { images: true, counts: true };

function isUp(summary: ContainerSummary): boolean {
  return summary.state === 'running' || summary.state === 'paused';
}

/** Times by event first; else those of an earlier row, as long as it told of the same run; else dockerd's rounded words. */
function knownTimes(before: ContainerSummary | undefined, now: ContainerSummary, events: ContainerTimes | undefined): ContainerTimes {
  const same = before !== undefined && isUp(before) === isUp(now) && before.exitCode === now.exitCode ? before : undefined;
  const startedAt = events?.startedAt ?? same?.startedAt;
  const finishedAt = isUp(now) ? undefined : (events?.finishedAt ?? same?.finishedAt);
  return { ...(startedAt === undefined ? {} : { startedAt }), ...(finishedAt === undefined ? {} : { finishedAt }) };
}

async function listContainers(
  connection: Connection,
  before: EngineState,
  times: KnownTimes,
  ids: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const query = { all: true, ...(ids === undefined ? {} : { filters: { id: ids } }) };
  const rows = list(await connection.json({ method: 'GET', path: '/containers/json', query, signal }));
  const at = Date.now();
  return rows.flatMap((row) => {
    const plain = containerSummary(row, at);
    const full = plain && containerSummary(row, at, knownTimes(before.containers.get(plain.id), plain, times.get(plain.id)));
    return full === undefined ? [] : [full];
  });
}

async function listImages(connection: Connection, signal: AbortSignal): Promise<readonly ImageSummary[]> {
  return list(await connection.json({ method: 'GET', path: '/images/json', signal })).flatMap((row) => imageSummary(row) ?? []);
}

async function countRest(connection: Connection, signal: AbortSignal): Promise<EngineCounts> {
  const [volumes, networks] = await Promise.all([
    connection.json({ method: 'GET', path: '/volumes', signal }),
    connection.json({ method: 'GET', path: '/networks', signal }),
  ]);
  return { volumes: list(record(volumes)['Volumes']).length, networks: list(networks).length };
}

/** The state with what `scope` names read anew. */
export async function reread(
  connection: Connection,
  before: EngineState,
  times: KnownTimes,
  scope: ListScope,
  signal: AbortSignal,
): Promise<EngineState> {
  const ids = scope.containers !== undefined && scope.containers.length <= MAX_FILTER_IDS ? scope.containers : undefined;
  const [containers, images, counts] = await Promise.all([
    ids?.length === 0 ? undefined : listContainers(connection, before, times, ids, signal),
    scope.images ? listImages(connection, signal) : undefined,
    scope.counts ? countRest(connection, signal) : undefined,
  ]);
  const nextContainers = containers === undefined ? before.containers : replaceItems(before.containers, containers, ids);
  // A fresh row has no users yet; give it the old ones, so that an unchanged image stays the same object.
  const listed = images?.map((image) => ({ ...image, usedBy: before.images.get(image.id)?.usedBy ?? [] }));
  const nextImages = listed === undefined ? before.images : replaceItems(before.images, listed);
  return {
    connected: true,
    at: Date.now(),
    containers: nextContainers,
    images: nextContainers === before.containers && nextImages === before.images ? before.images : withUsers(nextImages, nextContainers),
    counts: counts ?? before.counts,
  };
}
