// The window's way out. A browser opens a tab by itself; Electron's page opens nothing and asks its shell, which may refuse.
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useServices, useStore } from '../state/context';
import type { AnchorHTMLAttributes, ReactNode } from 'react';

function useShell(): ((url: string) => void) | undefined {
  const { t } = useTranslation('common');
  const { connection, actions } = useServices();
  const isElectron = useStore((state) => state.app?.shell === 'electron');
  const open = useCallback(
    (url: string) => {
      connection.client.call('shell.openExternal', { url }).catch(() => actions.toast(t('notOpened', { url })));
    },
    [connection, actions, t],
  );
  return isElectron ? open : undefined;
}

/** For a click on what is no anchor. */
export function useOpenUrl(): (url: string) => void {
  const ask = useShell();
  return (
    ask ??
    ((url) => {
      window.open(url, '_blank', 'noopener');
    })
  );
}

export function ExternalLink({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string }): ReactNode {
  const ask = useShell();
  return (
    <a
      {...rest}
      href={href}
      target="_blank"
      rel="noreferrer"
      onClick={(event) => {
        if (ask !== undefined) {
          event.preventDefault();
          ask(href);
        }
      }}
    />
  );
}
