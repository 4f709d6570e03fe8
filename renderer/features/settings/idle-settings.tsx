// When the machine is suspended by itself. In force at once, unlike the machine's sizes; shown only where its driver can suspend.
import { SegmentedControl, Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '../../../preload/contract';
import { useStore } from '../../state/context';
import { useCall } from '../../state/use-call';
import { ErrorNotice } from '../../ui/error-notice';
import css from './settings.module.css';

const MINUTES = [0, 5, 15, 60] as const;

export function IdleSettings({ settings }: { readonly settings: Settings }): ReactNode {
  const { t } = useTranslation('settings');
  const set = useCall('settings.set');
  const suspends = useStore((s) => s.vm.status?.features.suspend === true);
  const { idleMinutes, idleDespiteContainers } = settings.vm;
  if (!suspends) {
    return null;
  }
  return (
    <section>
      <h2>{t('idle.title')}</h2>
      {set.error === undefined ? null : <ErrorNotice error={set.error} onDismiss={set.reset} />}
      <div className={css['line']}>
        <div>
          <h3>{t('idle.after')}</h3>
          <p>{t('idle.afterText')}</p>
        </div>
        <SegmentedControl
          aria-label={t('idle.after')}
          value={String(idleMinutes)}
          onChange={(value) => void set.run({ vm: { idleMinutes: MINUTES.find((minutes) => String(minutes) === value) } })}
          data={MINUTES.map((minutes) => ({ value: String(minutes), label: t('idle.minutes', { minutes }) }))}
        />
      </div>
      <div className={css['line']}>
        <div>
          <h3 id="idle-containers">{t('idle.containers')}</h3>
          <p>{t('idle.containersText')}</p>
        </div>
        <Switch
          aria-labelledby="idle-containers"
          checked={idleDespiteContainers}
          disabled={idleMinutes === 0}
          onChange={(event) => void set.run({ vm: { idleDespiteContainers: event.currentTarget.checked } })}
        />
      </div>
    </section>
  );
}
