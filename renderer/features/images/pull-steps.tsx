// What a pull does besides pulling: past a silent mirror, or through a prefix mirror with its comparing and tagging, one line a step.
import { useTranslation } from 'react-i18next';
import { StateMark } from '../../ui/state-mark';
import styles from './images.module.css';
import type { ReactNode } from 'react';
import { DIRECT } from '../../../preload/contract';
import type { TaskStep } from '../../../preload/contract';
import type { MarkKind } from '../../ui/state-mark';

const marks: Readonly<Record<TaskStep['state'], MarkKind>> = {
  waiting: 'waiting',
  running: 'busy',
  done: 'pass',
  failed: 'warn',
  skipped: 'new',
};

export function PullSteps({ steps }: { readonly steps: readonly TaskStep[] }): ReactNode {
  const { t } = useTranslation('images');
  return (
    <ul className={styles.layers} aria-label={t('pull.steps')}>
      {steps.map((step, index) => (
        <li key={`${String(index)} ${step.name}`}>
          <StateMark kind={marks[step.state]} />
          <span className="ell" title={step.detail}>
            {t(`pull.step.${wordsOf(step)}`, { detail: step.detail ?? '' })}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A pull that failed and is no error was given up because of a mirror. */
function wordsOf({ name, state, detail }: TaskStep): string {
  if (name === 'served') {
    return detail === DIRECT ? 'served_direct' : 'served';
  }
  const pulling = name === 'pull' || name === 'pullAgain';
  return pulling && state === 'failed' ? 'silent' : name === 'compare' && state !== 'running' ? `compare_${state}` : name;
}
