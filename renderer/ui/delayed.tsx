// Nothing for 300 ms, then the skeleton: a quick answer never flashes.
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

const PATIENCE_MS = 300;

export function Delayed({ children }: { readonly children: ReactNode }): ReactNode {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return shown ? children : null;
}

/** Skeleton rows in the grid of the table they stand for. Widths in px, repeated row by row. */
export function SkeletonRows({ rows, widths }: { readonly rows: number; readonly widths: readonly number[] }): ReactNode {
  const { t } = useTranslation('common');
  return (
    <Delayed>
      <div role="status">
        <span className="sr">{t('loading')}</span>
        {Array.from({ length: rows }, (_, row) => (
          <div key={row} className="row" style={{ height: 36, padding: '0 20px', gap: 24, borderBottom: '1px solid var(--b-line)' }}>
            {widths.map((width, column) => (
              // Uneven like words, and the same at every paint.
              <span key={column} className="sk" style={{ width: Math.round(width * (0.7 + ((row * 3 + column * 5) % 7) / 20)) }} />
            ))}
          </div>
        ))}
      </div>
    </Delayed>
  );
}
