// Putting the list in force: one call, then the backend's task is followed by its steps. The task outlives the page; its id is in the store.
import { useCallback, useEffect, useState } from 'react';
import { toWireError } from '../../../preload/contract';
import type { Task, WireError } from '../../../preload/contract';
import { useServices, useStore } from '../../state/context';
import { patchMirrors } from '../../state/store';
import { itemsOf, rebase, settle } from './draft';
import type { Items } from './draft';

export interface Apply {
  /** From the click to the end of the task. */
  readonly busy: boolean;
  readonly task: Task | undefined;
  /** Why the call was refused; then nothing was kept. */
  readonly refused: WireError | undefined;
  readonly run: (items: Items, revision: string) => Promise<void>;
  readonly dismiss: () => void;
}

export function useApply(): Apply {
  const { connection, store, actions } = useServices();
  const id = useStore((s) => s.mirrors.applying?.task);
  const task = useStore((s) => (id === undefined ? undefined : s.tasks.find((each) => each.id === id)));
  const [calling, setCalling] = useState(false);
  const [refused, setRefused] = useState<WireError>();

  const run = useCallback(
    async (items: Items, revision: string) => {
      setCalling(true);
      setRefused(undefined);
      patchMirrors(store, () => ({ applying: undefined }));
      try {
        const answer = await connection.client.call('mirrors.apply', {
          mirrors: items.map(({ url, name, note, enabled }) => ({ url, name, note, enabled })),
          revision,
          origin: 'form',
        });
        patchMirrors(store, () => ({ applying: { task: answer.task, sent: items } }));
      } catch (error) {
        setRefused(toWireError(error));
      } finally {
        setCalling(false);
      }
    },
    [connection, store],
  );
  const dismiss = useCallback(() => {
    setRefused(undefined);
    const { applying } = store.getState().mirrors;
    patchMirrors(store, () => ({ applying: undefined }));
    if (applying !== undefined) {
      void actions.dismissTask(applying.task);
    }
  }, [store, actions]);

  const state = task?.state;
  const known = useStore((s) => s.mirrors.known);
  useEffect(() => {
    if (state === 'done') {
      // Once: the task stays in sight, and what is edited from now on is a new draft.
      patchMirrors(store, ({ draft, applying }) =>
        applying?.sent === undefined ? {} : { draft: settle(draft, applying.sent), applying: { ...applying, sent: undefined } },
      );
    } else if ((state === 'failed' || state === 'cancelled') && known !== undefined) {
      // Our own apply and its way back change the saved list: the draft goes on from what is saved now.
      patchMirrors(store, ({ draft }) => (draft === undefined ? {} : { draft: rebase(draft, itemsOf(known.mirrors), known.revision) }));
    }
  }, [state, known, store]);

  return { busy: calling || (id !== undefined && state === 'running'), task, refused, run, dismiss };
}
