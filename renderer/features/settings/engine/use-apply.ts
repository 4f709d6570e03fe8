// The way of a change from the button to the task: judged once more, what it does to containers and images confirmed, then handed to the backend.
import { useState } from 'react';
import { toWireError } from '../../../../preload/contract';
import type { ConfigCheck, WireError } from '../../../../preload/contract';
import { useClient, useServices } from '../../../state/context';

/** What waits for a yes. */
export interface Asked {
  readonly check: ConfigCheck;
  readonly send: () => Promise<void>;
}

export interface Apply {
  readonly pending: boolean;
  readonly error: WireError | undefined;
  readonly asked: Asked | undefined;
  readonly text: (text: string, revision: string, origin: 'form' | 'editor') => Promise<void>;
  readonly restore: (id: string, text: string, revision: string) => Promise<void>;
  readonly settleGuestEdit: (decision: 'take' | 'drop', revision: string) => Promise<void>;
  readonly confirm: () => void;
  readonly cancel: () => void;
  readonly clear: () => void;
}

const ACCEPT = { warnings: true, disruptive: true } as const;

export function useApply(): Apply {
  const client = useClient();
  const { store } = useServices();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<WireError>();
  const [asked, setAsked] = useState<Asked>();

  async function start(begin: () => Promise<{ readonly task: string } | undefined>): Promise<void> {
    setPending(true);
    setError(undefined);
    try {
      const started = await begin();
      if (started !== undefined) {
        store.setState((s) => ({ config: { ...s.config, watched: started.task } }));
      }
    } catch (thrown) {
      setError(toWireError(thrown));
    } finally {
      setPending(false);
    }
  }

  /** Sends at once what needs no yes. */
  async function ask(
    text: string,
    send: (accept: Partial<typeof ACCEPT>) => Promise<{ readonly task: string }>,
  ): Promise<{ readonly task: string } | undefined> {
    const check = await client.call('config.check', { text });
    const stops =
      check.class === 'disruptive' && check.effects.stops.length + check.effects.hidesImages + check.effects.hidesContainers > 0;
    if (stops || check.problems.some(({ severity }) => severity === 'warning')) {
      setAsked({ check, send: () => start(() => send(ACCEPT)) });
      return undefined;
    }
    // Nothing runs and nothing is hidden: there is nothing to name in a question.
    return send(check.class === 'disruptive' ? { disruptive: true } : {});
  }

  return {
    pending,
    error,
    asked,
    text: (text, revision, origin) => start(() => ask(text, (accept) => client.call('config.apply', { text, revision, origin, accept }))),
    restore: (id, text, revision) => start(() => ask(text, (accept) => client.call('config.restore', { id, revision, accept }))),
    settleGuestEdit: (decision, revision) => start(() => client.call('config.settleGuestEdit', { decision, revision })),
    confirm() {
      setAsked(undefined);
      void asked?.send();
    },
    cancel: () => setAsked(undefined),
    clear: () => setError(undefined),
  };
}
