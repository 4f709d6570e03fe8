// Long operations that outlive the page: a list in the backend that every window shows the same.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';
import type { LayerProgress } from './images';

export interface TaskStep {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
  readonly seconds?: number;
  /** A program's own words. */
  readonly detail?: string;
}

export interface Task {
  readonly id: string;
  readonly kind: 'pull' | 'load' | 'config' | 'trim' | 'prune' | 'moveDisk' | 'repair';
  /** The image's reference or the file's name. */
  readonly subject: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly currentBytes: number;
  /** 0 while unknown. */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly layers?: readonly LayerProgress[];
  readonly error?: WireError;
  /** In the order in which they come; their names belong to the kind. */
  readonly steps?: readonly TaskStep[];
  /** False from the moment on at which `tasks.cancel` does nothing any more. */
  readonly cancellable?: boolean;
  /** Of a task about the disk: what the data disk took on this computer. */
  readonly hostBytes?: { readonly before: number; readonly after: number };
  /** For a pull: dockerd's last line, e.g. its Status line with the digest. */
  readonly detail?: string;
}

export const tasksTable = {
  /** Running tasks and the ended ones of the last ten minutes, newest first. */
  'tasks.changes': stream(z.strictObject({}), output<readonly Task[]>(), 'latest'),
  'tasks.cancel': call(z.strictObject({ id: z.string().min(1).max(64) }), output<void>()),
  /** Takes an ended task off the list. */
  'tasks.dismiss': call(z.strictObject({ id: z.string().min(1).max(64) }), output<void>()),
};
