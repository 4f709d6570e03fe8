// What a list says while the engine cannot be reached: with old content, its time; without any, the way to start it.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../format';
import { useActions, useStore } from '../state/context';
import { EmptyState } from './empty-state';
import { StateMark } from './state-mark';
import type { ReactNode } from 'react';

export function AwayLine({ at }: { readonly at: number }): ReactNode {
  const { t } = useTranslation('containers');
  const format = useFormat();
  const state = useStore(({ vm }) => vm.status?.state);
  const suspended = state === 'suspended';
  return (
    <div className="awayline">
      <div className="note" role="status">
        <StateMark kind={suspended ? 'pause' : 'waiting'} />
        <div className="title">{t(suspended ? 'away.suspended' : 'away.title')}</div>
        <p>{t('away.text', { time: format.clock(at) })}</p>
        {suspended || state === 'stopped' || state === 'failed' ? (
          <div className="end">
            <StartButton />
          </div>
        ) : null}
      </div>
    </div>
  );
}

export function EngineOff(): ReactNode {
  const { t } = useTranslation('containers');
  const suspended = useStore((state) => state.vm.status?.state === 'suspended');
  return (
    <EmptyState
      title={t(suspended ? 'away.suspended' : 'away.off')}
      text={t(suspended ? 'away.suspendedText' : 'away.offText')}
      actions={<StartButton />}
    />
  );
}

function StartButton(): ReactNode {
  const { t } = useTranslation('containers');
  const actions = useActions();
  const starting = useStore(({ ui, vm }) => ui.pendingVm === 'start' || vm.status?.state === 'starting' || vm.status?.state === 'resuming');
  const suspended = useStore((state) => state.vm.status?.state === 'suspended');
  return (
    <Button variant="filled" loading={starting} onClick={() => void actions.startVm()}>
      {t(suspended ? 'away.resume' : 'away.start')}
    </Button>
  );
}
