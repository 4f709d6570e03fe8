// While a start is stuck or has failed: what one can do now, and what each of it keeps.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../../routes';
import { useActions } from '../../state/context';
import { useVmView } from '../../state/vm-view';
import css from './dashboard.module.css';

export function WaysOut(): ReactNode {
  const { t } = useTranslation('dashboard');
  const { state } = useVmView();
  const actions = useActions();
  const ways = [
    ...(state === 'failed'
      ? [{ id: 'startAgain', run: () => void actions.startVm() }]
      : [{ id: 'cancel', run: () => void actions.stopVm() }]),
    { id: 'log', run: () => actions.openPanel('log') },
    { id: 'doctor', run: () => actions.openPanel('doctor') },
    { id: 'repair', run: () => navigate('#/repair') },
    { id: 'diagnostics', run: () => navigate('#/settings/diagnostics') },
  ] as const;
  return (
    <section className={css['section']}>
      <div className="sec">
        <h2>{t('ways.title')}</h2>
        <span className="end">{t('ways.safe')}</span>
      </div>
      <ul className={css['ways']}>
        {ways.map(({ id, run }) => (
          <li key={id}>
            <b>{t(`ways.${id}.title`)}</b>
            <p>{t(`ways.${id}.text`)}</p>
            <Button size="compact-xs" onClick={run}>
              {t(`ways.${id}.do`)}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
