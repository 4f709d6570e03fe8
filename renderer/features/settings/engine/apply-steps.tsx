// A change on its way into force: each step with its time. The one that failed is red; going back is a tick, because the promise was kept; dockerd's
// own words stand beside it.
import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Task } from '../../../../preload/contract';
import { useFormat } from '../../../format';
import { useActions, useStore } from '../../../state/context';
import { ConfigSteps } from '../../../ui/config-steps';
import { CopyButton } from '../../../ui/copy-line';
import { useErrorText } from '../../../ui/error-text';
import { IconButton } from '../../../ui/icon-button';
import { StateMark } from '../../../ui/state-mark';
import css from './apply.module.css';

interface ApplyStepsProps {
  readonly task: Task;
  readonly onClose: () => void;
  /** What can be done next. */
  readonly children: ReactNode;
}

export function ApplySteps({ task, onClose, children }: ApplyStepsProps): ReactNode {
  const { t } = useTranslation(['engine-settings', 'common']);
  const format = useFormat();
  const { cancelTask, showLog } = useActions();
  const running = useStore((s) => s.engine.containerIds.filter((id) => s.engine.containers[id]?.state === 'running').length);
  const said = task.error?.params['detail'];
  const words = typeof said === 'string' ? said : '';
  const bad = task.state === 'failed';
  return (
    <section className={css['result']} data-state={task.state} data-words={words !== ''} aria-label={t('steps.region')}>
      <div className={css['resultleft']}>
        <div className="row" role={bad ? 'alert' : 'status'}>
          <StateMark kind={bad ? 'fail' : task.state === 'running' ? 'busy' : task.state === 'done' ? 'pass' : 'exit'} />
          <Headline task={task} />
          <span className="t3 s end nowrap">
            {format.clock(task.endedAt ?? task.startedAt)}
            {task.endedAt === undefined ? '' : ` · ${t('steps.whole', { time: format.seconds((task.endedAt - task.startedAt) / 1000) })}`}
          </span>
          {task.state === 'running' ? null : <IconButton small icon={IconX} label={t('common:close')} onClick={onClose} />}
        </div>
        <Below task={task} running={running} />
        <ConfigSteps task={task} className={css['steps']} />
        <div className={css['resultdo']}>
          {children}
          {task.state === 'running' && task.cancellable !== false ? (
            <Button variant="subtle" onClick={() => void cancelTask(task.id)}>
              {t('common:cancel')}
            </Button>
          ) : null}
        </div>
      </div>
      {words === '' ? null : (
        <div className={css['words']}>
          <div className="sec">
            <h2>{t('steps.words')}</h2>
            <span className="end row">
              <button type="button" className="link s" onClick={() => showLog('dockerd')}>
                {t('steps.log')}
              </button>
              <CopyButton text={words} />
            </span>
          </div>
          <pre className="tail words" lang="en" tabIndex={0}>
            <span className="r">{words}</span>
          </pre>
        </div>
      )}
    </section>
  );
}

function Headline({ task }: { readonly task: Task }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const errorText = useErrorText();
  const failed = task.error === undefined ? t('steps.headline.failed') : errorText(task.error).title;
  // The engine is off: nothing could be read back.
  const kept = task.state === 'done' && task.steps?.some(({ name, state }) => name === 'readBack' && state === 'done') !== true;
  return (
    <b className="strong grow">{task.state === 'failed' ? failed : t(kept ? 'steps.headline.kept' : `steps.headline.${task.state}`)}</b>
  );
}

/** The engine runs on with what it had; of other failures their own texts say what is kept. */
const WENT_BACK: readonly string[] = ['config.refused', 'config.rolledBack', 'config.notInForce'];

function Below({ task, running }: { readonly task: Task; readonly running: number }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const off = useStore((s) => s.vm.status?.state !== 'running');
  const errorText = useErrorText();
  if (task.state === 'running') {
    return null;
  }
  const { error } = task;
  const text = error === undefined || WENT_BACK.includes(error.code) ? undefined : errorText(error);
  return (
    <p className={css['below']}>
      {text === undefined ? (
        <>
          {task.state === 'done' ? null : t('steps.kept')}
          {t('field.join')}
          {task.state === 'cancelled' || off ? null : t('steps.running', { count: running })}
        </>
      ) : (
        <>
          {text.kept}
          {t('field.join')}
          {text.next}
        </>
      )}
    </p>
  );
}
