// What the builder may keep on the data disk, and what it cleans by itself.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useEngineForm, useField } from './engine-form';
import css from './field.module.css';
import { KeyField } from './key-field';
import { useKeyWords } from './use-key-words';

const SIZES = ['defaultReservedSpace', 'defaultMaxUsedSpace', 'defaultMinFreeSpace'] as const;

export function BuildCache(): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { jump } = useEngineForm();
  const words = useKeyWords()(['builder']);
  const { value: enabled } = useField(['builder', 'gc', 'enabled'], true);
  const { value: policy } = useField(['builder', 'gc', 'policy']);
  const rules = Array.isArray(policy) ? policy.length : 0;
  return (
    <div className={css['nested']} role="group" aria-label={words.title} data-key="builder">
      <div className={css['label']}>
        {words.title} <code className="t3">builder</code>
        <span className={css['cost']}>{words.cost}</span>
      </div>
      <p className="hint">{words.text}</p>
      <KeyField path={['builder', 'gc', 'enabled']} />
      {enabled === false ? null : (
        <>
          {SIZES.map((name) => (
            <KeyField key={name} path={['builder', 'gc', name]} />
          ))}
          <p className="hint">
            {rules === 0 ? t('builder.noRules') : t('builder.rules', { count: rules })}
            {t('field.join')}
            <button type="button" className="link" onClick={() => jump(['builder', 'gc', 'policy'])}>
              {t('field.inJson')}
            </button>
          </p>
        </>
      )}
      <KeyField path={['builder', 'history', 'maxEntries']} />
      <KeyField path={['builder', 'entitlements', 'network-host']} />
      <KeyField path={['builder', 'entitlements', 'security-insecure']} />
    </div>
  );
}
