// Checks an address as it is typed: the backend's own check, asked when the typing rests; duplicates are seen here, where the draft is.
import { useCallback, useEffect, useRef, useState } from 'react';
import { toWireError } from '../../../preload/contract';
import type { WireError } from '../../../preload/contract';
import { useClient } from '../../state/context';

const REST_MS = 250;

export interface Checked {
  /** Normalised; empty while unknown or wrong. */
  readonly url: string;
  readonly error: WireError | undefined;
  /** Kept nevertheless. */
  readonly warning?: WireError | undefined;
}

export interface AddressCheck {
  /** Of the text as it stands; undefined while it is being asked. */
  readonly checked: Checked | undefined;
  /** At once, for Enter. */
  readonly now: () => Promise<Checked>;
}

export function useAddressCheck(text: string): AddressCheck {
  const client = useClient();
  const [answer, setAnswer] = useState<{ readonly text: string; readonly checked: Checked }>();
  const last = useRef(text);

  const ask = useCallback(
    async (of: string): Promise<Checked> => {
      last.current = of;
      const checked: Checked = await client.call('mirrors.check', { url: of }).then(
        ({ url, error, warning }) => ({ url: error === undefined ? url : '', error, warning }),
        (thrown: unknown) => ({ url: '', error: toWireError(thrown) }),
      );
      // A slow answer to an older text says nothing about this one.
      if (last.current === of) {
        setAnswer({ text: of, checked });
      }
      return checked;
    },
    [client],
  );

  useEffect(() => {
    if (text.trim() === '') {
      return;
    }
    const timer = setTimeout(() => void ask(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text, ask]);

  return {
    checked: answer?.text === text ? answer.checked : undefined,
    now: () => (answer?.text === text ? Promise.resolve(answer.checked) : ask(text)),
  };
}
