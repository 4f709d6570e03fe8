// The ledger as three columns: now, after a trim, after a prune and a trim. Pure: figures in, figures out.
import type { DiskLedger, EngineUsage, PrunableKind, VolumeUsage } from '../../../preload/contract';

export const parts = ['imagesUsed', 'imagesUnused', 'buildCache', 'volumes', 'containers', 'rest', 'deleted'] as const;
export type Part = (typeof parts)[number];

export interface Column {
  /** What the data disk takes on this computer. */
  readonly total: number;
  readonly used: number;
  readonly parts: Readonly<Record<Part, number>>;
}

export interface Columns {
  readonly now: Column;
  readonly trimmed: Column;
  readonly pruned: Column;
}

export interface PruneChoice {
  readonly containers: boolean;
  readonly images: 'none' | 'dangling' | 'unused';
  readonly buildCache: boolean;
  readonly volumes: readonly string[];
}

/** In one call of `disk.prune`. */
const MOST_VOLUMES = 1000;

/** Undefined while no guest runs: the host alone cannot tell what is in the file. */
export function columnsOf({ disk, guest, trimBytes = 0 }: DiskLedger, usage: EngineUsage | undefined): Columns | undefined {
  if (disk === undefined || guest === undefined) {
    return undefined;
  }
  const engine = engineParts(usage, guest.usedBytes);
  const now = column(disk.hostBytes, { ...engine, deleted: trimBytes });
  const trimmed = column(disk.hostBytes - trimBytes, { ...engine, deleted: 0 });
  const goes =
    usage === undefined
      ? 0
      : engine.imagesUnused +
        Math.min(engine.buildCache, usage.buildCache.prunableBytes) +
        Math.min(engine.containers, usage.containers.prunableBytes);
  const pruned = column(disk.hostBytes - trimBytes - goes, {
    ...engine,
    imagesUnused: 0,
    buildCache: kept(engine.buildCache, usage?.buildCache),
    containers: kept(engine.containers, usage?.containers),
    deleted: 0,
  });
  return { now, trimmed, pruned };
}

/** The engine's own figures, made to fit into what the guest says is used: it counts some files twice. */
function engineParts(usage: EngineUsage | undefined, usedBytes: number): Omit<Record<Part, number>, 'deleted'> {
  if (usage === undefined) {
    return { imagesUsed: 0, imagesUnused: 0, buildCache: 0, volumes: 0, containers: 0, rest: usedBytes };
  }
  const { images, buildCache, containers, volumes } = usage;
  const counted = {
    imagesUsed: Math.max(0, images.totalBytes - images.prunableBytes),
    imagesUnused: images.prunableBytes,
    buildCache: buildCache.totalBytes,
    volumes: totalBytes(volumes),
    containers: containers.totalBytes,
  };
  const sum = Object.values(counted).reduce((total, bytes) => total + bytes, 0);
  const scale = sum > usedBytes ? usedBytes / sum : 1;
  return {
    imagesUsed: counted.imagesUsed * scale,
    imagesUnused: counted.imagesUnused * scale,
    buildCache: counted.buildCache * scale,
    volumes: counted.volumes * scale,
    containers: counted.containers * scale,
    rest: Math.max(0, usedBytes - sum),
  };
}

function kept(bytes: number, kind: PrunableKind | undefined): number {
  return Math.max(0, bytes - (kind?.prunableBytes ?? 0));
}

function column(total: number, figures: Readonly<Record<Part, number>>): Column {
  const { deleted, ...inUse } = figures;
  const used = Object.values(inUse).reduce((sum, bytes) => sum + bytes, 0);
  return { total: Math.max(0, total), used, parts: { ...inUse, deleted } };
}

/** What a prune would delete, as far as the engine can tell. */
export function prunedBytes(usage: EngineUsage, choice: PruneChoice): number {
  const images = { none: 0, dangling: usage.images.danglingBytes, unused: usage.images.prunableBytes }[choice.images];
  const containers = choice.containers ? usage.containers.prunableBytes : 0;
  const buildCache = choice.buildCache ? usage.buildCache.prunableBytes : 0;
  return images + containers + buildCache + totalBytes(usage.volumes.filter(({ name }) => choice.volumes.includes(name)));
}

/** What a prune may name, as many as one may. */
export function unusedVolumes({ volumes }: EngineUsage): {
  readonly anonymous: readonly VolumeUsage[];
  readonly named: readonly VolumeUsage[];
} {
  const unused = volumes.filter(({ inUse }) => !inUse);
  return {
    anonymous: unused.filter(({ anonymous }) => anonymous).slice(0, MOST_VOLUMES / 2),
    named: unused.filter(({ anonymous }) => !anonymous).slice(0, MOST_VOLUMES / 2),
  };
}

export function totalBytes(volumes: readonly VolumeUsage[]): number {
  return volumes.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Half as much again, to the next ten: what somebody whose disk is full is likely to want. */
export function proposedSize(sizeBytes: number): number {
  return Math.ceil((sizeBytes / 2 ** 30) * 0.15) * 10;
}
