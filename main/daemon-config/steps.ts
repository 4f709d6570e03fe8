// The steps of one change, all but the way back shown from the beginning.
import type { ConfigStep } from '../../preload/contract';
import type { TaskProgress } from '../lib/task-runner';
import { createTaskSteps } from '../lib/task-steps';
import type { TaskSteps } from '../lib/task-steps';

export type Steps = TaskSteps<ConfigStep>;

const ALWAYS: readonly ConfigStep[] = ['check', 'validate', 'write', 'reload', 'restart', 'ping', 'readBack'];

export function createSteps(update: (progress: TaskProgress) => void): Steps {
  return createTaskSteps(ALWAYS, update);
}
