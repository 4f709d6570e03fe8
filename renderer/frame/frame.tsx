// What stands around every page: sidebar, top bar, waterline, and what may lie over it. Pages know nothing of it.
import type { ReactNode } from 'react';
import { href } from '../routes';
import type { Route } from '../routes';
import { useStore } from '../state/context';
import { ErrorBoundary } from '../ui/error-boundary';
import { ConnectionBanner } from './connection-banner';
import { DoctorPanel } from './doctor-panel';
import css from './frame.module.css';
import { LogPanel } from './log-panel';
import { Palette } from './palette';
import { ShortcutMap, useShortcuts } from './shortcuts';
import { Sidebar } from './sidebar';
import { StatusBar } from './status-bar';
import { Toasts } from './toasts';
import { TopBar } from './top-bar';
import { VmError } from './vm-error';

export function Frame({ route, children }: { readonly route: Route; readonly children: ReactNode }): ReactNode {
  useShortcuts();
  const refused = useStore((s) => s.connection.name === 'refused');
  return (
    <div className={css['app']}>
      <Sidebar page={route.page} />
      <div className={css['main']}>
        <TopBar route={route} />
        <ConnectionBanner />
        <VmError page={route.page} />
        <main className="page" tabIndex={-1}>
          {refused ? null : <ErrorBoundary key={href(route.page, route.args[0] ?? '')}>{children}</ErrorBoundary>}
        </main>
      </div>
      <StatusBar />
      <Toasts />
      <Palette />
      <ShortcutMap />
      <LogPanel />
      <DoctorPanel />
    </div>
  );
}
