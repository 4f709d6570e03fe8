// Tests run inside the virtual machine: where it is off, it is started first, and what was asked for goes on by itself.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useServices } from '../../state/context';

/** How a start ends; without an error where somebody cancelled it. */
const OVER: ReadonlySet<string> = new Set(['running', 'failed', 'stopped', 'suspended']);

export interface EngineFirst {
  readonly starting: boolean;
  readonly first: (then: () => void) => Promise<void>;
}

export function useEngineFirst(): EngineFirst {
  const { store, actions } = useServices();
  const [starting, setStarting] = useState(false);
  const mounted = useRef(false);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const first = useCallback(
    async (then: () => void) => {
      const state = (): string | undefined => store.getState().vm.status?.state;
      if (state() !== 'running') {
        setStarting(true);
        await actions.startVm();
        // The call's answer may come before the state that says the same.
        await settled(() => OVER.has(state() ?? '') || store.getState().ui.vmError !== undefined, store.subscribe);
        setStarting(false);
      }
      if (mounted.current && state() === 'running') {
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
