// Columns of the images' table.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { href } from '../../routes';
import { useStore } from '../../state/context';
import { StateMark } from '../../ui/state-mark';
import { useNow } from '../../ui/use-now';
import styles from './images.module.css';
import { shortId } from './model';
import type { ReactNode } from 'react';
import type { TableColumn } from '../../ui/table-columns';
import type { ImageRow } from './model';

const collator = new Intl.Collator(undefined, { numeric: true });
const byName = (a: ImageRow, b: ImageRow): number =>
  collator.compare(a.repository || '\uffff', b.repository || '\uffff') || collator.compare(a.tag, b.tag);

interface CellProps {
  readonly row: ImageRow;
}

function NameCell({ row: { id, image, repository } }: CellProps): ReactNode {
  const { t } = useTranslation('images');
  const pending = useStore((state) => state.ui.pending[id]);
  const mark = pending !== undefined && <StateMark kind="busy" />;
  return repository === '' ? (
    <span className={`row ${styles.dangling ?? ''}`}>
      {mark}
      {t('noName')} <code>{shortId(image.id)}</code>
    </span>
  ) : (
    <span className={`row ${styles.name ?? ''}`} title={id}>
      {mark}
      <span className="ell">{repository}</span>
    </span>
  );
}

function AgeCell({ row }: CellProps): ReactNode {
  const { t } = useTranslation('images');
  const format = useFormat();
  const now = useNow(60_000);
  const { createdAt } = row.image;
  // Reproducible builds write the year 1970 or 1980.
  return (
    <span className={styles.small} title={new Date(createdAt).toLocaleString()}>
      {createdAt < 315_619_200_000 ? '–' : t('ago', { age: format.age(now - createdAt) })}
    </span>
  );
}

function SizeCell({ row }: CellProps): ReactNode {
  return useFormat().bytes(row.image.sizeBytes);
}

const usersShown = 2;

function UsersCell({ row: { image } }: CellProps): ReactNode {
  const { t } = useTranslation('images');
  const containers = useStore((state) => state.engine.containers);
  if (image.usedBy.length === 0) {
    return image.dangling ? <span className="badge">{t('dangling')}</span> : <span className="t3">–</span>;
  }
  return (
    <span className={`row ${styles.users ?? ''}`} title={image.usedBy.map((id) => containers[id]?.name ?? id.slice(0, 12)).join(', ')}>
      {image.usedBy.slice(0, usersShown).map((id) => (
        <a key={id} className="ell" href={href('containers', id)} tabIndex={-1}>
          {containers[id]?.name ?? id.slice(0, 12)}
        </a>
      ))}
      {image.usedBy.length > usersShown && <span className="t3">+{image.usedBy.length - usersShown}</span>}
    </span>
  );
}

export function useColumns(withPlatform: boolean): readonly TableColumn<ImageRow>[] {
  const { t } = useTranslation('images');
  return useMemo(
    () => [
      { id: 'repository', header: t('column.repository'), names: true, compare: byName, cell: (row) => <NameCell row={row} /> },
      {
        id: 'tag',
        header: t('column.tag'),
        width: 160,
        compare: (a, b) => collator.compare(a.tag, b.tag) || byName(a, b),
        cell: ({ tag }) => (tag === '' ? <span className="t3">–</span> : <span title={tag}>{tag}</span>),
      },
      // Engines without the containerd store do not say it in a list.
      ...(withPlatform
        ? [
            {
              id: 'platform',
              header: t('column.platform'),
              width: 112,
              hideBelow: 960,
              cell: ({ image }: ImageRow) => <span className={styles.small}>{image.platform ?? '–'}</span>,
            },
          ]
        : []),
      {
        id: 'size',
        header: t('column.size'),
        width: 92,
        align: 'end',
        compare: (a, b) => b.image.sizeBytes - a.image.sizeBytes || byName(a, b),
        cell: (row) => <SizeCell row={row} />,
      },
      {
        id: 'created',
        header: t('column.created'),
        width: 108,
        hideBelow: 860,
        compare: (a, b) => b.image.createdAt - a.image.createdAt || byName(a, b),
        cell: (row) => <AgeCell row={row} />,
      },
      {
        id: 'usedBy',
        header: t('column.usedBy'),
        width: 210,
        hideBelow: 760,
        compare: (a, b) => b.image.usedBy.length - a.image.usedBy.length || byName(a, b),
        cell: (row) => <UsersCell row={row} />,
      },
    ],
    [t, withPlatform],
  );
}
