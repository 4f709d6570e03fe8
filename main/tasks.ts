// Long operations that go on without a page: the list that every window shows, their cancelling, their ends kept for ten minutes.
// Knows nothing of what a task does; main/engine runs pulls and loads in it.
import { randomUUID } from 'node:crypto';
import { BerthError, toWireError } from '../preload/contract';
import type { BackendHandlers, Task } from '../preload/contract';
import { createObservable, follow } from './lib/observable';
import type { Observable } from './lib/observable';
import type { StartedTask, TaskRun, TaskRunner } from './lib/task-runner';
import { createUseMeter } from './lib/use';
import type { Use } from './lib/use';

const KEEP_ENDED_MS = 10 * 60_000;
const KEEP_ENDED_COUNT = 200;

export interface Tasks extends TaskRunner {
  /** What is under way. */
  readonly use: Observable<Use>;
  readonly handlers: Pick<BackendHandlers, 'tasks.changes' | 'tasks.cancel' | 'tasks.dismiss'>;
  /** Cancels what runs. */
  dispose(): void;
}

export function createTasks(now: () => number = Date.now): Tasks {
  const list = createObservable<readonly Task[]>([]);
  const running = new Map<string, AbortController>();
  const use = createUseMeter();

  function change(id: string, patch: Partial<Task>): void {
    list.set(list.get().map((task) => (task.id === id ? { ...task, ...patch } : task)));
  }

  function find(id: string): Task | undefined {
    return list.get().find((task) => task.id === id);
  }

  function current(): readonly Task[] {
    const oldest = now() - KEEP_ENDED_MS;
    let ended = 0;
    return list.get().filter((task) => task.state === 'running' || ((task.endedAt ?? 0) > oldest && ++ended <= KEEP_ENDED_COUNT));
  }

  async function* changes(signal: AbortSignal): AsyncGenerator<readonly Task[]> {
    for await (const _ of follow(list, signal)) {
      yield current();
    }
  }

  function run(kind: Task['kind'], subject: string, work: (run: TaskRun) => Promise<void>): StartedTask {
    const id = randomUUID();
    const abort = new AbortController();
    running.set(id, abort);
    const stopUsing = use.begin();
    const task: Task = { id, kind, subject, state: 'running', startedAt: now(), currentBytes: 0, totalBytes: 0, bytesPerSecond: 0 };
    list.set([task, ...current()]);

    async function settle(): Promise<Task> {
      let end: Partial<Task> = { state: 'done' };
      try {
        await work({ id, signal: abort.signal, update: (progress) => running.has(id) && change(id, progress) });
      } catch (error) {
        const cancelled = abort.signal.aborted && find(id)?.cancellable !== false;
        end = cancelled ? { state: 'cancelled' } : { state: 'failed', error: toWireError(error) };
      }
      running.delete(id);
      stopUsing();
      const ended = { ...(find(id) ?? task), ...end, endedAt: now(), bytesPerSecond: 0 };
      change(id, ended);
      return ended;
    }
    return { id, done: settle() };
  }

  return {
    run,
    use,
    dispose: () => running.forEach((abort) => abort.abort()),
    handlers: {
      'tasks.changes': (_input, { signal }) => changes(signal),
      'tasks.cancel': ({ id }) => {
        const abort = running.get(id);
        if (abort === undefined && find(id) === undefined) {
          throw new BerthError('engine.notFound', { kind: 'task', id, detail: '' });
        }
        if (find(id)?.cancellable !== false) {
          abort?.abort();
        }
      },
      'tasks.dismiss': ({ id }) => {
        list.set(list.get().filter((task) => task.id !== id || running.has(id)));
      },
    },
  };
}
