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
  /** `text` is the guest's. */
  readonly takeGuestEdit: (text: string, revision: string) => Promise<void>;
  /** `text` is the host's. */
  readonly dropGuestEdit: (text: string, revision: string) => Promise<void>;
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

  async function run(way: () => Promise<void>): Promise<void> {
    setPending(true);
    setError(undefined);
    try {
      await way();
    } catch (thrown) {
      setError(toWireError(thrown));
    } finally {
      setPending(false);
    }
  }

  const watch = (text: string, { task }: { readonly task: string }): void =>
    store.setState((s) => ({ config: { ...s.config, watched: task, applied: text } }));

  /** Sends at once what needs no yes. */
  const ask = (text: string, send: (accept: Partial<typeof ACCEPT>) => Promise<{ readonly task: string }>): Promise<void> =>
    run(async () => {
      const check = await client.call('config.check', { text });
      const wrong = check.problems.find(({ severity }) => severity === 'error');
      if (wrong !== undefined) {
        setError(wrong.error);
        return;
      }
      const { stops, hidesImages, hidesContainers } = check.effects;
      const interrupts = check.class === 'disruptive' && stops.length + hidesImages + hidesContainers > 0;
      if (interrupts || check.problems.length > 0) {
        setAsked({ check, send: () => run(async () => watch(text, await send(ACCEPT))) });
        return;
      }
      // Nothing runs and nothing is hidden: there is nothing to name in a question.
      watch(text, await send(check.class === 'disruptive' ? { disruptive: true } : {}));
    });

  return {
    pending,
    error,
    asked,
    text: (text, revision, origin) => ask(text, (accept) => client.call('config.apply', { text, revision, origin, accept })),
    restore: (id, text, revision) => ask(text, (accept) => client.call('config.restore', { id, revision, accept })),
    takeGuestEdit: (text, revision) => ask(text, (accept) => client.call('config.settleGuestEdit', { decision: 'take', revision, accept })),
    dropGuestEdit: (text, revision) =>
      run(async () => watch(text, await client.call('config.settleGuestEdit', { decision: 'drop', revision }))),
    confirm() {
      setAsked(undefined);
      void asked?.send();
    },
    cancel: () => setAsked(undefined),
    clear: () => setError(undefined),
  };
}
