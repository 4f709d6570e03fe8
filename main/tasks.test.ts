import { expect, test } from 'vitest';
import { BerthError } from '../preload/contract';
import type { Task } from '../preload/contract';
import type { TaskRun } from './lib/task-runner';
import { createTasks } from './tasks';

const context = { signal: new AbortController().signal, upload: (async function* () {})() };

async function listed(tasks: ReturnType<typeof createTasks>): Promise<readonly Task[]> {
  const abort = new AbortController();
  for await (const list of tasks.handlers['tasks.changes']({}, { ...context, signal: abort.signal })) {
    abort.abort();
    return list;
  }
  return [];
}

test('a task runs, tells its progress, and stays listed after its end for ten minutes', async () => {
  let now = 1000;
  const tasks = createTasks(() => now);
  let run: TaskRun | undefined;
  let finish: () => void = () => undefined;
  const { id, done } = tasks.run('pull', 'busybox', (given) => ((run = given), new Promise((resolve) => (finish = resolve))));
  run?.update({ currentBytes: 5, totalBytes: 10 });
  expect(await listed(tasks)).toMatchObject([{ id, state: 'running', currentBytes: 5, totalBytes: 10, startedAt: 1000 }]);
  now = 2000;
  finish();
  expect(await done).toMatchObject({ state: 'done', endedAt: 2000, currentBytes: 5 });
  run?.update({ currentBytes: 6 });
  expect(await listed(tasks)).toMatchObject([{ state: 'done', currentBytes: 5 }]);
  now = 2000 + 10 * 60_000;
  expect(await listed(tasks)).toEqual([]);
});

test('failures carry their code; a cancelled one is no failure; dismissing leaves what runs', async () => {
  const tasks = createTasks();
  const failed = await tasks.run('pull', 'a', () => Promise.reject(new BerthError('engine.noSpace', { detail: 'x' }))).done;
  expect(failed).toMatchObject({ state: 'failed', error: { code: 'engine.noSpace', params: { detail: 'x' } } });
  const { id, done } = tasks.run(
    'load',
    'b',
    ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
  );
  await tasks.handlers['tasks.dismiss']({ id }, context);
  await tasks.handlers['tasks.dismiss']({ id: failed.id }, context);
  expect((await listed(tasks)).map((task) => task.subject)).toEqual(['b']);
  await tasks.handlers['tasks.cancel']({ id }, context);
  expect(await done).toMatchObject({ state: 'cancelled' });
  expect(() => tasks.handlers['tasks.cancel']({ id: 'nobody' }, context)).toThrow(expect.objectContaining({ code: 'engine.notFound' }));
});
