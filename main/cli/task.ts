// A task of the backend followed to its end: what is told meanwhile is the command's own matter. Ctrl-C cancels while the task can be cancelled;
// afterwards it only leaves, and the work goes on in the backend.
import type { Client, Task } from '../../preload/contract';
import type { Kit } from './kit';
import { Exit, EXIT } from './output';

export async function followTask(kit: Kit, client: Client, id: string, tell: (task: Task) => void): Promise<Task> {
  const { interrupted, output } = kit;
  const left = new AbortController();
  let latest: Task | undefined;
  const stop = (): void => {
    if (latest?.cancellable === false) {
      left.abort();
    } else {
      client.call('tasks.cancel', { id }).catch(() => left.abort());
    }
  };
  interrupted.addEventListener('abort', stop);
  if (interrupted.aborted) {
    stop();
  }
  try {
    for await (const tasks of client.stream('tasks.changes', {}, { signal: left.signal })) {
      latest = tasks.find((task) => task.id === id);
      if (latest !== undefined) {
        tell(latest);
        if (latest.state !== 'running') {
          return latest;
        }
      }
    }
  } catch (error) {
    if (!left.signal.aborted) {
      throw error;
    }
  } finally {
    interrupted.removeEventListener('abort', stop);
  }
  output.say(output.texts.text('cli', 'task.goesOn'));
  throw new Exit(EXIT.failed);
}

/** Says each step of a configuration's task as it ends, with a program's own words under one that failed. */
export function stepTeller({ texts, say }: Kit['output']): (task: Task) => void {
  const told = new Set<string>();
  return ({ steps = [] }) => {
    for (const { name, state, seconds, detail } of steps) {
      if ((state === 'done' || state === 'failed') && !told.has(name)) {
        told.add(name);
        const params = { name: texts.text('cli', `step.${name}`), seconds: (seconds ?? 0).toFixed(2) };
        say(texts.text('cli', state === 'done' ? 'phase' : 'task.stepFailed', params));
        if (state === 'failed' && detail !== undefined && detail !== '') {
          detail.split('\n').forEach((line) => say(`    ${line}`));
        }
      }
    }
  };
}
