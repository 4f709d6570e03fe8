// The backend's judgement of the draft, asked a moment after the last key. Until the next answer the last one stands.
import { useEffect, useState } from 'react';
import { MAX_CONFIG_CHARACTERS } from '../../../../preload/contract';
import type { ConfigCheck } from '../../../../preload/contract';
import { useClient } from '../../../state/context';

const AFTER_LAST_KEY_MS = 250;

export interface Checked extends ConfigCheck {
  /** What was judged. */
  readonly text: string;
}

export function useCheck(text: string, revision: string): Checked | undefined {
  const client = useClient();
  const [checked, setChecked] = useState<Checked>();
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      if (text.length <= MAX_CONFIG_CHARACTERS) {
        client.call('config.check', { text }, { signal: stop.signal }).then(
          (check) => setChecked({ ...check, text }),
          // Told by the connection's own state.
          () => undefined,
        );
      }
    }, AFTER_LAST_KEY_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
    // Another saved text gives other changes for the same draft.
  }, [client, text, revision]);
  return checked;
}
