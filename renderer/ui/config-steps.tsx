// The steps of a change of the engine's configuration, each with its mark and its time; the caller lays them out.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { configSteps } from '../../preload/contract';
import type { ConfigStep, Task, TaskStep } from '../../preload/contract';
import { useFormat } from '../format';
import { StateMark } from './state-mark';
import type { MarkKind } from './state-mark';

const MARKS: Readonly<Record<TaskStep['state'], MarkKind>> = {
  waiting: 'new',
  running: 'busy',
  done: 'pass',
  failed: 'fail',
  skipped: 'exit',
};

interface ConfigStepsProps {
  readonly task: Task;
  readonly className: string | undefined;
}

export function ConfigSteps({ task, className }: ConfigStepsProps): ReactNode {
  const { t } = useTranslation('common');
  const format = useFormat();
  // What was left out tells nothing, nor does what was never reached.
  const steps = (task.steps ?? []).filter(({ state }) => state !== 'skipped' && (state !== 'waiting' || task.state === 'running'));
  const timeOf = ({ state, seconds }: TaskStep): string => {
    const time = seconds === undefined ? '' : format.seconds(seconds);
    return state === 'failed' && time !== '' ? t('step.failedAfter', { time }) : time;
  };
  return (
    <ol className={className} aria-label={t('step.all')}>
      {steps.map((step) => (
        <li key={step.name} data-state={step.state}>
          <StateMark kind={MARKS[step.state]} label={t(`step.state.${step.state}`)} />
          <b className={step.state === 'failed' ? 'c-bad strong' : 'med'}>
            {isConfigStep(step.name) ? t(`step.name.${step.name}`) : step.name}
          </b>
          <span className="t3">{timeOf(step)}</span>
        </li>
      ))}
    </ol>
  );
}

function isConfigStep(name: string): name is ConfigStep {
  return (configSteps as readonly string[]).includes(name);
}
