// A call from a component: pending in the same frame, the error kept until the next try, cancelled when the component goes.
import { useCallback, useEffect, useRef, useState } from 'react';
import { toWireError } from '../../preload/contract';
import type { CallNames, Contract, InputOf, OutputOf, WireError } from '../../preload/contract';
import { useClient } from './context';

export interface UseCall<K extends CallNames> {
  /** Resolves to undefined when the call failed (see `error`) or was cancelled. */
  readonly run: (input: InputOf<Contract[K]>) => Promise<OutputOf<Contract[K]> | undefined>;
  readonly pending: boolean;
  readonly error: WireError | undefined;
  readonly cancel: () => void;
  readonly reset: () => void;
}

export function useCall<K extends CallNames>(name: K): UseCall<K> {
  const client = useClient();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<WireError>();
  const running = useRef<AbortController>(undefined);

  useEffect(() => () => running.current?.abort(), []);

  const run = useCallback(
    async (input: InputOf<Contract[K]>) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      setPending(true);
      setError(undefined);
      try {
        return await client.call(name, input, { signal: controller.signal });
      } catch (thrown) {
        if (!controller.signal.aborted) {
          setError(toWireError(thrown));
        }
        return undefined;
      } finally {
        if (running.current === controller) {
          setPending(false);
        }
      }
    },
    [client, name],
  );

  const cancel = useCallback(() => {
    running.current?.abort();
    setPending(false);
  }, []);
  const reset = useCallback(() => setError(undefined), []);
  return { run, pending, error, cancel, reset };
}
