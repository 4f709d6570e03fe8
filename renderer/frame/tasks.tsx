// Pulls and loads at the foot of the sidebar: they live in the backend and outlast every page. A failed one stays until it is dismissed.
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { configSteps, repairSteps, rungNames } from '../../preload/contract';
import type { Task } from '../../preload/contract';
import { useFormat } from '../format';
import { href } from '../routes';
import { useActions, useStore } from '../state/context';
import { useErrorText } from '../ui/error-text';
import { IconButton } from '../ui/icon-button';
import { StateMark } from '../ui/state-mark';
import css from './frame.module.css';

/** More would push the pages away; the rest is told as a number. */
const SHOWN = 3;

/** How an end is said, by kind. */
const ENDED = {
  pull: 'ended',
  load: 'ended',
  config: 'endedConfig',
  trim: 'endedDisk',
  prune: 'endedDisk',
  moveDisk: 'endedDisk',
  repair: 'endedRepair',
} as const satisfies Readonly<Record<Task['kind'], string>>;

/** Where more of it is told. */
const PAGE = {
  pull: href('images'),
  load: href('images'),
  config: href('settings', 'engine'),
  trim: href('disk'),
  prune: href('disk'),
  moveDisk: href('disk'),
  repair: href('repair'),
} as const satisfies Readonly<Record<Task['kind'], string>>;

export function Tasks(): ReactNode {
  const { t } = useTranslation('frame');
  const tasks = useStore((s) => s.tasks);
  const live = tasks.filter(({ state }) => state === 'running' || state === 'failed');
  const running = live.filter(({ state }) => state === 'running');
  const [first] = running.length > 0 ? running : live;
  const ended = tasks.find(({ state }) => state === 'done' || state === 'failed');
  return (
    <>
      <span className="sr" role="status">
        {ended === undefined
          ? ''
          : t(`task.${ENDED[ended.kind]}.${ended.state === 'done' ? 'done' : 'failed'}`, { subject: ended.subject })}
      </span>
      {first === undefined ? null : (
        <section className={css['tasks']} aria-label={t('task.list')}>
          <a
            className={css['ring']}
            href={PAGE[first.kind]}
            aria-label={running.length > 0 ? t('task.running', { count: running.length }) : t('task.failed', { count: live.length })}
          >
            <StateMark kind={running.length > 0 ? 'busy' : 'fail'} />
          </a>
          {live.slice(0, SHOWN).map((task) => (
            <TaskLine key={task.id} task={task} />
          ))}
          {live.length > SHOWN ? <div className={`${css['task']} t3`}>{t('task.more', { count: live.length - SHOWN })}</div> : null}
        </section>
      )}
    </>
  );
}

function TaskLine({ task }: { readonly task: Task }): ReactNode {
  const { t } = useTranslation(['frame', 'common', 'repair']);
  const format = useFormat();
  const errorText = useErrorText();
  const actions = useActions();
  const failed = task.state === 'failed';
  const rungName = rungNames.find((name) => task.kind === 'repair' && name === task.subject);
  const subject = rungName === undefined ? task.subject : t(`repair:rung.${rungName}.title`);
  const step = configSteps.find((name) => task.steps?.some((each) => each.name === name && each.state === 'running'));
  const rung = repairSteps.find(
    (name) => task.kind === 'repair' && task.steps?.some((each) => each.name === name && each.state === 'running'),
  );
  const stepWords = rung !== undefined ? t(`repair:step.${rung}`) : step === undefined ? '' : t(`common:step.name.${step}`);
  const ratio = task.totalBytes > 0 ? Math.min(1, task.currentBytes / task.totalBytes) : undefined;
  return (
    <div className={css['task']}>
      <div className={css['line']}>
        {failed ? <StateMark kind="fail" /> : null}
        <span className="ell grow" title={subject}>
          {t(`task.${task.kind}`, { subject })}
        </span>
        {ratio === undefined || failed ? null : <span className="t3">{format.percent(ratio)}</span>}
        {failed || task.cancellable !== false ? (
          <IconButton
            small
            icon={IconX}
            label={failed ? t('task.dismiss', { subject }) : t('task.cancel', { subject })}
            onClick={() => void (failed ? actions.dismissTask(task.id) : actions.cancelTask(task.id))}
          />
        ) : null}
      </div>
      {failed ? (
        <div className="c-bad">{task.error === undefined ? t('task.ended.failed', { subject }) : errorText(task.error).title}</div>
      ) : (
        <>
          <div
            className="bar"
            role="progressbar"
            aria-label={t(`task.${task.kind}`, { subject })}
            aria-valuemin={0}
            aria-valuemax={100}
            {...(ratio === undefined ? {} : { 'aria-valuenow': Math.round(ratio * 100) })}
          >
            <i style={{ width: `${(ratio ?? 0) * 100}%` }} />
          </div>
          <span className="t3">
            {task.kind === 'config' || task.kind === 'repair' ? stepWords : progress(task, format)}
            {task.bytesPerSecond > 0 ? ` · ${format.rate(task.bytesPerSecond)}` : ''}
          </span>
        </>
      )}
    </div>
  );
}

function progress({ currentBytes, totalBytes }: Task, format: ReturnType<typeof useFormat>): string {
  return totalBytes > 0 ? `${format.bytes(currentBytes)} / ${format.bytes(totalBytes)}` : format.bytes(currentBytes);
}
