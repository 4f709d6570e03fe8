// What the palette offers at this moment: pages, containers with their first action, verbs of the engine and the window.
import {
  IconActivity,
  IconBolt,
  IconClipboard,
  IconLanguage,
  IconMoon,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconPower,
  IconRefresh,
  IconStethoscope,
  IconSun,
  IconTerminal2,
  IconFileText,
  IconFolderPlus,
  IconFolderSymlink,
  IconKeyboard,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { href, navigate } from '../routes';
import { useActions, useClient, useStore } from '../state/context';
import { Icon } from '../ui/icon';
import { StateMark } from '../ui/state-mark';
import type { MarkKind } from '../ui/state-mark';
import { PAGES, PAGE_ICONS } from './sidebar';

export interface PaletteItem {
  readonly id: string;
  readonly group: 'pages' | 'containers' | 'actions';
  readonly label: string;
  readonly detail?: string;
  readonly mark: ReactNode;
  readonly open: () => void;
  /** Ctrl-Enter. */
  readonly first?: { readonly label: string; readonly run: () => void };
}

const MARKS: Readonly<Partial<Record<string, MarkKind>>> = {
  running: 'run',
  paused: 'pause',
  created: 'new',
  restarting: 'busy',
  removing: 'busy',
  dead: 'fail',
};

export function usePaletteItems(): readonly PaletteItem[] {
  return [...usePages(), ...useContainers(), ...useVerbs()];
}

function usePages(): readonly PaletteItem[] {
  const { t } = useTranslation('frame');
  return PAGES.map((page) => ({
    id: `page:${page}`,
    group: 'pages',
    label: t(`page.${page}`),
    mark: <Icon of={PAGE_ICONS[page]} />,
    open: () => navigate(href(page)),
  }));
}

function useContainers(): readonly PaletteItem[] {
  const { t } = useTranslation('frame');
  const actions = useActions();
  const containers = useStore(useShallow((s) => s.engine.containerIds.flatMap((id) => s.engine.containers[id] ?? [])));
  return containers.map(({ id, name, image, state }) => ({
    id,
    group: 'containers',
    label: name,
    detail: image,
    mark: <StateMark kind={MARKS[state] ?? 'exit'} />,
    open: () => navigate(href('containers', id)),
    first:
      state === 'paused'
        ? { label: t('palette.unpause'), run: () => void actions.unpauseContainer(id) }
        : state === 'running' || state === 'restarting'
          ? { label: t('palette.stop'), run: () => void actions.stopContainer(id) }
          : { label: t('palette.start'), run: () => void actions.startContainer(id) },
  }));
}

function useVerbs(): readonly PaletteItem[] {
  const { t, i18n } = useTranslation('frame');
  const actions = useActions();
  const client = useClient();
  const state = useStore((s) => s.vm.status?.state);
  const suspends = useStore((s) => s.vm.status?.features.suspend === true);
  const mirrors = useStore((s) => (s.mirrors.known?.mirrors.length ?? 0) > 0);
  const hostTerminal = useStore((s) => s.app?.features.hostTerminal === true);
  const dark = document.documentElement.dataset['mantineColorScheme'] === 'dark';
  const verb = (id: string, icon: Parameters<typeof Icon>[0]['of'], run: () => void, offered = true): readonly PaletteItem[] =>
    offered ? [{ id: `verb:${id}`, group: 'actions', label: t(`palette.verb.${id}`), mark: <Icon of={icon} />, open: run }] : [];
  /** Found by the words that people have for it. */
  const known = (detail: string, items: readonly PaletteItem[]): readonly PaletteItem[] =>
    items.map((item) => ({ ...item, detail: t(`palette.detail.${detail}`) }));
  const set = (patch: Parameters<typeof client.call<'settings.set'>>[1]): void =>
    void client.call('settings.set', patch).catch(() => undefined);
  return [
    ...verb('startVm', IconPlayerPlay, () => void actions.startVm(), state === 'stopped' || state === 'failed'),
    ...verb('resumeVm', IconPlayerPlay, () => void actions.startVm(), state === 'suspended'),
    ...verb('suspendVm', IconPlayerPause, () => void actions.stopVm(), state === 'running' && suspends),
    ...verb('stopVm', IconPlayerStop, () => void actions.stopVm(), state === 'running' && !suspends),
    ...verb('shutDownVm', IconPower, () => void actions.shutDownVm(), state === 'suspended' || (state === 'running' && suspends)),
    ...verb('restartEngine', IconRefresh, () => void actions.restartEngine(), state === 'running'),
    ...verb('restartVm', IconRefresh, () => void actions.restartVm(), state === 'running'),
    ...verb('terminal', IconTerminal2, () => navigate('#/terminal'), hostTerminal),
    ...verb('mirrorsSetup', IconBolt, () => navigate('#/mirrors?do=setup')),
    ...verb('mirrorsTest', IconActivity, () => navigate('#/mirrors?do=test'), mirrors),
    ...verb('mirrorsPaste', IconClipboard, () => navigate('#/mirrors?do=paste')),
    ...known(
      'shares',
      verb('shares', IconFolderSymlink, () => navigate('#/settings/shares')),
    ),
    ...known(
      'shares',
      verb('shareFolder', IconFolderPlus, () => navigate('#/settings/shares?do=add')),
    ),
    ...verb('log', IconFileText, () => actions.openPanel('log')),
    ...verb('doctor', IconStethoscope, () => actions.openPanel('doctor')),
    ...verb(dark ? 'light' : 'dark', dark ? IconSun : IconMoon, () => set({ theme: dark ? 'light' : 'dark' })),
    ...verb('language', IconLanguage, () => set({ language: i18n.language === 'en' ? 'zh-CN' : 'en' })),
    ...verb('shortcuts', IconKeyboard, () => actions.openPanel('shortcuts')),
  ];
}
