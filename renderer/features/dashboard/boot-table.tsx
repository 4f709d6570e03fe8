// One row a phase: when it ran, how long, how long it usually takes, its deadline as a dashed tick. A stuck phase opens the end of its log.
import { Tooltip } from '@mantine/core';
import { Fragment } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { BootPhase, BootPhaseName, BootTimeline } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useActions, useStore } from '../../state/context';
import { CopyButton } from '../../ui/copy-line';
import { StateMark } from '../../ui/state-mark';
import { useNow } from '../../ui/use-now';
import { lengthOf, phasesOf, trackSeconds, usualOf } from '../../state/boots';
import type { Usual } from '../../state/boots';
import css from './dashboard.module.css';

const NOTHING_USUAL: Usual = { total: undefined, phases: new Map() };

interface BootTableProps {
  /** Undefined: asked for, not begun. */
  readonly boot: BootTimeline | undefined;
  readonly live: boolean;
}

export function BootTable({ boot, live }: BootTableProps): ReactNode {
  const { t } = useTranslation('dashboard');
  const boots = useStore((s) => s.vm.boots);
  const now = useNow(live ? 100 : undefined);
  const usual = boot === undefined ? NOTHING_USUAL : usualOf(boots, boot);
  const elapsed = boot === undefined ? 0 : (boot.seconds ?? (live ? Math.max(0, now - boot.at) / 1000 : lastMoment(boot)));
  const scale = boot === undefined ? 1 : trackSeconds(boot, usual, elapsed);
  return (
    <>
      <table className={css['phases']}>
        <thead>
          <tr>
            <th />
            <th>{t('boot.phase')}</th>
            <th className={css['wide']} />
            <th className="num">{t('boot.took')}</th>
            <th className="num">{t('boot.usual')}</th>
          </tr>
        </thead>
        <tbody>
          {phasesOf(boot).map((name) => (
            <Phase
              key={name}
              name={name}
              phase={boot?.phases.find((p) => p.name === name)}
              elapsed={elapsed}
              scale={scale}
              usual={usual.phases.get(name)}
              live={live}
              failed={boot?.error !== undefined}
            />
          ))}
        </tbody>
      </table>
      <p className={`t3 s ${css['legendLine']}`}>{t('boot.explain')}</p>
    </>
  );
}

interface PhaseProps {
  readonly name: BootPhaseName;
  readonly phase: BootPhase | undefined;
  readonly elapsed: number;
  readonly scale: number;
  readonly usual: number | undefined;
  readonly live: boolean;
  readonly failed: boolean;
}

function Phase({ name, phase, elapsed, scale, usual, live, failed }: PhaseProps): ReactNode {
  const { t } = useTranslation(['dashboard', 'vm']);
  const format = useFormat();
  const stuck = phase?.stuck;
  const ended = phase?.endedAt !== undefined;
  const length = phase === undefined ? undefined : lengthOf(phase, elapsed);
  const unfinished = live ? (stuck === undefined ? 'busy' : 'warn') : failed ? 'fail' : 'exit';
  const mark = phase === undefined ? 'new' : ended ? 'pass' : unfinished;
  const percent = (seconds: number): string => `${Math.min(100, (100 * seconds) / scale)}%`;
  const deadline = phase === undefined ? 0 : phase.startedAt + phase.deadline;
  return (
    <Fragment>
      <tr data-state={mark} {...(stuck === undefined || ended ? {} : { 'data-open': true })}>
        <td>
          <StateMark kind={mark} label={t(`boot.mark.${mark}`)} />
        </td>
        <td className="ell">{t(`vm:phase.${name}`)}</td>
        <td>
          <div className={css['track']} data-bar>
            {phase === undefined || length === undefined ? null : (
              <i data-state={mark} style={{ left: percent(phase.startedAt), width: `max(2px, ${percent(length)})` }} />
            )}
            {phase !== undefined && !ended && deadline <= scale ? (
              <Tooltip label={t('boot.deadline', { seconds: format.seconds(phase.deadline) })}>
                <u style={{ left: percent(deadline) }} />
              </Tooltip>
            ) : null}
          </div>
        </td>
        <td className="num">{length === undefined ? '–' : format.seconds(length)}</td>
        <td className="num t3">{usual === undefined ? '–' : format.seconds(usual)}</td>
      </tr>
      {stuck !== undefined && !ended && phase !== undefined ? (
        <tr>
          <td />
          <td colSpan={4} className={css['stuck']}>
            <Stuck stuck={stuck} deadline={phase.deadline} />
          </td>
        </tr>
      ) : null}
    </Fragment>
  );
}

function Stuck({ stuck, deadline }: { readonly stuck: NonNullable<BootPhase['stuck']>; readonly deadline: number }): ReactNode {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const { openPanel } = useActions();
  const text = stuck.lines.join('\n');
  return (
    <>
      <p className="s c-warn">{t('boot.past', { seconds: format.seconds(deadline) })}</p>
      <pre className="tail" lang="en" tabIndex={0} aria-label={t('boot.tail', { log: stuck.log, count: stuck.lines.length })}>
        <span className="d">{t('boot.tail', { log: stuck.log, count: stuck.lines.length })}</span>
        {`\n${text}`}
      </pre>
      <div className="row s">
        <button type="button" className="link" onClick={() => openPanel('log')}>
          {t('boot.wholeLog')}
        </button>
        <CopyButton text={text} />
      </div>
    </>
  );
}

/** Of a start that failed: when it was last heard of. */
function lastMoment(boot: BootTimeline): number {
  return Math.max(0, ...boot.phases.map((phase) => phase.endedAt ?? phase.startedAt + (phase.stuck === undefined ? 0 : phase.deadline)));
}
