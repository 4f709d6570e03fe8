// The steps of one change as its task shows them, with the time of each. Knows names only.
import { asError } from '../lib/async';
import type { ConfigStep, TaskStep } from '../../preload/contract';

export interface Steps {
  /** Runs the work as this step. */
  run<T>(name: ConfigStep, work: () => Promise<T>): Promise<T>;
  skip(...names: readonly ConfigStep[]): void;
}

const ALWAYS: readonly ConfigStep[] = ['check', 'validate', 'write', 'reload', 'restart', 'ping', 'readBack'];

export function createSteps(publish: (steps: readonly TaskStep[]) => void): Steps {
  let steps: readonly TaskStep[] = ALWAYS.map((name) => ({ name, state: 'waiting' }));

  function set(step: TaskStep): void {
    // The last two are there only once they are needed.
    steps = steps.some(({ name }) => name === step.name) ? steps.map((each) => (each.name === step.name ? step : each)) : [...steps, step];
    publish(steps);
  }

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
        set({ name, state: 'failed', seconds: seconds(), detail: asError(error).message });
        throw error;
      }
    },
    skip: (...names) => names.forEach((name) => set({ name, state: 'skipped' })),
  };
}
