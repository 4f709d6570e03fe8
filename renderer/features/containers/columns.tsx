// Columns of the containers' table and how its projects are shown. Widths are measured against the pictures at 1280 and 800.
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { RowAction } from '../../ui/table-action';
import { CreatedCell, HealthCell, NameCell, PortsCell, StateCell } from './cells';
import styles from './containers.module.css';
import { hostPorts, isUp } from './state';
import type { ContainerSummary } from '../../../preload/contract';
import type { TableGrouping } from '../../ui/table';
import type { TableColumn } from '../../ui/table-columns';
import type { Verb } from './verbs';

const collator = new Intl.Collator(undefined, { numeric: true });
const byName = (a: ContainerSummary, b: ContainerSummary): number => collator.compare(a.name, b.name);
/** Equal ones keep the order of their names, so that a list that changes does not shuffle. */
const by =
  (value: (container: ContainerSummary) => number | string) =>
  (a: ContainerSummary, b: ContainerSummary): number => {
    const [left, right] = [value(a), value(b)];
    const order = typeof left === 'number' && typeof right === 'number' ? left - right : collator.compare(String(left), String(right));
    return order === 0 ? byName(a, b) : order;
  };

const healthOrder = { unhealthy: 0, starting: 1, healthy: 2, none: 3 } as const;
const stateOrder = { running: 0, paused: 1, restarting: 2, removing: 3, created: 4, exited: 5, dead: 6 } as const;

export function useColumns(grouped: boolean): readonly TableColumn<ContainerSummary>[] {
  const { t } = useTranslation('containers');
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('column.name'),
        names: true,
        compare: byName,
        cell: (container) => <NameCell container={container} grouped={grouped} />,
      },
      {
        id: 'image',
        header: t('column.image'),
        hideBelow: 900,
        compare: by(({ image }) => image),
        cell: ({ image }) => (
          <span className={styles.image} title={image}>
            {image}
          </span>
        ),
      },
      {
        id: 'health',
        header: t('column.health'),
        width: 100,
        hideBelow: 780,
        compare: by(({ health }) => healthOrder[health]),
        cell: (container) => <HealthCell container={container} />,
      },
      {
        id: 'ports',
        header: t('column.ports'),
        width: 150,
        compare: by((container) => hostPorts(container)[0]?.port ?? 65_536),
        cell: (container) => <PortsCell container={container} />,
      },
      {
        id: 'state',
        header: t('column.state'),
        width: 156,
        compare: by(({ state, startedAt, finishedAt, createdAt }) => stateOrder[state] * 1e14 - (startedAt ?? finishedAt ?? createdAt)),
        cell: (container) => <StateCell container={container} />,
      },
      {
        id: 'created',
        header: t('column.created'),
        width: 104,
        hideBelow: 1000,
        compare: by(({ createdAt }) => -createdAt),
        cell: (container) => <CreatedCell container={container} />,
      },
    ],
    [t, grouped],
  );
}

/** Label of a project's own folder; Compose writes where its file was. */
const configLabel = 'com.docker.compose.project.config_files';

export function useGrouping(
  enabled: boolean,
  away: boolean,
  onVerb: (verb: Verb, containers: readonly ContainerSummary[]) => void,
): TableGrouping<ContainerSummary> | undefined {
  const { t } = useTranslation('containers');
  return useMemo(() => {
    if (!enabled) {
      return undefined;
    }
    const name = (id: string): string => (id === '' ? t('group.none') : id);
    return {
      of: ({ project = '' }) => project,
      // What belongs to no project comes last.
      compare: (a, b) => (a === '' ? 1 : b === '' ? -1 : collator.compare(a, b)),
      name,
      label: ({ id, rows }) => (
        <>
          <span className={styles.project}>{name(id)}</span>
          <span className={`${styles.path ?? ''} ell`}>{rows[0]?.labels[configLabel]?.split(',')[0]}</span>
        </>
      ),
      cells: ({ id, rows }) => {
        const up = rows.filter(({ state }) => state === 'running').length;
        return id === ''
          ? {}
          : {
              state: (
                <span className={styles.state}>
                  {up === rows.length ? t('group.allUp', { total: up }) : t('group.up', { up, total: rows.length })}
                </span>
              ),
            };
      },
      actions: ({ id, rows }) => {
        if (id === '') {
          return null;
        }
        const down = rows.filter((container) => !isUp(container));
        const starts = down.length > 0;
        return (
          <>
            <RowAction
              icon={starts ? IconPlayerPlay : IconPlayerStop}
              label={t(starts ? 'group.start' : 'group.stop', { name: id })}
              title={t(starts ? 'group.startShort' : 'group.stopShort')}
              disabled={away}
              onClick={() => {
                onVerb(starts ? 'starting' : 'stopping', starts ? down : rows);
              }}
            />
            <span style={{ width: 28 }} />
          </>
        );
      },
    };
  }, [enabled, away, onVerb, t]);
}
