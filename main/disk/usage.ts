// What the engine says of its own disk (`/system/df`), in figures that a prune can be chosen by; and the prunes themselves, each by its name.
// Knows dockerd's API and no file of the host.
import type { EngineUsage } from '../../preload/contract';
import { toWireError } from '../../preload/contract';
import type { Connection } from '../engine/connection';

export interface PruneChoice {
  readonly containers: boolean;
  readonly images: 'none' | 'dangling' | 'unused';
  readonly buildCache: boolean;
  readonly volumes: readonly string[];
}

interface SystemDf {
  readonly Images?:
    | readonly {
        readonly Size?: number;
        readonly SharedSize?: number;
        readonly Containers?: number;
        readonly RepoTags?: readonly string[] | null;
      }[]
    | null;
  readonly LayersSize?: number;
  readonly Containers?: readonly { readonly SizeRw?: number; readonly State?: string }[] | null;
  readonly Volumes?:
    | readonly {
        readonly Name?: string;
        readonly Labels?: Readonly<Record<string, string>> | null;
        readonly UsageData?: { readonly Size?: number; readonly RefCount?: number } | null;
      }[]
    | null;
  readonly BuildCache?: readonly { readonly Size?: number; readonly InUse?: boolean; readonly Shared?: boolean }[] | null;
}

/** dockerd walks every volume for it. */
const DF_SECONDS = 300;
/** Set by dockerd on a volume that was made without a name. */
const ANONYMOUS = 'com.docker.volume.anonymous';
/** Of a prune: dockerd deletes file by file. */
const NO_DEADLINE = 0;

export async function engineUsage(connection: Connection, signal: AbortSignal): Promise<EngineUsage> {
  const df = (await connection.json({ method: 'GET', path: '/system/df', deadlineSeconds: DF_SECONDS, signal })) as SystemDf;
  const images = df.Images ?? [];
  const containers = df.Containers ?? [];
  const cache = df.BuildCache ?? [];
  /** Layers that another image has too stay. */
  const own = (image: (typeof images)[number]): number => Math.max(0, (image.Size ?? 0) - Math.max(0, image.SharedSize ?? 0));
  const unused = images.filter((image) => (image.Containers ?? 0) <= 0);
  const dangling = unused.filter((image) => (image.RepoTags ?? []).every((tag) => tag === '<none>:<none>'));
  const stopped = containers.filter(({ State }) => State !== 'running' && State !== 'paused' && State !== 'restarting');
  const total = df.LayersSize ?? sum(images.map(({ Size = 0 }) => Size));
  return {
    images: {
      count: images.length,
      totalBytes: total,
      // With no image in use nothing is left that could be shared with one that stays.
      prunableBytes: unused.length === images.length ? total : sum(unused.map(own)),
      danglingBytes: sum(dangling.map(own)),
    },
    containers: {
      count: containers.length,
      totalBytes: sum(containers.map(({ SizeRw = 0 }) => SizeRw)),
      prunableBytes: sum(stopped.map(({ SizeRw = 0 }) => SizeRw)),
    },
    buildCache: {
      count: cache.length,
      totalBytes: sum(cache.filter(({ Shared }) => Shared !== true).map(({ Size = 0 }) => Size)),
      prunableBytes: sum(cache.filter(({ Shared, InUse }) => Shared !== true && InUse !== true).map(({ Size = 0 }) => Size)),
    },
    volumes: (df.Volumes ?? []).flatMap(({ Name, Labels, UsageData }) =>
      Name === undefined
        ? []
        : [
            {
              name: Name,
              bytes: Math.max(0, UsageData?.Size ?? 0),
              // -1 = dockerd did not count.
              inUse: (UsageData?.RefCount ?? -1) !== 0,
              anonymous: ANONYMOUS in (Labels ?? {}),
            },
          ],
    ),
  };
}

export function pruneContainers(connection: Connection, signal: AbortSignal): Promise<unknown> {
  return connection.json({ method: 'POST', path: '/containers/prune', deadlineSeconds: NO_DEADLINE, signal });
}

export function pruneImages(connection: Connection, which: 'dangling' | 'unused', signal: AbortSignal): Promise<unknown> {
  const query = { filters: { dangling: [String(which === 'dangling')] } };
  return connection.json({ method: 'POST', path: '/images/prune', query, deadlineSeconds: NO_DEADLINE, signal });
}

export function pruneBuildCache(connection: Connection, signal: AbortSignal): Promise<unknown> {
  return connection.json({ method: 'POST', path: '/build/prune', query: { all: true }, deadlineSeconds: NO_DEADLINE, signal });
}

/** One that is in use is refused by dockerd and the others go on; what was refused comes back with dockerd's words. */
export async function removeVolumes(
  connection: Connection,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly words: string }[]> {
  const refused: { readonly name: string; readonly words: string }[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    try {
      await connection.json({ method: 'DELETE', path: `/volumes/${encodeURIComponent(name)}`, deadlineSeconds: NO_DEADLINE, signal });
    } catch (error) {
      const { code, params } = toWireError(error);
      refused.push({ name, words: String(params['detail'] ?? code) });
    }
  }
  return refused;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
