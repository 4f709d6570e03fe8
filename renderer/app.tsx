// Which page stands in the frame, and the settings that concern the whole window.
import { useMantineColorScheme } from '@mantine/core';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ContainerPage } from './features/containers/container-page';
import { ContainersPage } from './features/containers/containers-page';
import { DashboardPage } from './features/dashboard/dashboard-page';
import { DiagnosticsPage } from './features/diagnostics/diagnostics-page';
import { DiskPage } from './features/disk/disk-page';
import { ImagesPage } from './features/images/images-page';
import { LogsTab } from './features/logs/logs-tab';
import { MirrorsPage } from './features/mirrors/mirrors-page';
import { PortsPage } from './features/ports/ports-page';
import { RepairPage } from './features/repair/repair-page';
import { RunPage } from './features/run/run-page';
import { EngineSettingsPage } from './features/settings/engine/engine-settings-page';
import { SettingsPage } from './features/settings/settings-page';
import { SharesPage } from './features/settings/shares/shares-page';
import { ToolsPage } from './features/settings/tools/tools-page';
import { HostTerminalPage } from './features/terminal/host-terminal-page';
import { TerminalTab } from './features/terminal/terminal-tab';
import { Frame } from './frame/frame';
import { setLanguage } from './i18n';
import { useRoute } from './routes';
import type { Route } from './routes';
import { useStore } from './state/context';

export function App(): ReactNode {
  const route = useRoute();
  useAppearance();
  return <Frame route={route}>{page(route)}</Frame>;
}

function page({ page: name, args: [id, section] }: Route): ReactNode {
  switch (name) {
    case 'containers':
      return id === undefined ? (
        <ContainersPage />
      ) : (
        <ContainerPage key={id} id={id} tab={section ?? 'overview'} Logs={LogsTab} Terminal={TerminalTab} />
      );
    case 'images':
      return <ImagesPage />;
    case 'mirrors':
      return <MirrorsPage />;
    case 'ports':
      return <PortsPage />;
    case 'disk':
      return <DiskPage />;
    case 'repair':
      return <RepairPage />;
    case 'run':
      return <RunPage />;
    case 'terminal':
      return <HostTerminalPage />;
    case 'settings':
      return settingsPage(id, section);
    default:
      return <DashboardPage />;
  }
}

function settingsPage(id: string | undefined, section: string | undefined): ReactNode {
  switch (id) {
    case 'engine':
      return <EngineSettingsPage section={section} />;
    case 'diagnostics':
      return <DiagnosticsPage />;
    case 'shares':
      return <SharesPage />;
    case 'tools':
      return <ToolsPage />;
    default:
      return <SettingsPage />;
  }
}

function useAppearance(): void {
  const { i18n } = useTranslation();
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const language = useStore((s) => s.settings?.language);
  const theme = useStore((s) => s.settings?.theme);
  useEffect(() => {
    if (language !== undefined) {
      setLanguage(i18n, language);
    }
  }, [i18n, language]);
  useEffect(() => {
    if (theme !== undefined) {
      setColorScheme(theme === 'system' ? 'auto' : theme);
    }
  }, [theme, setColorScheme]);
}
