// Automatic or one accelerator, each with its verdict in words. One that does not work stays choosable: the reason may be gone tomorrow.
import { Radio } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { acceleratorNames } from '../../../preload/contract';
import type { AcceleratorName, AcceleratorVerdict } from '../../../preload/contract';
import { StateMark } from '../../ui/state-mark';
import { useVerdictText } from '../../ui/verdict-text';
import css from './settings.module.css';

interface AcceleratorChoiceProps {
  readonly value: AcceleratorName | 'auto';
  readonly verdicts: readonly AcceleratorVerdict[];
  readonly onChange: (value: AcceleratorName | 'auto') => void;
}

export function AcceleratorChoice({ value, verdicts, onChange }: AcceleratorChoiceProps): ReactNode {
  const { t } = useTranslation(['settings', 'vm']);
  const words = useVerdictText();
  const best = verdicts.find(({ works }) => works);
  // Another system's accelerators are no choice here, unless one is set.
  const offered = verdicts.filter(({ name, reason }) => reason.key !== 'otherSystem' || name === value);
  return (
    <Radio.Group
      value={value}
      onChange={(next) => onChange(acceleratorNames.find((name) => name === next) ?? 'auto')}
      aria-labelledby="vm-accelerator"
    >
      <div className={css['choices']}>
        <h3 id="vm-accelerator">{t('vm.accelerator')}</h3>
        <Radio
          value="auto"
          size="xs"
          label={t('vm.auto')}
          description={best === undefined ? t('vm.autoNone') : t('vm.autoNow', { name: t(`vm:accelerator.name.${best.name}`) })}
        />
        {offered.map((verdict) => (
          <Radio
            key={verdict.name}
            value={verdict.name}
            size="xs"
            label={
              <span className="row">
                {t(`vm:accelerator.name.${verdict.name}`)}{' '}
                <StateMark kind={verdict.works ? 'pass' : 'fail'} label={t(verdict.works ? 'vm.works' : 'vm.worksNot')} />
              </span>
            }
            description={words(verdict)}
          />
        ))}
      </div>
    </Radio.Group>
  );
}
