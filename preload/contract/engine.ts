// The engine's state as one snapshot and its changes. Shapes are ours, normalised in main/engine/normalise.ts from dockerd's JSON.
import { z } from 'zod';
import { output, stream } from './define';
import type { ContainerSummary } from './containers';
import type { ImageSummary } from './images';

export interface EngineSnapshot {
  readonly kind: 'snapshot';
  /** Milliseconds since the epoch, host clock. */
  readonly at: number;
  readonly containers: readonly ContainerSummary[];
  readonly images: readonly ImageSummary[];
  readonly counts: EngineCounts;
}

export interface EngineCounts {
  readonly volumes: number;
  readonly networks: number;
}

export interface Delta<T> {
  readonly upsert: readonly T[];
  /** Ids. */
  readonly remove: readonly string[];
}

export interface EngineDelta {
  readonly kind: 'delta';
  readonly at: number;
  readonly containers?: Delta<ContainerSummary>;
  readonly images?: Delta<ImageSummary>;
  readonly counts?: EngineCounts;
}

/** The engine cannot be reached; what was shown stays, dimmed, with its time. */
export interface EngineAway {
  readonly kind: 'away';
  readonly at: number;
}

export type EngineChange = EngineSnapshot | EngineDelta | EngineAway;

export const engineTable = {
  /** First item: `snapshot`, or `away`. After every reconnect again a snapshot. */
  'engine.changes': stream(z.strictObject({}), output<EngineChange>(), 'queue'),
};
