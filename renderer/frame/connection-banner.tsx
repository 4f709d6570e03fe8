// Said at once and plainly when window and backend lost each other, with the time of the content and of the next try.
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../format';
import { useServices, useStore } from '../state/context';
import { ErrorNotice } from '../ui/error-notice';
import { StateMark } from '../ui/state-mark';
import { useNow } from '../ui/use-now';
import css from './frame.module.css';

/** A blink of the network is not worth a word. */
const GRACE_MS = 400;

export function ConnectionBanner(): ReactNode {
  const { t } = useTranslation(['frame', 'common']);
  const { connection } = useServices();
  const state = useStore((s) => s.connection);
  const format = useFormat();
  const lost = state.name === 'lost';
  const now = useNow(lost ? 500 : undefined);
  const patient = usePatience(lost);
  if (state.name === 'refused') {
    return (
      <div className={css['refused']}>
        <ErrorNotice error={state.error}>
          <Button size="compact-xs" onClick={() => location.reload()}>
            {t('common:reload')}
          </Button>
        </ErrorNotice>
      </div>
    );
  }
  if (state.name !== 'lost' || !patient) {
    return null;
  }
  const wait = Math.max(0, Math.ceil((state.retryAt - now) / 1000));
  return (
    <div className={css['banner']}>
      <StateMark kind="waiting" />
      <div className="grow">
        <b role="alert">{t('connection.lost')}</b>{' '}
        <span className="t2">{t('connection.detail', { time: format.clock(state.since), attempt: state.attempt, wait })}</span>
      </div>
      <Button size="compact-xs" onClick={connection.retryNow}>
        {t('connection.retry')}
      </Button>
    </div>
  );
}

function usePatience(waiting: boolean): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!waiting) {
      return;
    }
    const timer = setTimeout(() => setOver(true), GRACE_MS);
    return () => {
      clearTimeout(timer);
      setOver(false);
    };
  }, [waiting]);
  return over;
}
