// One row an account, one column a moment. Figures of this computer are strong, the guest's own are quiet.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiskLedger, EngineUsage } from '../../../preload/contract';
import { useFormat } from '../../format';
import css from './disk.module.css';
import type { Column, Columns } from './model';

interface LedgerTableProps {
  readonly ledger: DiskLedger;
  readonly columns: Columns;
  readonly usage: EngineUsage | undefined;
}

interface Row {
  readonly id: 'size' | 'host' | 'used' | 'images' | 'buildCache' | 'volumes' | 'containers' | 'rest' | 'deleted';
  readonly note?: string;
  readonly weight?: 'strong' | 'quiet' | 'inner';
  readonly figure: (column: Column) => number;
}

export function LedgerTable({ ledger, columns, usage }: LedgerTableProps): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const { now, trimmed, pruned } = columns;
  const inner: readonly Row[] = [
    { id: 'images', note: t('row.imagesNote'), weight: 'inner', figure: ({ parts }) => parts.imagesUsed + parts.imagesUnused },
    { id: 'buildCache', weight: 'inner', figure: ({ parts }) => parts.buildCache },
    {
      id: 'volumes',
      note: t('row.volumesNote', { count: usage?.volumes.length ?? 0 }),
      weight: 'inner',
      figure: ({ parts }) => parts.volumes,
    },
    { id: 'containers', weight: 'inner', figure: ({ parts }) => parts.containers },
    { id: 'rest', weight: 'inner', figure: ({ parts }) => parts.rest },
  ];
  const rows: readonly Row[] = [
    { id: 'size', note: t('row.sizeNote'), weight: 'quiet', figure: () => ledger.disk?.sizeBytes ?? 0 },
    { id: 'host', note: t('row.hostNote'), weight: 'strong', figure: ({ total }) => total },
    { id: 'used', figure: ({ used }) => used },
    ...(usage === undefined ? [] : inner),
    { id: 'deleted', figure: ({ parts }) => parts.deleted },
  ];
  const shown = usage === undefined ? [now, trimmed] : [now, trimmed, pruned];
  return (
    <table className={css['table']}>
      <thead>
        <tr>
          <th scope="col">{t('column.account')}</th>
          <th scope="col">{t('column.now')}</th>
          <th scope="col">{t('column.trimmed')}</th>
          {usage === undefined ? null : <th scope="col">{t('column.pruned')}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ id, note, weight, figure }) => (
          <tr key={id} data-weight={weight}>
            <th scope="row">
              {t(`row.${id}`)} {note === undefined ? null : <span>{note}</span>}
            </th>
            {shown.map((column, index) => (
              <td key={index}>{format.memory(Math.round(figure(column)))}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
