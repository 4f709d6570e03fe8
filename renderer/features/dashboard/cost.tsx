// What Berth really takes of this computer, beside what the guest says of itself, and what can be done about it with one click.
import { Button, SegmentedControl } from '@mantine/core';
import { useDocumentVisibility } from '@mantine/hooks';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CostFigures, CostRemedy, CostSpan, CostStatus } from '../../../preload/contract';
import { useFormat } from '../../format';
import { href, navigate } from '../../routes';
import { useActions } from '../../state/context';
import { useCall } from '../../state/use-call';
import { useStream } from '../../state/use-stream';
import { ErrorNotice } from '../../ui/error-notice';
import css from './cost.module.css';

const spans = ['hour', 'day'] as const;
type Span = (typeof spans)[number];
const PLACES: Readonly<Record<Span, { readonly count: number; readonly ms: number }>> = {
  hour: { count: 60, ms: 60_000 },
  day: { count: 144, ms: 600_000 },
};

/** Read only while it can be seen: the backend looks more often for it. */
export function Cost(): ReactNode {
  return useDocumentVisibility() === 'hidden' ? null : <Card />;
}

function Card(): ReactNode {
  const { t } = useTranslation('cost');
  const cost = useStream('cost.changes');
  const [span, setSpan] = useState<Span>('hour');
  const [open, setOpen] = useState(false);
  if (cost === undefined) {
    return null;
  }
  return (
    <section className={css['cost']}>
      <div className="sec">
        <h2>{t('title')}</h2>
        <SegmentedControl
          className="end"
          value={span}
          onChange={(value) => setSpan(spans.find((name) => name === value) ?? 'hour')}
          data={spans.map((name) => ({ value: name, label: t(`span.${name}`) }))}
          aria-label={t('span.label')}
        />
      </div>
      <Figures cost={cost} span={span} />
      <Chart points={cost[span].points} span={span} />
      <div className={`row s ${css['under']}`}>
        <span className="t3 grow">{t('core')}</span>
        <a className="link" href={href('settings', 'disk')}>
          {t('disk')}
        </a>
        <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? 'parts.hide' : 'parts.show')}
        </button>
      </div>
      {open ? <Parts cost={cost} span={span} /> : null}
      <Remedies remedies={cost.remedies} />
    </section>
  );
}

function Figures({ cost, span }: { readonly cost: CostStatus; readonly span: Span }): ReactNode {
  const { t } = useTranslation('cost');
  const show = useFigures();
  const over = cost[span];
  const rows = [
    { key: 'memory', name: t('row.memory'), real: show.memory(cost.now?.memoryBytes), guest: show.memory(cost.guest?.usedBytes) },
    { key: 'cpu', name: t(`row.cpu.${span}`), real: show.cpu(over.cpu), guest: show.cpu(over.guest.cpu) },
    { key: 'written', name: t(`row.written.${span}`), real: show.written(over.writtenBytes), guest: show.written(over.guest.writtenBytes) },
    { key: 'wakeups', name: t('row.wakeups'), real: show.wakeups(over.wakeups), guest: '–' },
  ];
  return (
    <table className={css['table']}>
      <thead>
        <tr>
          <th />
          <th scope="col">{t('column.real')}</th>
          <th scope="col">{t('column.guest')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, name, real, guest }) => (
          <tr key={key}>
            <th scope="row">{name}</th>
            <td>{real}</td>
            <td>{guest}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Decoration: the table above has the figures. */
function Chart({ points, span }: { readonly points: CostSpan['points']; readonly span: Span }): ReactNode {
  const { count, ms } = PLACES[span];
  const last = points.at(-1);
  if (last === undefined || points.length < 2) {
    return null;
  }
  const most = Math.max(0.1, ...points.map(({ cpu = 0 }) => cpu));
  return (
    <svg className={css['chart']} viewBox={`0 0 ${count} 100`} preserveAspectRatio="none" aria-hidden>
      {points.map(({ at, cpu = 0 }) => {
        const height = Math.max(2, (cpu / most) * 100);
        return <rect key={at} x={count - 1 - (last.at - at) / ms} y={100 - height} width={0.8} height={height} />;
      })}
    </svg>
  );
}

function Parts({ cost, span }: { readonly cost: CostStatus; readonly span: Span }): ReactNode {
  const { t } = useTranslation('cost');
  const show = useFigures();
  return (
    <table className={`${css['table']} ${css['parts']}`}>
      <thead>
        <tr>
          <th />
          <th scope="col">{t('parts.memory')}</th>
          <th scope="col">{t('parts.cpu')}</th>
        </tr>
      </thead>
      <tbody>
        {cost[span].parts.map(({ part, memoryBytes, cpu }) => (
          <tr key={part}>
            <th scope="row">{t(`part.${part}`)}</th>
            <td>{show.memory(memoryBytes)}</td>
            <td>{show.cpu(cpu)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Remedies({ remedies }: { readonly remedies: readonly CostRemedy[] }): ReactNode {
  const { t } = useTranslation('cost');
  const format = useFormat();
  const actions = useActions();
  const { run, pending, error, reset } = useCall('cost.giveBack');
  const [gave, setGave] = useState<number>();
  const act: Readonly<Record<CostRemedy['key'], () => void>> = {
    giveBack: () => void run({}).then((answer) => setGave(answer?.bytes)),
    suspend: () => void actions.stopVm(),
    idle: () => navigate('#/settings'),
  };
  return (
    <>
      <div className={css['remedies']}>
        {remedies.map((remedy) => (
          <Button
            key={remedy.key}
            size="compact-xs"
            loading={remedy.key === 'giveBack' && pending}
            onClick={() => {
              setGave(undefined);
              act[remedy.key]();
            }}
          >
            {t(`remedy.${remedy.key}`, { size: 'bytes' in remedy ? format.memory(remedy.bytes) : '' })}
          </Button>
        ))}
      </div>
      {gave === undefined ? null : (
        <p className="t3 s" role="status">
          {gave > 0 ? t('gaveBack', { size: format.memory(gave) }) : t('gaveNothing')}
        </p>
      )}
      {error === undefined ? null : <ErrorNotice error={error} onDismiss={reset} />}
    </>
  );
}

/** What this system does not tell is said, and is no 0. */
function useFigures(): Readonly<Record<'memory' | 'cpu' | 'written' | 'wakeups', (value: CostFigures[keyof CostFigures]) => string>> {
  const { t } = useTranslation('cost');
  const format = useFormat();
  const known =
    (words: (value: number) => string) =>
    (value: number | undefined): string =>
      value === undefined ? '–' : words(value);
  return {
    memory: known(format.memory),
    written: known(format.bytes),
    cpu: known((ratio) => t('percent', { ratio })),
    wakeups: known((count) => t('perSecond', { count })),
  };
}
