// One forward from the host inwards: three hops, where it stops, and what to do about it.
import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { addressText } from '../../../preload/contract';
import type { Forward, PortHop } from '../../../preload/contract';
import { useFormat } from '../../format';
import { ErrorNotice } from '../../ui/error-notice';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import { brokenHop } from './model';
import css from './ports.module.css';
import type { Probe } from './use-probes';

const marks = { ok: 'pass', failed: 'fail', unknown: 'new' } as const;

interface ProbePanelProps {
  readonly forward: Forward;
  readonly probe: Probe | undefined;
  readonly onProbe: () => void;
}

export function ProbePanel({ forward, probe, onProbe }: ProbePanelProps): ReactNode {
  const { t } = useTranslation('ports');
  const format = useFormat();
  const hops = probe?.hops;
  const broken = hops && brokenHop(hops);
  return (
    <aside className="panel" aria-label={t('probe.title', { port: forward.port })}>
      <div className="sec">
        <h2>{t('probe.title', { port: forward.port })}</h2>
        {probe !== undefined && <span className="end">{format.clock(probe.at)}</span>}
      </div>
      <p className={`t2 ${css['verdict'] ?? ''}`} aria-live="polite">
        {probe === undefined
          ? t('probe.none')
          : hops === undefined
            ? probe.error === undefined && t('probe.running')
            : t(broken === undefined ? `probe.works.${forward.protocol}` : `probe.broken.${broken.name}`, {
                name: forward.name,
                port: forward.containerPort,
              })}
      </p>
      {probe?.error !== undefined && <ErrorNotice error={probe.error} />}
      {hops !== undefined && (
        <ol className={css['hops']}>
          {hops.map((hop) => (
            <Hop key={hop.name} hop={hop} forward={forward} />
          ))}
        </ol>
      )}
      <Button
        leftSection={<Icon of={IconRefresh} small />}
        loading={probe !== undefined && hops === undefined && probe.error === undefined}
        onClick={onProbe}
      >
        {t(probe === undefined ? 'probe.run' : 'probe.again')}
      </Button>
    </aside>
  );
}

function Hop({ hop, forward }: { readonly hop: PortHop; readonly forward: Forward }): ReactNode {
  const { t } = useTranslation('ports');
  const where =
    hop.name === 'listener' ? addressText(forward) : hop.name === 'container' ? `${forward.name}:${forward.containerPort}` : undefined;
  return (
    <li data-state={hop.state}>
      <span className={css['node']}>
        <StateMark kind={marks[hop.state]} label={t(`hopState.${hop.state}`)} />
      </span>
      <div>
        <div className="row">
          <b className="med">{t(`hop.${hop.name}`)}</b>
          <span className="end t3 s">{hop.state === 'ok' && t('milliseconds', { value: hop.milliseconds })}</span>
        </div>
        {where !== undefined && <code>{where}</code>}
        {hop.state === 'failed' && hop.detail !== '' && <p className="t2 s words">{hop.detail}</p>}
      </div>
    </li>
  );
}
