// The terminal sessions of one container, or of the host: they live in the backend, so this only lists, opens and closes them.
import { useCallback, useEffect, useState } from 'react';
import { toWireError } from '../../../preload/contract';
import { useClient, useStore } from '../../state/context';
import type { TerminalSession, WireError } from '../../../preload/contract';

/** As typed: an empty shell is whichever the container has. */
export interface OpenOptions {
  readonly shell: string;
  readonly user: string;
}

export interface Sessions {
  /** Undefined until the backend has said which there are. */
  readonly list: readonly TerminalSession[] | undefined;
  readonly active: TerminalSession | undefined;
  /** Opened here and now, so that there is nothing to replay. */
  readonly isFresh: (id: string) => boolean;
  readonly opening: boolean;
  readonly error: WireError | undefined;
  readonly open: (options: OpenOptions) => Promise<void>;
  readonly close: (id: string) => Promise<void>;
  readonly select: (id: string) => void;
  /** Asks the backend again: how a session ended is known there. */
  readonly refresh: () => Promise<void>;
  readonly clearError: () => void;
}

/** Until the view has measured itself. */
const firstSize = { cols: 100, rows: 28 };

export function useSessions(container: string | undefined): Sessions {
  const client = useClient();
  const connected = useStore((state) => state.connection.name === 'open');
  const [list, setList] = useState<readonly TerminalSession[]>();
  const [activeId, setActiveId] = useState<string>();
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [opening, setOpening] = useState(false);
  const [error, setError] = useState<WireError>();

  const ask = useCallback(() => client.call('terminal.list', container === undefined ? {} : { container }), [client, container]);
  const show = useCallback(
    (all: readonly TerminalSession[]) => {
      setList(all.filter(({ kind }) => (kind === 'host') === (container === undefined)));
    },
    [container],
  );
  useEffect(() => {
    if (connected) {
      // Without an answer the connection is gone again, and the next one asks.
      ask().then(show, () => undefined);
    }
  }, [connected, ask, show]);

  const open = useCallback(
    async ({ shell, user }: OpenOptions) => {
      setOpening(true);
      setError(undefined);
      try {
        const session = await client.call(
          'terminal.open',
          container === undefined
            ? { kind: 'host', ...firstSize }
            : { kind: 'exec', container, shell: shell.trim() || 'auto', user: user.trim(), ...firstSize },
        );
        setFresh((old) => new Set([...old, session.id]));
        setList((old = []) => [...old.filter(({ id }) => id !== session.id), session]);
        setActiveId(session.id);
      } catch (thrown) {
        setError(toWireError(thrown));
      } finally {
        setOpening(false);
      }
    },
    [client, container],
  );
  const close = useCallback(
    async (id: string) => {
      setList((old) => old?.filter((session) => session.id !== id));
      await client.call('terminal.close', { session: id }).catch(() => undefined);
    },
    [client],
  );

  return {
    list,
    active: list?.find(({ id }) => id === activeId) ?? list?.at(-1),
    isFresh: (id) => fresh.has(id),
    opening,
    error,
    open,
    close,
    select: (id) => {
      // All of them were seen by now: coming back to one means a replay.
      setFresh(new Set());
      setActiveId(id);
    },
    refresh: async () => {
      show(await ask());
    },
    clearError: () => {
      setError(undefined);
    },
  };
}
