// Tests as they run: steps live, results into the store, at last a proposal. Ends with the page or by cancel; several may run at once.
import { useCallback, useEffect, useRef, useState } from 'react';
import { DIRECT, toWireError } from '../../../preload/contract';
import type { MirrorProposal, MirrorTestItem, MirrorTestStep, WireError } from '../../../preload/contract';
import { useServices } from '../../state/context';
import { patchMirrors } from '../../state/store';

/** By address: the steps that are done; an address is in here exactly while its test runs. */
export type Running = Readonly<Record<string, readonly MirrorTestStep[]>>;

export interface Proposal {
  readonly order: readonly MirrorProposal[];
  /** How Docker Hub itself does; the order is of mirrors only. */
  readonly direct: 'no' | 'works' | 'fastest';
  readonly seconds: number;
  readonly at: number;
  readonly count: number;
}

export interface Tests {
  readonly running: Running;
  readonly proposal: Proposal | undefined;
  readonly error: WireError | undefined;
  readonly run: (urls: readonly string[]) => Promise<void>;
  readonly cancel: () => void;
  readonly dismiss: () => void;
}

export function useTests(): Tests {
  const { connection, store } = useServices();
  const [running, setRunning] = useState<Running>({});
  const [proposal, setProposal] = useState<Proposal>();
  const [error, setError] = useState<WireError>();
  const open = useRef(new Set<AbortController>());

  const cancel = useCallback(() => {
    open.current.forEach((each) => each.abort());
    open.current.clear();
  }, []);
  useEffect(() => cancel, [cancel]);

  const apply = useCallback(
    (item: MirrorTestItem, count: number) => {
      switch (item.kind) {
        case 'step':
          setRunning((old) => ({ ...old, [item.url]: [...(old[item.url] ?? []), item.step] }));
          break;
        case 'result':
          setRunning((old) => drop(old, [item.url]));
          patchMirrors(store, ({ tests }) => ({ tests: { ...tests, [item.url]: item.test } }));
          break;
        default:
          // One mirror alone has nobody to be compared with.
          if (count > 1) {
            const direct = item.order[0]?.url === DIRECT ? 'fastest' : item.direct ? 'works' : 'no';
            setProposal({ order: item.order.filter(({ url }) => url !== DIRECT), direct, seconds: item.seconds, at: Date.now(), count });
          }
      }
    },
    [store],
  );

  const run = useCallback(
    async (urls: readonly string[]) => {
      if (urls.length === 0) {
        return;
      }
      const controller = new AbortController();
      open.current.add(controller);
      setError(undefined);
      setRunning((old) => ({ ...old, ...Object.fromEntries(urls.map((url) => [url, []])) }));
      try {
        for await (const item of connection.client.stream('mirrors.test', { urls: [...urls] }, { signal: controller.signal })) {
          apply(item, urls.length);
        }
      } catch (thrown) {
        if (!controller.signal.aborted) {
          setError(toWireError(thrown));
        }
      } finally {
        open.current.delete(controller);
        setRunning((old) => drop(old, urls));
      }
    },
    [connection, apply],
  );

  const dismiss = useCallback(() => setError(undefined), []);
  return { running, proposal, error, run, cancel, dismiss };
}

function drop(running: Running, urls: readonly string[]): Running {
  const gone = new Set(urls);
  return Object.fromEntries(Object.entries(running).filter(([url]) => !gone.has(url)));
}
