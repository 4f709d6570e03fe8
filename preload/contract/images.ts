// Images: what a row needs, pull (a task of the backend), load, remove.
import { z } from 'zod';
import { call, output, uploadStream } from './define';

export interface ImageSummary {
  /** sha256:… */
  readonly id: string;
  /** repo:tag, empty when dangling. */
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly dangling: boolean;
  /** Ids of containers made from it, stopped ones too. */
  readonly usedBy: readonly string[];
  readonly platform?: string;
}

export const imageReference = z.string().trim().min(1).max(512);

export interface LayerProgress {
  readonly id: string;
  readonly phase: 'waiting' | 'downloading' | 'verifying' | 'extracting' | 'exists' | 'done';
  readonly currentBytes: number;
  /** 0 while unknown. */
  readonly totalBytes: number;
}

export interface LoadProgress {
  readonly receivedBytes: number;
  /** References or ids the engine said it loaded; complete in the last item. */
  readonly loaded: readonly string[];
}

/**
 * Names of the steps of a pull's task. A plain pull without mirrors has none. `served`: the mirror that it came from, or `direct`, where that is certain.
 * `pull` and `pullAgain` that failed name in `detail` the mirror that was silent and is out
 * of force; otherwise `detail` is what was pulled. `compare` is skipped where the registry (`detail`) could not be reached; `untag` takes the mirror's name off.
 */
export const pullSteps = ['pull', 'pullAgain', 'compare', 'tag', 'untag', 'served'] as const;
export type PullStep = (typeof pullSteps)[number];

export const imagesTable = {
  /** Returns the id of the task that goes on in the backend (tasks.changes, tasks.cancel). */
  'images.pull': call(
    z.strictObject({
      reference: imageReference,
      platform: z.string().max(64).optional(),
      /** A prefix mirror (`mirror.example/ghcr.io`) to pull through; '' = none, even where a rule says one. Missing = by rule. */
      via: z.string().max(512).optional(),
    }),
    output<{ readonly task: string }>(),
  ),
  'images.remove': call(z.strictObject({ id: z.string().min(1).max(512), force: z.boolean().default(false) }), output<void>()),
  /** The client's bytes are a tar (docker save); compressed ones are taken as dockerd takes them. */
  'images.load': uploadStream(
    z.strictObject({ name: z.string().max(255), sizeBytes: z.number().min(0).optional() }),
    output<LoadProgress>(),
    'latest',
  ),
};
