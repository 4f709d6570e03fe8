// Registry mirrors have a page of their own; here stands how many are set, and the way there.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { href } from '../../../routes';
import { useField } from './engine-form';
import css from './field.module.css';
import { FieldFrame } from './field-frame';
import type { Path } from './text-edit';

const path: Path = ['registry-mirrors'];

export function MirrorsLink(): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { value, problems } = useField(path, []);
  return (
    <FieldFrame path={path} problems={problems} group>
      {() => (
        <div className={css['jsononly']}>
          <span>{t('mirrors.count', { count: Array.isArray(value) ? value.length : 0 })}</span>
          <a className="s" href={href('mirrors')}>
            {t('mirrors.open')}
          </a>
        </div>
      )}
    </FieldFrame>
  );
}
