// The actions at a row's end: start/stop always at the same place, the terminal on hover, the rest behind "more".
import { Menu } from '@mantine/core';
import {
  IconBraces,
  IconCopy,
  IconDots,
  IconFileText,
  IconId,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
  IconTerminal2,
  IconTrash,
} from '@tabler/icons-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { href, navigate } from '../../routes';
import { useStore } from '../../state/context';
import { Icon } from '../../ui/icon';
import { RowAction } from '../../ui/table-action';
import { useCopy } from '../../ui/use-copy';
import { firstVerb } from './state';
import { useVerbs } from './verbs';
import type { ReactNode } from 'react';
import type { ContainerSummary } from '../../../preload/contract';

interface RowActionsProps {
  readonly container: ContainerSummary;
  readonly onMenu: (container: ContainerSummary, button: HTMLButtonElement) => void;
}

export const RowActions = memo(function RowActions({ container, onMenu }: RowActionsProps): ReactNode {
  const { t } = useTranslation('containers');
  const verbs = useVerbs();
  const pending = useStore((state) => state.ui.pending[container.id]);
  const away = useStore((state) => state.engine.status !== 'ready');
  const first = firstVerb(container);
  const blocked = pending !== undefined || away || container.state === 'removing';
  const of = (action: string): { readonly label: string; readonly title: string } => ({
    label: t('action.of', { action, name: container.name }),
    title: away ? t('action.away') : action,
  });
  return (
    <>
      {container.state === 'running' && (
        <span data-rest>
          <RowAction
            icon={IconTerminal2}
            {...of(t('action.terminal'))}
            disabled={blocked}
            onClick={() => {
              navigate(href('containers', container.id, 'terminal'));
            }}
          />
        </span>
      )}
      <RowAction
        icon={first === 'stopping' ? IconPlayerStop : IconPlayerPlay}
        {...of(t(`action.${first}`))}
        disabled={blocked}
        onClick={() => {
          verbs.first(container);
        }}
      />
      <RowAction
        icon={IconDots}
        label={t('action.of', { action: t('action.more'), name: container.name })}
        title={t('action.more')}
        hasMenu
        onClick={(button) => {
          onMenu(container, button);
        }}
      />
    </>
  );
});

interface MoreItemsProps {
  readonly container: ContainerSummary;
  readonly onRemove: (container: ContainerSummary) => void;
}

export function MoreItems({ container, onRemove }: MoreItemsProps): ReactNode {
  const { t } = useTranslation('containers');
  const verbs = useVerbs();
  const blocked = useStore((state) => state.ui.pending[container.id] !== undefined || state.engine.status !== 'ready');
  const open = (tab: string) => () => {
    navigate(href('containers', container.id, tab));
  };
  const { copy } = useCopy();
  return (
    <>
      {container.state === 'running' && (
        <Menu.Item
          leftSection={<Icon of={IconPlayerPause} small />}
          disabled={blocked}
          onClick={() => {
            verbs.pause(container);
          }}
        >
          {t('action.pausing')}
        </Menu.Item>
      )}
      {container.state === 'paused' && (
        <Menu.Item
          leftSection={<Icon of={IconPlayerStop} small />}
          disabled={blocked}
          onClick={() => {
            verbs.stop(container);
          }}
        >
          {t('action.stopping')}
        </Menu.Item>
      )}
      <Menu.Item
        leftSection={<Icon of={IconRefresh} small />}
        disabled={blocked}
        onClick={() => {
          verbs.restart(container);
        }}
      >
        {t('action.restarting')}
      </Menu.Item>
      <Menu.Item leftSection={<Icon of={IconFileText} small />} onClick={open('logs')}>
        {t('action.logs')}
      </Menu.Item>
      <Menu.Item leftSection={<Icon of={IconTerminal2} small />} disabled={container.state !== 'running'} onClick={open('terminal')}>
        {t('action.terminal')}
      </Menu.Item>
      <Menu.Item leftSection={<Icon of={IconBraces} small />} onClick={open('inspect')}>
        {t('action.inspect')}
      </Menu.Item>
      <Menu.Divider />
      <Menu.Item
        leftSection={<Icon of={IconCopy} small />}
        onClick={() => {
          copy(container.name);
        }}
      >
        {t('action.copyName')}
      </Menu.Item>
      <Menu.Item
        leftSection={<Icon of={IconId} small />}
        onClick={() => {
          copy(container.id);
        }}
      >
        {t('action.copyId')}
      </Menu.Item>
      <Menu.Divider />
      <Menu.Item
        leftSection={<Icon of={IconTrash} small />}
        data-danger
        disabled={blocked}
        onClick={() => {
          onRemove(container);
        }}
      >
        {t('action.removing')}
      </Menu.Item>
    </>
  );
}
