// Under a log, in figures: how many lines, what was wrong in them, what is no longer here and why, a download on its way.
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { StateMark } from '../../ui/state-mark';
import styles from './logs.module.css';
import type { ReactNode } from 'react';
import type { LogSnapshot } from '../../ui/log-view-buffer';
import type { LogStatus } from './use-log-stream';

interface LogFootProps {
  readonly state: LogSnapshot;
  readonly status: LogStatus;
  readonly following: boolean;
  readonly download: { readonly bytes: number; readonly abort: AbortController } | undefined;
}

export function LogFoot({ state, status, following, download }: LogFootProps): ReactNode {
  const { t } = useTranslation('logs');
  const format = useFormat();
  const shown = status === 'open' ? (following ? 'following' : 'paused') : status;
  const mark = { following: 'run', paused: 'pause', opening: 'busy', ended: 'exit', lost: 'waiting' } as const;
  return (
    <div className={styles.foot}>
      <span className="row">
        <StateMark kind={mark[shown]} />
        {t(`status.${shown}`)}
      </span>
      <span data-lines={state.count - state.marks} data-received={state.received}>
        {t('count', { count: state.count - state.marks })}
      </span>
      {state.errors > 0 && <span className="c-bad">{t('errors', { count: state.errors })}</span>}
      {state.warnings > 0 && <span className="c-warn">{t('warnings', { count: state.warnings })}</span>}
      {state.evicted > 0 && <span title={t('evictedWhy')}>{t('evicted', { count: state.evicted })}</span>}
      {state.lost > 0 && <span className="c-warn">{t('lost', { count: state.lost })}</span>}
      {download !== undefined && (
        <span className="row end">
          <StateMark kind="busy" />
          {t('download.bytes', { bytes: format.bytes(download.bytes) })}
          <button
            type="button"
            className="link"
            onClick={() => {
              download.abort.abort();
            }}
          >
            {t('download.cancel')}
          </button>
        </span>
      )}
    </div>
  );
}
