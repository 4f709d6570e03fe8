// What one repair tells while it runs: the steps of its task, and the report that stays. Knows no rung.
import type { RepairFact, RepairReport, RepairStep } from '../../preload/contract';
import { createLineSplitter } from '../lib/lines';
import type { TaskRun } from '../lib/task-runner';
import { createTaskSteps } from '../lib/task-steps';

/** The first lines say what is wrong, the last ones how it ended; what is between them repeats itself. */
const FIRST = 60;
const LAST = 140;

export interface Progress {
  /** Aborted by a cancel. */
  readonly signal: AbortSignal;
  step<T>(name: RepairStep, work: () => Promise<T>): Promise<T>;
  fact(key: string, params?: RepairFact['params']): void;
  /** A program's output as it comes. */
  words(chunk: Uint8Array): void;
  bytes(currentBytes: number, totalBytes: number): void;
  /** Whether a cancel may end it just now. */
  cancellable(is: boolean): void;
}

export function createProgress(run: Pick<TaskRun, 'signal' | 'update'>, change: (patch: Partial<RepairReport>) => void): Progress {
  const steps = createTaskSteps<RepairStep>([], run.update);
  let facts: readonly RepairFact[] = [];
  let lines: readonly string[] = [];
  const splitter = createLineSplitter();

  return {
    signal: run.signal,
    step: (name, work) => steps.run(name, work),
    fact(key, params = {}) {
      facts = [...facts, { key, params }];
      change({ facts });
    },
    words(chunk) {
      const more = splitter.push(Buffer.from(chunk)).map((line) => line.replaceAll(/[^\P{Cc}\t]/gu, ''));
      if (more.length > 0) {
        lines = shorten([...lines, ...more]);
        change({ words: lines });
        run.update({ detail: more.at(-1) ?? '' });
      }
    },
    bytes: (currentBytes, totalBytes) => run.update({ currentBytes, totalBytes }),
    cancellable: (is) => run.update({ cancellable: is }),
  };
}

function shorten(lines: readonly string[]): readonly string[] {
  return lines.length <= FIRST + LAST ? lines : [...lines.slice(0, FIRST), '…', ...lines.slice(-LAST + 1)];
}
