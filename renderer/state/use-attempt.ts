// Something that a component tries and whose answer is empty: pending in the same frame, whether it went well, the error kept until the next try.
import { useCallback, useState } from 'react';
import { toWireError } from '../../preload/contract';
import type { WireError } from '../../preload/contract';

export interface Attempt {
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  readonly pending: boolean;
  readonly error: WireError | undefined;
  readonly reset: () => void;
}

export function useAttempt(): Attempt {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<WireError>();
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setPending(true);
    setError(undefined);
    try {
      await work();
      return true;
    } catch (thrown) {
      setError(toWireError(thrown));
      return false;
    } finally {
      setPending(false);
    }
  }, []);
  const reset = useCallback(() => setError(undefined), []);
  return { run, pending, error, reset };
}
