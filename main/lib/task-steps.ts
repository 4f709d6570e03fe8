// The steps of a long operation as its task shows them, with the time of each. Knows names only.
import { isBerthError } from '../../preload/contract';
import type { TaskStep } from '../../preload/contract';
import { asError } from './async';
import type { TaskProgress } from './task-runner';

export interface TaskSteps<Name extends string> {
  /** Runs the work as that step; what it throws fails the step and goes on to the caller. */
  run<T>(name: Name, work: () => Promise<T>): Promise<T>;
  skip(...names: readonly Name[]): void;
}

/** `expected` wait from the beginning; any other is there once it runs. */
export function createTaskSteps<Name extends string>(expected: readonly Name[], update: (progress: TaskProgress) => void): TaskSteps<Name> {
  let steps: readonly TaskStep[] = expected.map((name) => ({ name, state: 'waiting' }));
  const set = (step: TaskStep): void => {
    steps = steps.some(({ name }) => name === step.name) ? steps.map((each) => (each.name === step.name ? step : each)) : [...steps, step];
    update({ steps });
  };
  update({ steps });
  return {
    async run(name, work) {
      const begun = performance.now();
      const seconds = (): number => Math.round(performance.now() - begun) / 1000;
      set({ name, state: 'running' });
      try {
        const result = await work();
        set({ name, state: 'done', seconds: seconds() });
        return result;
      } catch (error) {
        set({ name, state: 'failed', seconds: seconds(), detail: wordsOf(error) });
        throw error;
      }
    },
    skip: (...names) => names.forEach((name) => set({ name, state: 'skipped' })),
  };
}

/** A program's own, where there are any. */
function wordsOf(error: unknown): string {
  return isBerthError(error) ? String(error.params['detail'] ?? error.code) : asError(error).message;
}
