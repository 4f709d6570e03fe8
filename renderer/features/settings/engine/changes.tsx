// Keys with what they were and what they are, a line each.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigChange } from '../../../../preload/contract';
import css from './apply.module.css';

export function Changes({ changes }: { readonly changes: readonly Pick<ConfigChange, 'key' | 'before' | 'after'>[] }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const words = (value: unknown): ReactNode =>
    value === undefined ? <span className="t3">{t('field.notSet')}</span> : <code>{JSON.stringify(value)}</code>;
  return (
    <dl className={css['changes']}>
      {changes.map(({ key, before, after }) => (
        <div key={key}>
          <dt>
            <code>{key}</code>
          </dt>
          <dd>
            {words(before)}
            <span className="t3" aria-label={t('changes.becomes')}>
              {' → '}
            </span>
            {words(after)}
          </dd>
        </div>
      ))}
    </dl>
  );
}
