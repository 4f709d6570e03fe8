// Columns as pages declare them, turned into TanStack's: sorting and visibility are its work, markup and keys are table.tsx's.
import { useMemo, useState } from 'react';
import { columnVisibilityFeature, createSortedRowModel, rowSortingFeature, tableFeatures, useTable } from '@tanstack/react-table';
import type { ReactNode } from 'react';

export interface TableColumn<T> {
  readonly id: string;
  readonly header: string;
  /** Pixels; missing = what is left is shared. */
  readonly width?: number;
  readonly align?: 'end';
  readonly compare?: (a: T, b: T) => number;
  /** Dropped where the table is narrower, least asked first; missing = never. */
  readonly hideBelow?: number;
  /** Names the row for screen readers. */
  readonly names?: boolean;
  readonly cell: (row: T) => ReactNode;
}

export interface TableSort {
  readonly id: string;
  readonly desc: boolean;
}

const features = tableFeatures({ rowSortingFeature, columnVisibilityFeature, sortedRowModel: createSortedRowModel() });

interface Arranged<T> {
  readonly rows: readonly T[];
  readonly columns: readonly TableColumn<T>[];
  readonly sort: TableSort | undefined;
  readonly sortBy: (id: string) => void;
}

export function useArranged<T extends object>(
  data: readonly T[],
  columns: readonly TableColumn<T>[],
  width: number,
  initial: TableSort | undefined,
): Arranged<T> {
  const [sorting, setSorting] = useState<TableSort[]>(initial === undefined ? [] : [initial]);
  const definitions = useMemo(
    () =>
      columns.map(({ id, compare }) => ({
        id,
        accessorFn: (row: T) => row,
        enableSorting: compare !== undefined,
        ...(compare === undefined
          ? {}
          : { sortFn: (a: { readonly original: T }, b: { readonly original: T }) => compare(a.original, b.original) }),
      })),
    [columns],
  );
  const columnVisibility = useMemo(
    () => Object.fromEntries(columns.map(({ id, hideBelow }) => [id, hideBelow === undefined || width === 0 || width >= hideBelow])),
    [columns, width],
  );
  const table = useTable({ features, columns: definitions, data, state: { sorting, columnVisibility }, onSortingChange: setSorting });
  const model = table.getRowModel();
  const rows = useMemo(() => model.rows.map((row) => row.original), [model]);
  const visible = useMemo(() => columns.filter(({ id }) => columnVisibility[id] !== false), [columns, columnVisibility]);
  return {
    rows,
    columns: visible,
    sort: sorting[0],
    sortBy: (id) => {
      setSorting((old) => [{ id, desc: old[0]?.id === id && !old[0].desc }]);
    },
  };
}
