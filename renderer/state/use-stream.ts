// What a page or the status line shows and the store does not hold: read while it can be seen.
import { useDocumentVisibility } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { Contract, ItemOf } from '../../preload/contract';
import { useServices, useStore } from './context';
import type { StateStream } from './watch';

/** The stream's last item; undefined until the first one. */
export function useStream<K extends StateStream>(name: K): ItemOf<Contract[K]> | undefined {
  const { watch } = useServices();
  const open = useStore((s) => s.connection.name === 'open');
  const seen = useDocumentVisibility() !== 'hidden';
  const [item, setItem] = useState<ItemOf<Contract[K]>>();
  // A lost connection is told by the frame, and begins this anew.
  useEffect(() => (open && seen ? watch(name, setItem) : undefined), [watch, name, open, seen]);
  return item;
}
