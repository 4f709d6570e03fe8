// Beside the ladder: what tells why, before or instead of a repair. Both change nothing.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../../routes';
import { useActions } from '../../state/context';
import css from './repair.module.css';

export function FindCause(): ReactNode {
  const { t } = useTranslation('repair');
  const actions = useActions();
  return (
    <>
      <hr className="rule" />
      <div className="sec">
        <h2>{t('more.title')}</h2>
      </div>
      <ul className={css['more']}>
        <li>
          <p>{t('more.doctorText')}</p>
          <Button size="compact-xs" onClick={() => actions.openPanel('doctor')}>
            {t('more.doctor')}
          </Button>
        </li>
        <li>
          <p>{t('more.diagnosticsText')}</p>
          <Button size="compact-xs" onClick={() => navigate('#/settings/diagnostics')}>
            {t('more.diagnostics')}
          </Button>
        </li>
      </ul>
    </>
  );
}
