// Three bars on one scale: now, given back, pruned and given back. What is deleted and not given back is hatched. The table below has the figures.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import css from './disk.module.css';
import { parts } from './model';
import type { Column, Columns, Part } from './model';

const MOMENTS = ['now', 'trimmed', 'pruned'] as const;

export function LedgerBars({ columns, counted }: { readonly columns: Columns; readonly counted: boolean }): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const moments = counted ? MOMENTS : MOMENTS.slice(0, 2);
  const widest = Math.max(1, ...moments.map((moment) => Math.max(columns[moment].total, sum(columns[moment].parts))));
  const legend = parts.filter((part) => columns.now.parts[part] > widest / 500 && (counted || part !== 'rest'));
  return (
    <div className={css['bars']} aria-hidden="true">
      {moments.map((moment) => (
        <div key={moment} className={css['bar']}>
          <span>{t(`column.${moment}`)}</span>
          <div>
            {parts.map((part) => (
              <i key={part} data-part={part} style={{ width: `${(lengthOf(columns[moment], part) / widest) * 100}%` }} />
            ))}
          </div>
          <b>{format.memory(columns[moment].total)}</b>
        </div>
      ))}
      <ul className={css['legend']}>
        {counted ? null : <li className="t3">{t('counting')}</li>}
        {legend.map((part) => (
          <li key={part}>
            <i data-part={part} />
            {t(`part.${part}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The bar ends where its figure says: blocks that the file system keeps for itself are no part that the guest counts. */
function lengthOf({ parts: figures, total }: Column, part: Part): number {
  return figures[part] + (part === 'rest' ? Math.max(0, total - sum(figures)) : 0);
}

function sum(figures: Readonly<Record<string, number>>): number {
  return Object.values(figures).reduce((total, bytes) => total + bytes, 0);
}
