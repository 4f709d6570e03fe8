// What pressing Run does, step by step: pull what is missing, create, start. Each step is shown; a failed one says what is kept.
import { useCallback, useEffect, useRef, useState } from 'react';
import { BerthError, fromWireError, toWireError } from '../../../preload/contract';
import { href, navigate } from '../../routes';
import { useServices, useStore } from '../../state/context';
import { toSpec } from './form';
import { findImage } from './image-here';
import type { Task, WireError } from '../../../preload/contract';
import type { Services } from '../../state/context';
import type { RunForm } from './form';

export type StepName = 'pull' | 'create';
export type StepState = 'waiting' | 'busy' | 'done' | 'failed';

export interface Submit {
  readonly steps: Readonly<Partial<Record<StepName, StepState>>>;
  readonly pending: boolean;
  readonly error: WireError | undefined;
  /** The pull that is under way. */
  readonly task: Task | undefined;
  readonly run: (form: RunForm, start: boolean) => Promise<void>;
  readonly cancel: () => void;
  readonly reset: () => void;
}

/** Resolves when the backend says that the task is over. */
function taskEnd({ store, connection }: Services, id: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      const task = store.getState().tasks.find((each) => each.id === id);
      if (signal.aborted || task?.state === 'cancelled') {
        finish(new BerthError('rpc.cancelled', {}));
      } else if (task?.state === 'done') {
        finish(undefined);
      } else if (task?.state === 'failed') {
        finish(task.error === undefined ? new BerthError('rpc.cancelled', {}) : fromWireError(task.error));
      }
    };
    const finish = (error: Error | undefined): void => {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) {
        resolve();
      } else {
        reject(error);
      }
    };
    const onAbort = (): void => {
      connection.client.call('tasks.cancel', { id }).catch(() => undefined);
      check();
    };
    const unsubscribe = store.subscribe(check);
    signal.addEventListener('abort', onAbort);
    check();
  });
}

export function useSubmit(): Submit {
  const services = useServices();
  const [steps, setSteps] = useState<Submit['steps']>({});
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<WireError>();
  const [task, setTask] = useState<string>();
  const running = useRef<AbortController>(undefined);
  // Left while it pulls: the pull goes on in the backend, but nothing is started behind the user's back, and nobody is led away.
  const left = useRef(false);
  useEffect(
    () => () => {
      left.current = true;
    },
    [],
  );

  const run = useCallback(
    async (form: RunForm, start: boolean) => {
      const abort = new AbortController();
      running.current = abort;
      const { connection, store } = services;
      const hasLeft = (): boolean => left.current;
      const isHere = findImage(form.image, Object.values(store.getState().engine.images)) !== undefined;
      let step: StepName = isHere ? 'create' : 'pull';
      const set = (name: StepName, state: StepState): void => {
        step = name;
        setSteps((old) => ({ ...old, [name]: state }));
      };
      setPending(true);
      setError(undefined);
      setSteps(isHere ? {} : { pull: 'busy', create: 'waiting' });
      try {
        if (!isHere) {
          const answer = await connection.client.call('images.pull', { reference: form.image.trim() }, { signal: abort.signal });
          setTask(answer.task);
          await taskEnd(services, answer.task, abort.signal);
          set('pull', 'done');
        }
        if (hasLeft()) {
          return;
        }
        set('create', 'busy');
        const { id } = await connection.client.call('containers.create', { spec: toSpec(form), start });
        set('create', 'done');
        if (!hasLeft()) {
          navigate(href('containers', id, ...(start ? ['logs'] : [])));
        }
      } catch (thrown) {
        const wire = toWireError(thrown);
        set(step, abort.signal.aborted ? 'waiting' : 'failed');
        setError(wire.code === 'rpc.cancelled' ? undefined : wire);
      } finally {
        setPending(false);
        setTask(undefined);
      }
    },
    [services],
  );

  const pulling = useStore((state) => state.tasks.find(({ id }) => id === task));
  return {
    steps,
    pending,
    error,
    task: pulling,
    run,
    cancel: () => {
      running.current?.abort();
    },
    reset: () => {
      setError(undefined);
      setSteps({});
    },
  };
}
