// What can be done to containers, one or many: at once in the store, one summary and one line for each failure when it was many.
import { useCallback, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useServices } from '../../state/context';
import { firstVerb, isUp } from './state';
import type { ContainerSummary, WireError } from '../../../preload/contract';
import type { PendingVerb } from '../../state/slices/ui';

/** Those that are offered for many at once. */
export type Verb = Exclude<PendingVerb, 'pausing'>;

export interface BulkResult {
  readonly verb: Verb;
  readonly done: number;
  readonly failed: readonly { readonly id: string; readonly name: string; readonly error: WireError }[];
}

interface Verbs {
  readonly stop: (container: ContainerSummary) => void;
  readonly pause: (container: ContainerSummary) => void;
  readonly first: (container: ContainerSummary) => void;
  readonly restart: (container: ContainerSummary) => void;
  readonly many: (verb: Exclude<Verb, 'removing'>, containers: readonly ContainerSummary[]) => Promise<BulkResult>;
  readonly remove: (containers: readonly ContainerSummary[], volumes: boolean) => Promise<BulkResult>;
}

/** More at once would only queue up inside dockerd. */
const atOnce = 8;

async function forEachLimited<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await run(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

export function useVerbs(): Verbs {
  const { store, actions } = useServices();
  return useMemo(() => {
    const isPending = ({ id }: ContainerSummary): boolean => store.getState().ui.pending[id] !== undefined;
    const unlessPending =
      (run: (id: string) => Promise<void>) =>
      (container: ContainerSummary): void => {
        if (!isPending(container)) {
          void run(container.id);
        }
      };

    const bulk = async (
      verb: Verb,
      containers: readonly ContainerSummary[],
      run: (container: ContainerSummary) => Promise<void>,
    ): Promise<BulkResult> => {
      const failed: BulkResult['failed'][number][] = [];
      await forEachLimited(containers, async (container) => {
        await run(container);
        const error = store.getState().ui.errors[container.id];
        if (error !== undefined) {
          failed.push({ id: container.id, name: container.name, error });
          // The summary tells it; a notice under each row as well would push the rows apart.
          actions.clearError(container.id);
        }
      });
      return { verb, done: containers.length - failed.length, failed };
    };
    const call = {
      starting: actions.startContainer,
      stopping: actions.stopContainer,
      restarting: actions.restartContainer,
      unpausing: actions.unpauseContainer,
    } as const;
    return {
      stop: unlessPending(actions.stopContainer),
      pause: unlessPending(actions.pauseContainer),
      first: (container) => {
        unlessPending(call[firstVerb(container)])(container);
      },
      restart: unlessPending(actions.restartContainer),
      many: (verb, containers) => bulk(verb, containers, ({ id }) => call[verb](id)),
      remove: (containers, volumes) =>
        bulk('removing', containers, (container) => actions.removeContainer(container.id, { force: isUp(container), volumes })),
    };
  }, [store, actions]);
}

/** Says how it went: a short line where all went well, else the summary. */
export function useReport(show: (result: BulkResult | undefined) => void): (result: BulkResult) => void {
  const { t } = useTranslation('containers');
  const { actions } = useServices();
  return useCallback(
    (result) => {
      if (result.failed.length > 0) {
        show(result);
      } else if (result.done > 1) {
        actions.toast(t(`bulk.title.${result.verb}`, { done: result.done }));
      }
    },
    [t, actions, show],
  );
}
