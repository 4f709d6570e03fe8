// The window's way out, for a link's click: Electron asks its shell, a browser opens a tab by itself.
import type { MouseEvent } from 'react';
import { useClient, useStore } from '../state/context';

export function useOpenUrl(): (event: MouseEvent, url: string) => void {
  const client = useClient();
  const isElectron = useStore((state) => state.app?.shell === 'electron');
  return (event, url) => {
    if (isElectron) {
      event.preventDefault();
      client.call('shell.openExternal', { url }).catch(() => undefined);
    }
  };
}
