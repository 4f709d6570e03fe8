// Streams of the contract as a test reads them: what a handler is called with, the first item that is right, a task as it ended.
import type { BackendHandlers, StreamContext, Task } from '../../preload/contract';

export function context(signal: AbortSignal = new AbortController().signal, upload: AsyncIterable<Uint8Array> = none()): StreamContext {
  return { signal, upload };
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** The first item that is right, after which the stream is left; rejects where it ends before. */
export async function firstItem<T>(
  stream: (streamContext: StreamContext) => AsyncIterable<T>,
  right: (item: T) => boolean = () => true,
): Promise<T> {
  const abort = new AbortController();
  try {
    for await (const item of stream(context(abort.signal))) {
      if (right(item)) {
        return item;
      }
    }
  } finally {
    abort.abort();
  }
  throw new Error('the stream ended');
}

export async function taskEnd(handlers: Pick<BackendHandlers, 'tasks.changes'>, id: string): Promise<Task> {
  const find = (tasks: readonly Task[]): Task | undefined => tasks.find((task) => task.id === id && task.state !== 'running');
  const tasks = await firstItem(
    (streamContext) => handlers['tasks.changes']({}, streamContext),
    (list) => find(list) !== undefined,
  );
  return find(tasks) ?? Promise.reject(new Error(`no task ${id}`));
}
