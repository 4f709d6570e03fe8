// One container: its state and verbs on top, below it one of its views. Logs and terminal are features of their own and come from outside.
import { Button, Menu } from '@mantine/core';
import { IconDots, IconExternalLink, IconPlayerPlay, IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { href, navigate } from '../../routes';
import { useActions, useStore } from '../../state/context';
import { SkeletonRows } from '../../ui/delayed';
import { EmptyState } from '../../ui/empty-state';
import { AwayLine, EngineOff } from '../../ui/engine-away';
import { ErrorNotice } from '../../ui/error-notice';
import { ExternalLink } from '../../ui/external-link';
import { Icon } from '../../ui/icon';
import { IconButton } from '../../ui/icon-button';
import { StateMark } from '../../ui/state-mark';
import { HealthCell, StateCell } from './cells';
import styles from './container-page.module.css';
import { InspectTab } from './inspect-tab';
import { OverviewTab } from './overview-tab';
import { RemoveContainers } from './remove-dialog';
import { MoreItems } from './row-actions';
import { firstVerb, hostPorts, isUp, markOf } from './state';
import { useDetail } from './use-detail';
import { useVerbs } from './verbs';
import type { ComponentType, KeyboardEvent, ReactNode } from 'react';
import type { ContainerSummary } from '../../../preload/contract';

export interface ContainerTabProps {
  readonly container: ContainerSummary;
}

interface ContainerPageProps {
  readonly id: string;
  readonly tab: string;
  readonly Logs: ComponentType<ContainerTabProps>;
  readonly Terminal: ComponentType<ContainerTabProps>;
}

const tabs = ['overview', 'logs', 'terminal', 'inspect'] as const;

export function ContainerPage({ id, tab, Logs, Terminal }: ContainerPageProps): ReactNode {
  const { t } = useTranslation('containers');
  // A name or a short id in the address is as good as the whole id.
  const container = useStore(
    ({ engine }) => engine.containers[id] ?? Object.values(engine.containers).find((each) => each.name === id || each.id.startsWith(id)),
  );
  const known = useStore((state) => state.engine.known);
  const away = useStore((state) => state.engine.status !== 'ready');
  const at = useStore((state) => state.engine.at);
  if (!known) {
    return away ? <EngineOffOrWait /> : null;
  }
  if (container === undefined) {
    return (
      <EmptyState
        title={t('page.gone', { name: id.slice(0, 12) })}
        text={t('page.goneText')}
        actions={
          <Button
            onClick={() => {
              navigate(href('containers'));
            }}
          >
            {t('page.back')}
          </Button>
        }
      />
    );
  }
  const shown = tabs.find((each) => each === tab) ?? 'overview';
  return (
    <div className={away ? 'page away' : 'page'}>
      <Header container={container} away={away} />
      <Tabs id={container.id} shown={shown} />
      {away && <AwayLine at={at} />}
      <div className={styles.view} role="tabpanel" aria-labelledby={`tab-${shown}`} key={shown}>
        {shown === 'overview' && <OverviewTab container={container} />}
        {shown === 'logs' && <Logs container={container} />}
        {shown === 'terminal' && <Terminal container={container} />}
        {shown === 'inspect' && <InspectTab container={container} />}
      </div>
    </div>
  );
}

function EngineOffOrWait(): ReactNode {
  const away = useStore((state) => state.engine.status === 'away');
  return away ? <EngineOff /> : <SkeletonRows rows={6} widths={[120, 300]} />;
}

function Tabs({ id, shown }: { readonly id: string; readonly shown: (typeof tabs)[number] }): ReactNode {
  const { t } = useTranslation('containers');
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const next = tabs[(tabs.indexOf(shown) + by + tabs.length) % tabs.length];
    if (by !== 0 && next !== undefined) {
      event.preventDefault();
      navigate(href('containers', id, next));
      document.getElementById(`tab-${next}`)?.focus();
    }
  };
  return (
    <div className="tabs" role="tablist" aria-label={t('page.tabsLabel')} onKeyDown={onKeyDown}>
      {tabs.map((each) => (
        <a
          key={each}
          id={`tab-${each}`}
          role="tab"
          aria-selected={each === shown}
          tabIndex={each === shown ? 0 : -1}
          href={href('containers', id, each)}
        >
          {t(`page.tabs.${each}`)}
        </a>
      ))}
    </div>
  );
}

function Header({ container, away }: { readonly container: ContainerSummary; readonly away: boolean }): ReactNode {
  const { t } = useTranslation('containers');
  const actions = useActions();
  const verbs = useVerbs();
  const { detail } = useDetail(container);
  const pending = useStore((state) => state.ui.pending[container.id]);
  const error = useStore((state) => state.ui.errors[container.id]);
  const [removing, setRemoving] = useState<readonly ContainerSummary[]>();
  const first = firstVerb(container);
  const blocked = away || pending !== undefined;
  const [port] = hostPorts(container).filter(({ url }) => url !== undefined);
  const restarts = detail?.restartCount ?? 0;
  return (
    <>
      <div className="phead">
        <StateMark kind={markOf(container, pending)} />
        <h2 title={container.name}>{container.name}</h2>
        {container.health !== 'none' && container.state === 'running' && (
          <span className="f">
            <HealthCell container={container} />
          </span>
        )}
        <code className={`f ell ${styles.image ?? ''}`} title={container.image}>
          {container.image}
        </code>
        {port?.url !== undefined && (
          <ExternalLink className={`f ${styles.port ?? ''}`} href={port.url}>
            {port.url.replace(/^https?:\/\//, '')}
            <Icon of={IconExternalLink} small />
          </ExternalLink>
        )}
        <span className="f hide-n">
          <StateCell container={container} long />
          {restarts > 0 && ` · ${t('page.restarts', { count: restarts })}`}
        </span>
        <span className="end" />
        <Button
          leftSection={<Icon of={first === 'stopping' ? IconPlayerStop : IconPlayerPlay} small />}
          disabled={blocked}
          title={away ? t('action.away') : undefined}
          onClick={() => {
            verbs.first(container);
          }}
        >
          {t(`action.${first}`)}
        </Button>
        <Button
          leftSection={<Icon of={IconRefresh} small />}
          disabled={blocked || !isUp(container)}
          onClick={() => {
            verbs.restart(container);
          }}
        >
          {t('action.restarting')}
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <span>
              <IconButton icon={IconDots} label={t('page.actions')} />
            </span>
          </Menu.Target>
          <Menu.Dropdown>
            <MoreItems
              container={container}
              onRemove={(each) => {
                setRemoving([each]);
              }}
            />
          </Menu.Dropdown>
        </Menu>
      </div>
      {error !== undefined && (
        <div className={styles.notice}>
          <ErrorNotice
            error={error}
            onRetry={error.code === 'shares.notShared' ? () => void actions.startContainer(container.id) : undefined}
            onDismiss={() => {
              actions.clearError(container.id);
            }}
          />
        </div>
      )}
      {removing !== undefined && (
        <RemoveContainers
          containers={removing}
          onClose={() => {
            setRemoving(undefined);
          }}
          onConfirm={(_list, volumes) => {
            setRemoving(undefined);
            void actions.removeContainer(container.id, { force: isUp(container), volumes });
            navigate(href('containers'));
          }}
        />
      )}
    </>
  );
}
