// CPU and memory over the last hour or day: what is really used of this computer, and the guest's own account as the thin line beside it.
import { VisuallyHidden } from '@mantine/core';
import { useId, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CostSpan } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useStore } from '../../state/context';
import { Plot } from '../../ui/plot';
import type { PlotLine } from '../../ui/plot';
import { linesOf, peakOf } from './cost-lines';
import type { CostLines, CostSpanName } from './cost-lines';
import css from './cost.module.css';
import { useFigures } from './cost-figures';

const kinds = ['cpu', 'memory'] as const;
/** Of the CPU's scale, so that a machine at rest does not look busy. */
const LEAST_CPU = 0.1;

interface CostChartsProps {
  readonly points: CostSpan;
  readonly span: CostSpanName;
}

export function CostCharts({ points, span }: CostChartsProps): ReactNode {
  const { t } = useTranslation('cost');
  const format = useFormat();
  const memoryBytes = useStore((s) => s.vm.status?.memoryBytes ?? 0);
  const [place, setPlace] = useState<number>();
  const lines = useMemo(() => linesOf(points, span), [points, span]);
  // Kept while the pointer moves: every move of it renders this.
  const drawn = useMemo(() => (lines === undefined ? undefined : { cpu: plotLines(lines.cpu), memory: plotLines(lines.memory) }), [lines]);
  const sync = useId();
  if (lines === undefined || drawn === undefined) {
    return null;
  }
  const [from = 0] = lines.times;
  const at = place === undefined ? undefined : lines.times[place];
  const max = {
    cpu: Math.max(LEAST_CPU, peakOf(lines.cpu.real), peakOf(lines.cpu.guest)),
    memory: Math.max(memoryBytes, peakOf(lines.memory.real), peakOf(lines.memory.guest)),
  };
  return (
    <section className={css['charts']}>
      <div className="sec">
        <h2>{t('chart.title')}</h2>
        <span className="t3 s">
          {at !== undefined
            ? format.moment(at)
            : lines.since === undefined
              ? t(`chart.${span}`)
              : t('chart.since', { time: format.moment(lines.since) })}
        </span>
        <span className={`end ${css['legend']}`}>
          <span data-line="real">{t('column.real')}</span>
          <span data-line="guest">{t('column.guest')}</span>
        </span>
      </div>
      {kinds.map((kind) => (
        <div key={kind} className={css['pair']}>
          <Words kind={kind} lines={lines} place={place ?? lines.times.length - 1} />
          <Plot times={lines.times} lines={drawn[kind]} max={max[kind]} sync={sync} onPlace={setPlace} />
        </div>
      ))}
      <div className={css['edges']} aria-hidden>
        <span>{format.moment(from)}</span>
        <span>{t('chart.now')}</span>
      </div>
      <VisuallyHidden>
        <Table lines={lines} />
      </VisuallyHidden>
    </section>
  );
}

const plotLines = ({ real, guest }: CostLines['cpu']): readonly PlotLine[] => [
  { colour: 's1', filled: true, values: real },
  { colour: 's2', filled: false, values: guest },
];

/** The figures under the pointer, else the newest. */
function Words({
  kind,
  lines,
  place,
}: {
  readonly kind: (typeof kinds)[number];
  readonly lines: CostLines;
  readonly place: number;
}): ReactNode {
  const { t } = useTranslation('cost');
  const show = useFigures();
  const { real, guest } = lines[kind];
  return (
    <div className={css['words']}>
      <span>{t(`parts.${kind}`)}</span>
      <b>{show[kind](real[place] ?? undefined)}</b>
      <span>{t('chart.guest', { figure: show[kind](guest[place] ?? undefined) })}</span>
      <span>{t('chart.peak', { figure: show[kind](peakOf(real)) })}</span>
    </div>
  );
}

function Table({ lines }: { readonly lines: CostLines }): ReactNode {
  const { t } = useTranslation('cost');
  const format = useFormat();
  const show = useFigures();
  return (
    <table>
      <caption>{t('chart.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('chart.time')}</th>
          {kinds.map((kind) => [
            <th key={`${kind} real`} scope="col">{`${t(`parts.${kind}`)}, ${t('column.real')}`}</th>,
            <th key={`${kind} guest`} scope="col">{`${t(`parts.${kind}`)}, ${t('column.guest')}`}</th>,
          ])}
        </tr>
      </thead>
      <tbody>
        {lines.times.map((at, place) =>
          (lines.cpu.real[place] ?? lines.memory.real[place] ?? null) === null ? null : (
            <tr key={at}>
              <th scope="row">{format.moment(at)}</th>
              {kinds.map((kind) => [
                <td key={`${kind} real`}>{show[kind](lines[kind].real[place] ?? undefined)}</td>,
                <td key={`${kind} guest`}>{show[kind](lines[kind].guest[place] ?? undefined)}</td>,
              ])}
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}
