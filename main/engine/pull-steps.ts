// The steps of a pull that is more than one request: through a prefix mirror, or begun again without a silent one. A plain pull has none.
import type { PullStep, TaskStep } from '../../preload/contract';
import type { TaskRun } from '../lib/task-runner';

export interface PullSteps {
  begin(name: PullStep, detail?: string): void;
  /** Of the step under way; of a plain pull, which had no step till now, it becomes the first one. */
  end(state: 'done' | 'failed' | 'skipped', detail?: string): void;
  /** `done`, where a step is under way. */
  endLast(): void;
}

export function createPullSteps(update: TaskRun['update'], now: () => number = Date.now): PullSteps {
  let steps: readonly TaskStep[] = [];
  let since = now();
  const set = (next: readonly TaskStep[]): void => {
    steps = next;
    update({ steps });
  };
  return {
    begin(name, detail) {
      since = now();
      set([...steps, { name, state: 'running', ...(detail === undefined ? {} : { detail }) }]);
    },
    end(state, detail) {
      const last = steps.at(-1) ?? { name: 'pull' satisfies PullStep, state: 'running' };
      set([...steps.slice(0, -1), { ...last, state, seconds: (now() - since) / 1000, ...(detail === undefined ? {} : { detail }) }]);
    },
    endLast() {
      if (steps.at(-1)?.state === 'running') {
        this.end('done');
      }
    },
  };
}
