// The steps of a task about the disk as the window shows them: waiting, then one after the other. Knows none of them.
import type { DiskStep, TaskStep } from '../../preload/contract';
import type { TaskProgress } from '../lib/task-runner';

export interface Steps {
  /** Runs the work as that step; what it throws fails the step and goes on to the caller. */
  run<T>(name: DiskStep, work: () => Promise<T>): Promise<T>;
  skip(name: DiskStep): void;
}

export function createSteps(names: readonly DiskStep[], update: (progress: TaskProgress) => void): Steps {
  let steps: readonly TaskStep[] = names.map((name) => ({ name, state: 'waiting' }));
  const set = (name: DiskStep, change: Omit<TaskStep, 'name'>): void => {
    steps = steps.map((step) => (step.name === name ? { name, ...change } : step));
    update({ steps });
  };
  update({ steps });
  return {
    async run(name, work) {
      const startedAt = performance.now();
      set(name, { state: 'running' });
      const seconds = (): number => Math.round(performance.now() - startedAt) / 1000;
      try {
        const result = await work();
        set(name, { state: 'done', seconds: seconds() });
        return result;
      } catch (error) {
        set(name, { state: 'failed', seconds: seconds() });
        throw error;
      }
    },
    skip: (name) => set(name, { state: 'skipped' }),
  };
}
