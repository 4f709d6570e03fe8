// What the repair under way is doing and what the last ones did: steps while it runs, facts afterwards, the programs' own words behind a link.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { repairSteps } from '../../../preload/contract';
import type { RepairFact, RepairReport, RepairStep, TaskStep } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useActions, useStore } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import type { MarkKind } from '../../ui/state-mark';
import css from './repair.module.css';

const EARLIER = 8;
const RESULT_COLOUR: Readonly<Record<RepairReport['result'], string>> = {
  running: 't2',
  done: 'c-run',
  partly: 'c-warn',
  damaged: 'c-bad',
  failed: 'c-bad',
  cancelled: 't2',
};
const STEP_MARK: Readonly<Record<TaskStep['state'], MarkKind>> = {
  waiting: 'new',
  running: 'busy',
  done: 'pass',
  failed: 'fail',
  skipped: 'exit',
};

export function Reports({ reports }: { readonly reports: readonly RepairReport[] }): ReactNode {
  const { t } = useTranslation('repair');
  const format = useFormat();
  const [last, ...earlier] = reports;
  if (last === undefined) {
    return (
      <>
        <div className="sec">
          <h2>{t('panel.last')}</h2>
        </div>
        <p className="s t2">{t('panel.none')}</p>
      </>
    );
  }
  return (
    <>
      <div className="sec">
        <h2>{t(last.result === 'running' ? 'panel.now' : 'panel.last')}</h2>
        <span className="end">{format.moment(last.startedAt)}</span>
      </div>
      <div className={css['last']}>
        <b className="med">{t(`rung.${last.rung}.title`)}</b>
        <span className={`${RESULT_COLOUR[last.result]} med`} role="status">
          {t(`result.${last.result}`)}
        </span>
      </div>
      <Steps report={last} />
      <ul className={css['facts']}>
        {last.facts.map((fact, index) => (
          <Fact key={index} fact={fact} />
        ))}
      </ul>
      {last.words.length === 0 ? null : (
        <details className={css['words']} open={last.result === 'running' || last.result === 'damaged'}>
          <summary className="s">{t('panel.words')}</summary>
          <pre className="tail words" lang="en">
            {last.words.slice(-20).join('\n')}
          </pre>
        </details>
      )}
      {last.error === undefined ? null : <ErrorNotice error={last.error} />}
      {earlier.length === 0 ? null : (
        <>
          <hr className="rule" />
          <div className="sec">
            <h2>{t('panel.earlier')}</h2>
          </div>
          <ul className={css['earlier']}>
            {earlier.slice(0, EARLIER).map(({ task, rung, startedAt, result }) => (
              <li key={task}>
                <span className="t3">{format.moment(startedAt)}</span>
                <span>{t(`rung.${rung}.title`)}</span>
                <span className={`end ${RESULT_COLOUR[result]}`}>{t(`result.${result}`)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Steps({ report }: { readonly report: RepairReport }): ReactNode {
  const { t } = useTranslation('repair');
  const format = useFormat();
  const actions = useActions();
  const task = useStore((s) => s.tasks.find(({ id }) => id === report.task));
  if (task === undefined || report.result !== 'running') {
    return null;
  }
  const steps = (task.steps ?? []).filter((step): step is TaskStep & { name: RepairStep } => isStep(step.name));
  return (
    <>
      <ol className={css['steps']}>
        {steps.map(({ name, state, seconds }) => (
          <li key={name}>
            <StateMark kind={STEP_MARK[state]} />
            <span>{t(`step.${name}`)}</span>
            <time className="t3">
              {seconds === undefined ? progress(task.currentBytes, task.totalBytes, format) : format.seconds(seconds)}
            </time>
          </li>
        ))}
      </ol>
      {task.cancellable === false ? null : (
        <Button size="compact-xs" aria-label={t('panel.cancelRepair')} onClick={() => void actions.cancelTask(task.id)}>
          {t('panel.cancel')}
        </Button>
      )}
    </>
  );
}

function progress(current: number, total: number, format: ReturnType<typeof useFormat>): string {
  return total > 0 ? `${format.bytes(current)} / ${format.bytes(total)}` : current > 0 ? format.bytes(current) : '';
}

function Fact({ fact: { key, params } }: { readonly fact: RepairFact }): ReactNode {
  const { t, i18n } = useTranslation('repair');
  const format = useFormat();
  const shown = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      name.endsWith('Bytes') && typeof value === 'number' ? format.bytes(value) : value,
    ]),
  );
  // A newer backend may know more.
  const name = `did.${key}`;
  return <li>{i18n.exists(name, { ns: 'repair' }) ? t(name as 'did.off', shown) : key}</li>;
}

function isStep(name: string): name is RepairStep {
  return (repairSteps as readonly string[]).includes(name);
}
