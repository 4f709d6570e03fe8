// What a long operation is given and where it is run: the interface between main/tasks.ts and those who pull and load.
import type { Task } from '../../preload/contract';

export type TaskProgress = Partial<
  Pick<Task, 'currentBytes' | 'totalBytes' | 'bytesPerSecond' | 'layers' | 'detail' | 'steps' | 'cancellable' | 'hostBytes'>
>;

export interface TaskRun {
  readonly id: string;
  /** Aborted by tasks.cancel. */
  readonly signal: AbortSignal;
  readonly update: (progress: TaskProgress) => void;
}

export interface StartedTask {
  readonly id: string;
  /** The task as it ended; never rejects. */
  readonly done: Promise<Task>;
}

export interface TaskRunner {
  /** Starts `work` at once. */
  run(kind: Task['kind'], subject: string, work: (run: TaskRun) => Promise<void>): StartedTask;
}
