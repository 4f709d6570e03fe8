// Beside the form: the docker run line it stands for, and what will happen when Run is pressed.
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { CopyButton } from '../../ui/copy-line';
import { StateMark } from '../../ui/state-mark';
import styles from './run.module.css';
import { runLine, runText, runVerb } from './run-line';
import type { ReactNode } from 'react';
import type { MarkKind } from '../../ui/state-mark';
import type { FieldError } from './check';
import type { RunForm } from './form';
import type { StepState, Submit } from './use-submit';

interface LinePanelProps {
  readonly form: RunForm;
  readonly errors: readonly FieldError[];
  readonly imageHere: boolean;
  readonly submit: Submit;
}

const marks: Readonly<Record<StepState, MarkKind>> = { waiting: 'new', busy: 'busy', done: 'pass', failed: 'fail' };

export function LinePanel({ form, errors, imageHere, submit }: LinePanelProps): ReactNode {
  const { t } = useTranslation('run');
  const format = useFormat();
  const parts = runLine(form);
  const wrong = (field: string): boolean => errors.some((error) => error.field === field || error.field.startsWith(`${field}.`));
  const { task, steps } = submit;
  const image = form.image.trim();
  const secret = parts.some((part) => part.secret === true);
  return (
    <aside className={`panel ${styles.side ?? ''}`} aria-label={t('line')}>
      <div className="sec" style={{ alignItems: 'center' }}>
        <h3>{runVerb}</h3>
        <span className="end">
          <CopyButton text={runText(form)} />
        </span>
      </div>
      <pre className={styles.line} lang="en" data-testid="run-line">
        {runVerb}
        {parts.map((part, index) => (
          <span key={`${part.field}${part.flag}${String(index)}`}>
            {index === 0 && part.value === '' ? ' ' : ' \\\n  '}
            {part.flag !== '' && <b>{part.flag}</b>}
            {part.flag !== '' && part.value !== '' && ' '}
            {wrong(part.field) ? <mark>{shown(part)}</mark> : shown(part)}
          </span>
        ))}
      </pre>
      <p className="t3 s">{t(secret ? 'lineSecret' : 'lineHint')}</p>
      <hr className="rule" />
      <div className="sec">
        <h3>{t('steps.title')}</h3>
      </div>
      <ol className={styles.steps}>
        {(!imageHere || steps.pull !== undefined) && image !== '' && (
          <li>
            <StateMark kind={marks[steps.pull ?? 'waiting']} />
            <span className="grow">{t('steps.pull', { image })}</span>
            {task !== undefined && task.totalBytes > 0 && (
              <span className="t3 s nowrap">
                {format.percent(task.currentBytes / task.totalBytes)}
                {task.bytesPerSecond > 0 && ` · ${format.rate(task.bytesPerSecond)}`}
              </span>
            )}
          </li>
        )}
        <li>
          <StateMark kind={marks[steps.create ?? 'waiting']} />
          <span>{form.name.trim() === '' ? t('steps.createAny') : t('steps.create', { name: form.name.trim() })}</span>
        </li>
        <li>
          <StateMark kind="new" />
          <span>{t('steps.show')}</span>
        </li>
      </ol>
    </aside>
  );
}

function shown({ value, secret }: { readonly value: string; readonly secret?: boolean }): string {
  return secret === true ? `${value.replace(/^'/, '').split('=')[0] ?? ''}=••••••` : value;
}
