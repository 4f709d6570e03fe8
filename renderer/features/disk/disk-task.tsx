// The task that has the disk, or the last one: its steps as they come, and what it gave back in bytes of this computer.
import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Task, TaskStep } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useActions } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import { IconButton } from '../../ui/icon-button';
import { StateMark } from '../../ui/state-mark';
import type { MarkKind } from '../../ui/state-mark';
import css from './disk.module.css';

const MARK: Readonly<Record<TaskStep['state'], MarkKind>> = {
  waiting: 'new',
  running: 'busy',
  done: 'pass',
  failed: 'fail',
  skipped: 'exit',
};

export function DiskTask({ task }: { readonly task: Task }): ReactNode {
  const { t } = useTranslation('disk');
  const actions = useActions();
  const dismiss = (): void => void actions.dismissTask(task.id);
  if (task.state === 'failed' && task.error !== undefined) {
    return (
      <>
        <ErrorNotice error={task.error} onDismiss={dismiss} />
        {/* What a volume in use kept a prune from does not undo the rest. */}
        {task.hostBytes === undefined ? null : <Ended task={task} onDismiss={dismiss} />}
      </>
    );
  }
  if (task.state !== 'running') {
    return <Ended task={task} onDismiss={dismiss} />;
  }
  return (
    <div className={css['task']} role="status">
      <Steps task={task} />
      {task.cancellable === false ? null : (
        <Button size="compact-xs" onClick={() => void actions.cancelTask(task.id)}>
          {t('cancel')}
        </Button>
      )}
    </div>
  );
}

function Steps({ task: { steps = [], currentBytes, totalBytes } }: { readonly task: Task }): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  return (
    <ol className={css['steps']}>
      {steps.map(({ name, state, seconds }) => (
        <li key={name} data-state={state}>
          <StateMark kind={MARK[state]} />
          <span>{t(`step.${name}`)}</span>
          <span className="t3">
            {seconds !== undefined
              ? format.seconds(seconds)
              : state === 'running' && totalBytes > 0 && (name === 'copy' || name === 'compare')
                ? format.percent(Math.max(0, (currentBytes / totalBytes) * 2 - (name === 'compare' ? 1 : 0)))
                : ''}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Ended({ task: { kind, state, hostBytes }, onDismiss }: { readonly task: Task; readonly onDismiss: () => void }): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const back = hostBytes === undefined ? 0 : hostBytes.before - hostBytes.after;
  const ended = kind === 'moveDisk' || kind === 'trim' ? kind : 'prune';
  return (
    <div className="note" role="status">
      <StateMark kind={state === 'cancelled' ? 'exit' : 'pass'} />
      <div className="title">
        {state === 'cancelled' ? t('cancelled') : back > 0 ? t('gaveBack', { bytes: format.memory(back) }) : t(`taskEnded.${ended}`)}
      </div>
      <div className="close">
        <IconButton small icon={IconX} label={t('close')} onClick={onDismiss} />
      </div>
      {hostBytes === undefined ? null : (
        <p>{t('gaveBackText', { before: format.memory(hostBytes.before), after: format.memory(hostBytes.after) })}</p>
      )}
    </div>
  );
}
