// The foot of the page: what the draft changes and what Apply will do; then the steps as they happen; then how it ended, with dockerd's own words.
import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { ConfigStep, Task } from '../../../preload/contract';
import { useFormat } from '../../format';
import { navigate } from '../../routes';
import { useActions, useStore } from '../../state/context';
import { ConfigSteps } from '../../ui/config-steps';
import { useErrorText } from '../../ui/error-text';
import { ErrorNotice } from '../../ui/error-notice';
import { IconButton } from '../../ui/icon-button';
import { StateMark } from '../../ui/state-mark';
import type { MarkKind } from '../../ui/state-mark';
import { Conflict } from './conflict';
import css from './mirrors.module.css';
import type { Changes } from './draft';
import type { NameOf } from './names';
import type { Apply } from './use-apply';
import type { MirrorList } from './use-draft';
import type { ReactNode } from 'react';

interface ApplyBarProps {
  readonly list: MirrorList;
  readonly apply: Apply;
  readonly engineRuns: boolean;
  readonly nameOf: NameOf;
}

export function ApplyBar({ list, apply, engineRuns, nameOf }: ApplyBarProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const { task, refused } = apply;
  const { changes, conflict } = list;
  const editedSince = changes.total > 0 && (task?.state === 'done' || task?.state === 'cancelled');
  if (task !== undefined && !editedSince) {
    return <Progress task={task} apply={apply} draft={changes.total > 0} list={list} />;
  }
  if (conflict || refused?.code === 'mirrors.conflict') {
    return <Conflict list={list} apply={apply} nameOf={nameOf} />;
  }
  return (
    <>
      {refused === undefined ? null : (
        <div className={css['refused']}>
          <ErrorNotice error={refused} onDismiss={apply.dismiss}>
            {refused.code === 'config.guestEdited' ? (
              <Button size="compact-xs" onClick={() => navigate('#/settings/engine')}>
                {t('apply.guestEdit')}
              </Button>
            ) : null}
          </ErrorNotice>
        </div>
      )}
      {changes.total === 0 ? null : <Pending list={list} apply={apply} engineRuns={engineRuns} />}
    </>
  );
}

export function useChangeWords(): (changes: Changes) => string {
  const { t } = useTranslation('mirrors');
  return ({ order, added, removed, edited, switched }) =>
    [
      order ? t('change.order') : '',
      added > 0 ? t('change.added', { count: added }) : '',
      removed > 0 ? t('change.removed', { count: removed }) : '',
      edited > 0 ? t('change.edited', { count: edited }) : '',
      switched > 0 ? t('change.switched', { count: switched }) : '',
    ]
      .filter((words) => words !== '')
      .join(t('change.comma'));
}

function Pending({ list, apply, engineRuns }: Pick<ApplyBarProps, 'list' | 'apply' | 'engineRuns'>): ReactNode {
  const { t } = useTranslation('mirrors');
  const words = useChangeWords();
  const running = useStore((s) => s.engine.containerIds.filter((id) => s.engine.containers[id]?.state === 'running').length);
  return (
    <section className={css['apply']} aria-label={t('apply.region')}>
      <div className="grow">
        <div className="ell" role="status">
          <b className="med">{t('apply.changes', { count: list.changes.total })}</b> <span className="t2">{words(list.changes)}</span>
        </div>
        <div className="t3 s ell">{engineRuns ? t('apply.way', { count: running }) : t('apply.atStart')}</div>
      </div>
      <Button size="lg" variant="subtle" disabled={apply.busy} onClick={list.discard}>
        {t('apply.discard')}
      </Button>
      <Button size="lg" variant="filled" loading={apply.busy} onClick={() => void apply.run(list.items, list.revision)}>
        {t(engineRuns ? 'apply.apply' : 'apply.keep')}
      </Button>
    </section>
  );
}

const ENDS: Readonly<Record<Task['state'], MarkKind>> = { running: 'busy', done: 'pass', failed: 'fail', cancelled: 'exit' };

interface ProgressProps {
  readonly task: Task;
  readonly apply: Apply;
  /** There is something left to apply. */
  readonly draft: boolean;
  readonly list: MirrorList;
}

function Progress({ task, apply, draft, list }: ProgressProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const format = useFormat();
  const actions = useActions();
  const textOf = useErrorText();
  const { state, steps = [], error } = task;
  const seconds = task.endedAt === undefined ? '' : format.seconds(Math.max(0, task.endedAt - task.startedAt) / 1000);
  const text = error === undefined || state !== 'failed' ? undefined : textOf(error);
  const isDone = (name: ConfigStep): boolean => steps.some((step) => step.name === name && step.state === 'done');
  const words = [...new Set([steps.find((step) => step.state === 'failed')?.detail ?? '', text?.detail ?? ''])].filter(
    (line) => line !== '' && text !== undefined && !`${text.title}${text.kept}${text.next}`.includes(line),
  );
  return (
    <section className={css['apply']} data-state={state} aria-label={t('apply.region')}>
      <div className="grow">
        <div className="row" role={state === 'failed' ? 'alert' : 'status'}>
          <StateMark kind={ENDS[state]} />
          <b className="med">{text?.title ?? t(`apply.state.${state === 'done' && !isDone('readBack') ? 'kept' : state}`)}</b>
          <span className="t3 s">{seconds}</span>
        </div>
        <ConfigSteps task={task} className={css['steps']} />
        {text === undefined ? null : (
          <p className="t2">
            {text.kept} {text.next}
          </p>
        )}
        {words.map((line) => (
          <p key={line} className={css['said']}>
            <span className="t3 s">{t('apply.dockerd')}</span>
            <code className="words" lang="en">
              {line}
            </code>
          </p>
        ))}
      </div>
      {state === 'running' && task.cancellable !== false ? (
        <Button variant="subtle" onClick={() => void actions.cancelTask(task.id)}>
          {t('apply.cancel')}
        </Button>
      ) : null}
      {state !== 'running' && draft ? (
        <>
          <Button
            variant="subtle"
            onClick={() => {
              apply.dismiss();
              list.discard();
            }}
          >
            {t('apply.discard')}
          </Button>
          <Button
            onClick={() => {
              apply.dismiss();
              void apply.run(list.items, list.revision);
            }}
          >
            {t('apply.again')}
          </Button>
        </>
      ) : null}
      {state === 'running' ? null : <IconButton small icon={IconX} label={t('apply.close')} onClick={apply.dismiss} />}
    </section>
  );
}
