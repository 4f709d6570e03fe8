// Tests run inside the virtual machine: where it is off, it is started first, and what was asked for goes on by itself.
import { useCallback, useState } from 'react';
import { useServices } from '../../state/context';

export interface EngineFirst {
  readonly starting: boolean;
  readonly first: (then: () => void) => Promise<void>;
}

export function useEngineFirst(): EngineFirst {
  const { store, actions } = useServices();
  const [starting, setStarting] = useState(false);
  const first = useCallback(
    async (then: () => void) => {
      const state = (): string | undefined => store.getState().vm.status?.state;
      if (state() !== 'running') {
        setStarting(true);
        await actions.startVm();
        // The call's answer may come before the state that says the same.
        await settled(() => state() === 'running' || store.getState().ui.vmError !== undefined || state() === 'failed', store.subscribe);
        setStarting(false);
      }
      if (state() === 'running') {
        then();
      }
    },
    [store, actions],
  );
  return { starting, first };
}

function settled(done: () => boolean, subscribe: (listener: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    if (done()) {
      resolve();
      return;
    }
    const unsubscribe = subscribe(() => {
      if (done()) {
        unsubscribe();
        resolve();
      }
    });
  });
}
