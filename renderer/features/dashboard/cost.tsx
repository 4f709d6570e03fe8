// What Berth really takes of this computer, beside what the guest says of itself, and what can be done about it with one click.
import { Button, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CostRemedy, CostStatus } from '../../../preload/contract';
import { useFormat } from '../../format';
import { href, navigate } from '../../routes';
import { useActions } from '../../state/context';
import { useCall } from '../../state/use-call';
import { ErrorNotice } from '../../ui/error-notice';
import { useFigures } from './cost-figures';
import { costSpans } from './cost-lines';
import type { CostSpanName } from './cost-lines';
import css from './cost.module.css';

interface CostProps {
  readonly cost: CostStatus;
  readonly span: CostSpanName;
  readonly onSpan: (span: CostSpanName) => void;
}

export function Cost({ cost, span, onSpan }: CostProps): ReactNode {
  const { t } = useTranslation('cost');
  const [open, setOpen] = useState(false);
  return (
    <section className={css['cost']}>
      <div className="sec">
        <h2>{t('title')}</h2>
        <SegmentedControl
          className="end"
          value={span}
          onChange={(value) => onSpan(costSpans.find((name) => name === value) ?? 'hour')}
          data={costSpans.map((name) => ({ value: name, label: t(`span.${name}`) }))}
          aria-label={t('span.label')}
        />
      </div>
      <Figures cost={cost} span={span} />
      <div className={`row s ${css['under']}`}>
        <span className="t3 grow">{t('core')}</span>
        <a className="link" href={href('disk')}>
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

interface CostOfSpan {
  readonly cost: CostStatus;
  readonly span: CostSpanName;
}

function Figures({ cost, span }: CostOfSpan): ReactNode {
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

function Parts({ cost, span }: CostOfSpan): ReactNode {
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
