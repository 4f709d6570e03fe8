// Cells of a container's row. Each asks the store for what concerns its own row only, so a click redraws one mark and one word.
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { href } from '../../routes';
import { useStore } from '../../state/context';
import { ExternalLink } from '../../ui/external-link';
import { StateMark } from '../../ui/state-mark';
import { useNow } from '../../ui/use-now';
import styles from './containers.module.css';
import { hostPorts, markOf, shortName, stateWords } from './state';
import type { ReactNode } from 'react';
import type { ContainerSummary } from '../../../preload/contract';

interface CellProps {
  readonly container: ContainerSummary;
}

/** Ages are shown in their largest unit: half a minute is exact enough. */
export const ageTick = 30_000;

export const NameCell = memo(function NameCell({ container, grouped }: CellProps & { readonly grouped: boolean }): ReactNode {
  const pending = useStore((state) => state.ui.pending[container.id]);
  return (
    <span className={styles.name}>
      <StateMark kind={markOf(container, pending)} />
      <a className="ell" href={href('containers', container.id)} tabIndex={-1} title={container.name} draggable={false}>
        {shortName(container, grouped)}
      </a>
    </span>
  );
});

export const StateCell = memo(function StateCell({
  container,
  long = false,
}: CellProps & { /** Alone, without a column's head over it. */ readonly long?: boolean }): ReactNode {
  const { t } = useTranslation('containers');
  const format = useFormat();
  const pending = useStore((state) => state.ui.pending[container.id]);
  const now = useNow(ageTick);
  const { key, tone, exitCode, since } = stateWords(container, pending);
  const age = since === undefined ? undefined : format.age(now - since);
  const code = exitCode ?? '';
  const words =
    key === 'crashLoop' && exitCode !== undefined
      ? t('state.crashLoopFor', { code })
      : age !== undefined && ['running', 'paused', 'exited'].includes(key)
        ? t(long && key === 'running' ? 'page.up' : `state.${key}For`, { age, code })
        : key === 'exited' && exitCode === undefined
          ? t('state.exitedPlain')
          : t(`state.${key}`, { code });
  return (
    <span className={tone === undefined ? styles.state : `${styles.state ?? ''} c-${tone}`} title={container.status} data-state={key}>
      {/* An age alone says nothing to who cannot see the mark. */}
      {key === 'running' && age !== undefined && <span className="sr">{t('stateLong.running')} </span>}
      {words}
    </span>
  );
});

export const HealthCell = memo(function HealthCell({ container }: CellProps): ReactNode {
  const { t } = useTranslation('containers');
  const health = container.state === 'running' ? container.health : 'none';
  if (health === 'none') {
    return <span className="t3">–</span>;
  }
  const mark = { healthy: 'pass', unhealthy: 'sick', starting: 'waiting' } as const;
  const tone = { healthy: 'c-run', unhealthy: 'c-bad', starting: 't2' } as const;
  return (
    <span className={`${styles.health ?? ''} ${tone[health]}`}>
      <StateMark kind={mark[health]} />
      {t(`health.${health}`)}
    </span>
  );
});

const portsShown = 3;

export const PortsCell = memo(function PortsCell({ container }: CellProps): ReactNode {
  const { t } = useTranslation('containers');
  const ports = hostPorts(container);
  if (ports.length === 0) {
    return <span className="t3">–</span>;
  }
  return (
    <span className={styles.ports}>
      {ports.slice(0, portsShown).map(({ port, containerPort, protocol, url }) =>
        url === undefined ? (
          <span key={`${String(port)}${protocol}`} className="t2" title={t('port.plain', { port, inside: containerPort, protocol })}>
            {port}/{protocol}
          </span>
        ) : (
          <ExternalLink key={url} href={url} tabIndex={-1} aria-label={t('port.open', { url })} title={url}>
            {port}
          </ExternalLink>
        ),
      )}
      {ports.length > portsShown && (
        <span className="t3" title={ports.map((port) => String(port.port)).join(' ')}>
          {t('port.more', { count: ports.length - portsShown })}
        </span>
      )}
    </span>
  );
});

export function CreatedCell({ container }: CellProps): ReactNode {
  const { t } = useTranslation('containers');
  const format = useFormat();
  const now = useNow(ageTick);
  return (
    <span className={styles.state} title={new Date(container.createdAt).toLocaleString()}>
      {t('ago', { age: format.age(now - container.createdAt) })}
    </span>
  );
}
