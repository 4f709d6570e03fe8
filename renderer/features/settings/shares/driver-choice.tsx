// How folders reach the virtual machine: automatic or one of the ways, what each means and whether this computer has it.
import { Button, SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings, SharesStatus } from '../../../../preload/contract';
import { useActions, useStore } from '../../../state/context';
import { useCall } from '../../../state/use-call';
import { ErrorNotice } from '../../../ui/error-notice';
import { driverNames } from './model';

const CHOICES: readonly Settings['shares']['driver'][] = ['auto', 'virtiofs', 'sshfs'];

export function DriverChoice({ status }: { readonly status: SharesStatus }): ReactNode {
  const { t } = useTranslation('shares');
  const actions = useActions();
  const chosen = useStore((s) => s.settings?.shares.driver);
  const running = useStore((s) => s.vm.status?.state === 'running');
  const restarting = useStore((s) => s.ui.pendingVm !== undefined);
  const { run, error, reset } = useCall('settings.set');
  if (chosen === undefined) {
    return null;
  }
  const { driver, available, pendingRestart } = status;
  const has = (name: (typeof CHOICES)[number]): boolean => name === 'auto' || available.includes(name);
  const meant = chosen === 'auto' ? (available[0] ?? driver) : chosen;
  return (
    <footer className="choice-foot">
      <div>
        <b className="med">{t('driver.title')}</b>
        <p className="t2 s">
          {t(chosen === 'auto' ? 'driver.autoText' : 'driver.chosenText', {
            name: driverNames[meant],
            text: t(`driver.${meant}`),
          })}
        </p>
        {pendingRestart ? (
          <p className="c-warn s row">
            {t('driver.pending', { name: driverNames[driver] })}
            {running ? (
              <Button size="compact-xs" disabled={restarting} onClick={() => void actions.restartVm()}>
                {t('driver.restart')}
              </Button>
            ) : null}
          </p>
        ) : null}
        {error === undefined ? null : <ErrorNotice error={error} onDismiss={reset} />}
      </div>
      <SegmentedControl
        aria-label={t('driver.title')}
        value={chosen}
        onChange={(value) => void run({ shares: { driver: CHOICES.find((name) => name === value) } })}
        data={CHOICES.map((value) => ({
          value,
          label: (
            <span title={has(value) ? undefined : t('driver.unavailable')}>{value === 'auto' ? t('driver.auto') : driverNames[value]}</span>
          ),
          disabled: !has(value),
        }))}
      />
    </footer>
  );
}
