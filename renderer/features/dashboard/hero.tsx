// The state of the engine in large, one line that says since when or how long still, and what one can do about it.
import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconPower, IconRefresh, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { BootTimeline } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useActions, useStore } from '../../state/context';
import { useVmView } from '../../state/vm-view';
import { ErrorNotice } from '../../ui/error-notice';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import { useNow } from '../../ui/use-now';
import { usualOf } from '../../state/boots';
import css from './dashboard.module.css';

export function Hero(): ReactNode {
  const view = useVmView();
  const error = useStore((s) => s.vm.status?.error);
  const failed = useStore((s) => s.ui.vmError);
  const actions = useActions();
  const shown = failed?.error ?? (view.state === 'failed' || view.state === 'running' ? error : undefined);
  return (
    <>
      <div className={css['hero']}>
        <StateMark kind={view.mark} />
        <div className="grow">
          <h2>{view.words}</h2>
          <p>
            <Line />
          </p>
        </div>
        <div className="row">
          <Buttons />
        </div>
      </div>
      {shown === undefined ? null : (
        <div className={css['error']}>
          <ErrorNotice
            error={shown}
            level={view.state === 'running' ? 'warn' : 'error'}
            onRetry={() => void actions.retryVm()}
            onDismiss={failed === undefined ? undefined : actions.clearVmError}
          />
        </div>
      )}
    </>
  );
}

function Line(): ReactNode {
  const { t } = useTranslation(['dashboard', 'vm']);
  const format = useFormat();
  const { state, stuck } = useVmView();
  const status = useStore((s) => s.vm.status);
  const boots = useStore((s) => s.vm.boots);
  const running = useStore((s) =>
    s.engine.containerIds.reduce((sum, id) => sum + (s.engine.containers[id]?.state === 'running' ? 1 : 0), 0),
  );
  const lost = useStore((s) => s.connection.name === 'lost');
  const now = useNow(state === 'starting' ? 100 : undefined);
  const boot = status?.boot;
  const usualSeconds = (kind: BootTimeline['kind']): string | undefined => {
    const last = boots.find((b) => b.seconds !== undefined && b.kind === kind);
    const total = last === undefined ? undefined : usualOf(boots, { kind, accelerator: last.accelerator }).total;
    return total === undefined ? undefined : format.seconds(total);
  };

  if (state === 'starting' && boot !== undefined && boot.seconds === undefined && boot.error === undefined) {
    const { total } = usualOf(boots, boot);
    const elapsed = format.seconds(Math.max(0, now - boot.at) / 1000);
    return total === undefined
      ? t('line.elapsedFirst', { elapsed })
      : t(stuck ? 'line.elapsedStuck' : 'line.elapsed', { elapsed, usual: format.seconds(total) });
  }
  if (state === 'running' && status?.runningSince !== undefined) {
    const time = format.moment(status.runningSince);
    if (boot?.kind === 'adopt') {
      return t('line.adopted', { time, running });
    }
    if (boot?.seconds === undefined) {
      return t('line.since', { time });
    }
    const line = t(`line.started.${boot.kind}`, { time, seconds: format.seconds(boot.seconds), running });
    return boot.notResumed === undefined
      ? line
      : t('line.notResumed', { line, reason: t(`vm:notResumed.${boot.notResumed.key}`, boot.notResumed.params) });
  }
  if (state === 'suspended' && status?.suspended !== undefined) {
    const { at, by } = status.suspended;
    return t(`line.suspended.${by}`, { time: format.moment(at), usual: usualSeconds('resume') ?? t('line.aSecond') });
  }
  if (state === 'stopped') {
    const usual = usualSeconds('cold');
    return usual === undefined ? t('line.stoppedFirst') : t('line.stopped', { usual });
  }
  if (lost) {
    return t('line.lost');
  }
  return state === 'unknown' ? t('line.unknown') : t(`line.${state}`);
}

function Buttons(): ReactNode {
  const { t } = useTranslation('dashboard');
  const { state } = useVmView();
  const suspends = useStore((s) => s.vm.status?.features.suspend === true);
  const actions = useActions();
  switch (state) {
    case 'running':
      return (
        <>
          {suspends ? (
            <Button.Group>
              <Button leftSection={<Icon of={IconPlayerPause} small />} onClick={() => void actions.stopVm()}>
                {t('do.suspend')}
              </Button>
              <ShutDownMenu />
            </Button.Group>
          ) : (
            <Button leftSection={<Icon of={IconPlayerStop} small />} onClick={() => void actions.stopVm()}>
              {t('do.stop')}
            </Button>
          )}
          <Button.Group>
            <Button leftSection={<Icon of={IconRefresh} small />} onClick={() => void actions.restartEngine()}>
              {t('do.restartEngine')}
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button px={5} aria-label={t('do.more')}>
                  <Icon of={IconChevronDown} small />
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<Icon of={IconRefresh} small />} onClick={() => void actions.restartVm()}>
                  {t('do.restartVm')}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Button.Group>
        </>
      );
    case 'starting':
      return (
        <Button leftSection={<Icon of={IconX} small />} onClick={() => void actions.stopVm()}>
          {t('do.cancelStart')}
        </Button>
      );
    case 'suspended':
      return (
        <Button.Group>
          <Button variant="filled" data-size="lg" leftSection={<Icon of={IconPlayerPlay} small />} onClick={() => void actions.startVm()}>
            {t('do.resume')}
          </Button>
          <ShutDownMenu large />
        </Button.Group>
      );
    case 'stopped':
    case 'failed':
      return (
        <Button variant="filled" data-size="lg" leftSection={<Icon of={IconPlayerPlay} small />} onClick={() => void actions.startVm()}>
          {t('do.start')}
        </Button>
      );
    default:
      return null;
  }
}

/** The whole way out: containers end, the virtual machine powers off. */
function ShutDownMenu({ large = false }: { readonly large?: boolean }): ReactNode {
  const { t } = useTranslation('dashboard');
  const actions = useActions();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button px={5} aria-label={t('do.moreStop')} {...(large ? { variant: 'filled', 'data-size': 'lg' } : {})}>
          <Icon of={IconChevronDown} small />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon of={IconPower} small />} onClick={() => void actions.shutDownVm()}>
          {t('do.shutDown')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
