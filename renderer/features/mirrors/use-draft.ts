// The page's list: the saved one, or the draft over it. Lives in the store, so that leaving the page loses nothing.
import { useCallback, useMemo } from 'react';
import type { MirrorsState } from '../../../preload/contract';
import { useServices, useStore } from '../../state/context';
import { patchMirrors } from '../../state/store';
import { changesOf, inConflict, itemsOf, rebase, sameList } from './draft';
import type { Changes, Items } from './draft';

export interface MirrorList {
  readonly items: Items;
  readonly saved: Items;
  readonly changes: Changes;
  /** Somebody else saved another list meanwhile. */
  readonly conflict: boolean;
  /** What the next apply is made from. */
  readonly revision: string;
  readonly savedRevision: string;
  readonly edit: (change: (items: Items) => Items) => void;
  readonly discard: () => void;
  /** The draft over the list that somebody else saved. */
  readonly overTheirs: () => Items;
}

export function useMirrorList(known: MirrorsState): MirrorList {
  const { store } = useServices();
  const draft = useStore((s) => s.mirrors.draft);
  const saved = useMemo(() => itemsOf(known.mirrors), [known.mirrors]);
  const { revision } = known;
  const items = draft?.items ?? saved;

  const edit = useCallback(
    (change: (items: Items) => Items) =>
      patchMirrors(store, ({ draft: old }) => {
        const from = old ?? { revision, base: saved, items: saved };
        const next = change(from.items);
        return { draft: sameList(next, saved) ? undefined : { ...from, items: next } };
      }),
    [store, revision, saved],
  );
  const discard = useCallback(() => patchMirrors(store, () => ({ draft: undefined })), [store]);
  const overTheirs = useCallback(() => {
    const { draft: mine } = store.getState().mirrors;
    if (mine === undefined) {
      return saved;
    }
    const over = rebase(mine, saved, revision);
    patchMirrors(store, () => ({ draft: over }));
    return over.items;
  }, [store, saved, revision]);

  const changes = useMemo(
    () => (draft === undefined || sameList(draft.items, saved) ? changesOf(saved, saved) : changesOf(draft.base, draft.items)),
    [draft, saved],
  );
  return {
    items,
    saved,
    changes,
    conflict: inConflict(draft, saved, revision),
    // Only the same list may have a newer name; another one is a conflict that the user settles.
    revision: draft === undefined || sameList(draft.base, saved) ? revision : draft.revision,
    savedRevision: revision,
    edit,
    discard,
    overTheirs,
  };
}
