// Removing images: the row is marked at once, a failure is told under it.
import { useCallback } from 'react';
import { toWireError } from '../../../preload/contract';
import { useServices } from '../../state/context';
import { without } from '../../state/slices/ui';
import { patchUi } from '../../state/store';
import type { ImageRow } from './model';

export function useRemoveImages(): (rows: readonly ImageRow[], force: boolean) => Promise<void> {
  const { connection, store } = useServices();
  return useCallback(
    async (rows, force) => {
      patchUi(store, (ui) => ({
        pending: { ...ui.pending, ...Object.fromEntries(rows.map(({ id }) => [id, 'removing' as const])) },
        errors: rows.reduce((errors, { id }) => without(errors, id), ui.errors),
      }));
      // One after the other: removing a tag may remove what the next one names.
      for (const { id } of rows) {
        try {
          await connection.client.call('images.remove', { id, force });
        } catch (error) {
          patchUi(store, (ui) => ({ errors: { ...ui.errors, [id]: toWireError(error) } }));
        } finally {
          patchUi(store, (ui) => ({ pending: without(ui.pending, id) }));
        }
      }
    },
    [connection, store],
  );
}
