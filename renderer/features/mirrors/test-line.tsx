// A test step by step: times, the step that failed, rate, and the same as a bar. All bars of the page share one scale.
import { useTranslation } from 'react-i18next';
import type { MirrorTest, MirrorTestStep } from '../../../preload/contract';
import { useFormat } from '../../format';
import css from './mirror-list.module.css';
import { toneOf } from './verdict';
import type { ReactNode } from 'react';

/** Past these, figures tell more than a bar. */
const LONGEST_SHOWN_MS = 1500;
const SHORTEST_SCALE_MS = 150;

const answers = ({ name }: MirrorTestStep): boolean => name !== 'layer';

/** Of what answered: a silent mirror takes 20 s, and on its scale the others would be dots. */
export function scaleOf(tests: readonly (MirrorTest | undefined)[]): number {
  const totals = tests.map((test) =>
    (test?.steps ?? []).filter((step) => answers(step) && step.ok).reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  );
  return Math.min(LONGEST_SHOWN_MS, Math.max(SHORTEST_SCALE_MS, ...totals));
}

export function useMilliseconds(): (ms: number) => string {
  const { t } = useTranslation('mirrors');
  const format = useFormat();
  return (ms) => (ms < 1000 ? t('ms', { value: Math.round(ms) }) : format.seconds(ms / 1000));
}

interface TestLineProps {
  readonly test: MirrorTest | undefined;
  /** Of the test that runs now; undefined = none does. */
  readonly live: readonly MirrorTestStep[] | undefined;
  readonly scale: number;
}

export function TestLine({ test, live, scale }: TestLineProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const format = useFormat();
  const milliseconds = useMilliseconds();
  const steps = live ?? test?.steps;
  if (steps === undefined) {
    return null;
  }
  const result = live === undefined ? test : undefined;
  const foreign = result?.intercepted === true || result?.verdict === 'intercepted' || result?.verdict === 'certificate';
  return (
    <>
      <div className={css['hop']}>
        {steps
          .filter((step) => step.name !== 'layer' || !step.ok)
          .map((step) => (
            <span
              key={step.name}
              title={step.name === 'tls' && result?.issuer !== undefined ? t('row.issuer', { issuer: result.issuer }) : undefined}
            >
              <em>{t(`step.${step.name}`)}</em>
              {step.ok ? (
                milliseconds(step.milliseconds)
              ) : (
                <b className="c-bad med">{step.status ?? t('step.failedAfter', { time: milliseconds(step.milliseconds) })}</b>
              )}
              {step.name === 'tls' && foreign && result.issuer !== undefined ? ` · ${t('row.issuer', { issuer: result.issuer })}` : ''}
            </span>
          ))}
        {result?.bytesPerSecond === undefined ? null : (
          <span>
            <em>{t('step.rate')}</em>
            {format.rate(result.bytesPerSecond)}
          </span>
        )}
        {steps.length === 0 ? <span>{t('row.begun')}</span> : null}
      </div>
      <div className={css['wf']} data-bar aria-hidden="true">
        {steps.filter(answers).map(({ name, milliseconds: ms, ok }) => (
          <i
            key={name}
            data-step={name}
            data-failed={!ok || undefined}
            {...(ok ? { style: { flexBasis: `${String((Math.min(ms, scale) / scale) * 100)}%` } } : {})}
          />
        ))}
      </div>
    </>
  );
}

/** What a test means beyond its figures: one sentence, and the program's own words. */
export function TestMeaning({ test }: { readonly test: MirrorTest | undefined }): ReactNode {
  const { t } = useTranslation('mirrors');
  if (test?.verdict === 'works' && test.intercepted === true) {
    return <p className={`${css['meaning'] ?? ''} c-warn`}>{t('meaning.opened', { issuer: test.issuer ?? '?' })}</p>;
  }
  if (test === undefined || test.verdict === 'works' || test.verdict === 'cancelled') {
    return null;
  }
  const key = test.verdict === 'stale' && test.olderDays === undefined ? 'staleUnknown' : test.verdict;
  return (
    <p className={`${css['meaning'] ?? ''} ${toneOf(test.verdict) === 'warn' ? 'c-warn' : 't2'}`}>
      {t(`meaning.${key}`, { image: test.image, days: test.olderDays ?? 0, issuer: test.issuer ?? '?' })}
      {test.words === undefined || test.words === '' ? null : (
        <>
          {' '}
          <code lang="en" className={css['words']}>
            {test.words}
          </code>
        </>
      )}
    </p>
  );
}
