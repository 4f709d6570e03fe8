// dockerd's progress lines of a pull, reduced to one entry a layer and a rate. Pure; knows no task and no clock of its own.
import type { LayerProgress } from '../../preload/contract';
import type { TaskProgress } from '../lib/task-runner';
import { number, record, text } from '../lib/json';
import type { Json } from '../lib/json';

const RATE_WINDOW_MS = 3000;
const SAMPLE_MS = 100;

export interface PullProgress {
  readonly layers: ReadonlyMap<string, LayerProgress>;
  readonly detail: string;
  /** dockerd's words where the pull failed in the midst of it. */
  readonly error?: string;
  /** Bytes downloaded at moments of the last seconds. */
  readonly samples: readonly (readonly [at: number, bytes: number])[];
}

export const noProgress: PullProgress = { layers: new Map(), detail: '', samples: [] };

const PHASES: Readonly<Record<string, LayerProgress['phase']>> = {
  'Pulling fs layer': 'waiting',
  Waiting: 'waiting',
  Downloading: 'downloading',
  'Verifying Checksum': 'verifying',
  'Download complete': 'verifying',
  Extracting: 'extracting',
  'Pull complete': 'done',
  'Already exists': 'exists',
};

function layerOf(before: LayerProgress | undefined, id: string, phase: LayerProgress['phase'], line: Json): LayerProgress {
  const progress = record(line['progressDetail']);
  // The containerd store counts the seconds of an extraction in the same field.
  const counted = progress['units'] === undefined;
  const current = counted ? number(progress['current']) : undefined;
  const total = (counted ? number(progress['total']) : undefined) ?? before?.totalBytes ?? 0;
  const finished = phase === 'done' || phase === 'verifying' || phase === 'exists';
  return {
    id,
    phase,
    totalBytes: Math.max(0, total),
    currentBytes: finished ? Math.max(0, total) : Math.max(0, current ?? before?.currentBytes ?? 0),
  };
}

/** What has come over the network: an extraction counts its own bytes in `currentBytes`. */
function downloadedBytes(layers: Iterable<LayerProgress>): number {
  let bytes = 0;
  for (const layer of layers) {
    bytes +=
      layer.phase === 'exists' ? 0 : layer.phase === 'downloading' ? layer.currentBytes : layer.phase === 'waiting' ? 0 : layer.totalBytes;
  }
  return bytes;
}

function sampled(samples: PullProgress['samples'], layers: PullProgress['layers'], at: number): PullProgress['samples'] {
  if (at - (samples.at(-1)?.[0] ?? -Infinity) < SAMPLE_MS) {
    return samples;
  }
  return [...samples.filter(([then]) => at - then <= RATE_WINDOW_MS), [at, downloadedBytes(layers.values())]];
}

export function reducePull(before: PullProgress, line: Json, at: number): PullProgress {
  const error = text(record(line['errorDetail'])['message']) || text(line['error']);
  if (error !== '') {
    return { ...before, error };
  }
  const status = text(line['status']);
  const id = text(line['id']);
  const phase = PHASES[status];
  if (id === '' || phase === undefined) {
    return status.startsWith('Status: ') || status.startsWith('Digest: ')
      ? { ...before, detail: status.startsWith('Status: ') ? status.slice(8) : before.detail || status }
      : before;
  }
  const layers = new Map(before.layers).set(id, layerOf(before.layers.get(id), id, phase, line));
  return { ...before, layers, samples: sampled(before.samples, layers, at) };
}

export function pullSummary(progress: PullProgress, at: number): TaskProgress {
  const layers = [...progress.layers.values()];
  const sought = layers.filter((layer) => layer.phase !== 'exists');
  const currentBytes = downloadedBytes(layers);
  const oldest = progress.samples.find(([then]) => at - then <= RATE_WINDOW_MS);
  const seconds = oldest === undefined ? 0 : (at - oldest[0]) / 1000;
  return {
    layers,
    currentBytes,
    // While a layer's size is unknown, so is the sum.
    totalBytes: sought.some((layer) => layer.totalBytes === 0 && layer.phase !== 'done')
      ? 0
      : sought.reduce((sum, layer) => sum + layer.totalBytes, 0),
    bytesPerSecond: oldest === undefined || seconds < 0.2 ? 0 : Math.max(0, Math.round((currentBytes - oldest[1]) / seconds)),
    ...(progress.detail === '' ? {} : { detail: progress.detail }),
  };
}
