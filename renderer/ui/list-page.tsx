// What every list of the engine's things has around its table: filter and search, what is selected and the bar for it, what is asked to be removed,
// errors under rows, the rows' menu. Knows nothing of what a row is; texts of its own are in `common` (`list`).
import { IconX } from '@tabler/icons-react';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useActions, useStore } from '../state/context';
import { SkeletonRows } from './delayed';
import { AwayLine, EngineOff } from './engine-away';
import { ErrorNotice } from './error-notice';
import { IconButton } from './icon-button';
import { useRowMenu } from './table-menu';
import { present } from './table-model';
import type { HTMLAttributes, ReactNode, RefObject } from 'react';
import type { TableHandle, TableProps } from './table';
import type { RowMenu } from './table-menu';
import type { Selection } from './table-model';

/** What floats over the last row while something is selected. */
const BAR_ROOM = 76;

interface ListSpec<T, F extends string> {
  readonly label: string;
  /** As the engine has them. */
  readonly all: readonly T[];
  readonly rowId: (row: T) => string;
  /** The tab that shows everything. */
  readonly everything: F;
  readonly isIn: (filter: F, row: T) => boolean;
  readonly searchFor: (text: string) => (row: T) => boolean;
}

type ListTable<T extends object> = Pick<
  TableProps<T>,
  'texts' | 'rows' | 'rowId' | 'selection' | 'onSelection' | 'noticed' | 'notice' | 'paddingEnd'
> & { readonly ref: RefObject<TableHandle | null> };

export interface List<T extends object, F extends string> {
  /** The engine cannot be asked to do anything now. */
  readonly away: boolean;
  readonly filter: F;
  readonly setFilter: (filter: F) => void;
  readonly query: string;
  readonly setQuery: (query: string) => void;
  readonly showAll: () => void;
  /** For the table itself. */
  readonly table: ListTable<T>;
  readonly focus: () => void;
  readonly menu: RowMenu<T>;
  readonly chosen: readonly T[];
  readonly clear: () => void;
  /** The row, or all that is selected where it is one of them. */
  readonly meant: (row: T) => readonly T[];
  /** Asked about now. */
  readonly removing: readonly T[] | undefined;
  readonly setRemoving: (rows: readonly T[] | undefined) => void;
}

export function useList<T extends object, F extends string>(spec: ListSpec<T, F>): List<T, F> {
  const { label, all, rowId, everything, isIn, searchFor } = spec;
  const { t } = useTranslation('common');
  const away = useStore((state) => state.engine.status !== 'ready');
  const errors = useStore((state) => state.ui.errors);
  const handle = useRef<TableHandle>(null);
  const [filter, setFilter] = useState(everything);
  const [query, setQuery] = useState('');
  const [selection, setSelection] = useState<Selection>(new Set());
  const [removing, setRemoving] = useState<readonly T[]>();
  const menu = useRowMenu<T>();

  // Not deferred: each change of the engine begins a deferred render anew, and a busy page never comes to it.
  const rows = useMemo(() => {
    const found = searchFor(query);
    return all.filter((row) => isIn(filter, row) && found(row));
  }, [all, filter, query, isIn, searchFor]);
  // What a filter hides is out of reach, and chosen again when it is back in sight.
  const chosenIds = useMemo(() => new Set(present(selection, rows.map(rowId))), [selection, rows, rowId]);
  const chosen = chosenIds.size === 0 ? [] : rows.filter((row) => chosenIds.has(rowId(row)));
  const texts = useMemo(
    () => ({
      label,
      selectAll: t('list.selectAll'),
      selectRow: (name: string) => t('list.selectRow', { name }),
      actions: t('list.actions'),
    }),
    [label, t],
  );
  return {
    ...{ away, filter, setFilter, query, setQuery, menu, chosen, removing, setRemoving },
    showAll() {
      setFilter(everything);
      setQuery('');
    },
    clear() {
      setSelection(new Set());
    },
    meant: (row) => (chosen.length > 1 && chosenIds.has(rowId(row)) ? chosen : [row]),
    focus: () => handle.current?.focus(),
    table: {
      ...{ ref: handle, texts, rows, rowId, selection, onSelection: setSelection },
      noticed: useCallback((id: string) => errors[id] !== undefined, [errors]),
      notice: (row) => <RowNotice id={rowId(row)} />,
      paddingEnd: chosen.length > 0 ? BAR_ROOM : 0,
    },
  };
}

function RowNotice({ id }: { readonly id: string }): ReactNode {
  const error = useStore((state) => state.ui.errors[id]);
  const actions = useActions();
  return (
    error !== undefined && (
      <ErrorNotice
        error={error}
        onRetry={error.code === 'shares.notShared' ? () => void actions.startContainer(id) : undefined}
        onDismiss={() => {
          actions.clearError(id);
        }}
      />
    )
  );
}

/** The page of a list: what is known stays in sight while the engine is away. */
export function ListPage({
  skeleton,
  children,
  ...rest
}: { readonly skeleton: readonly number[] } & HTMLAttributes<HTMLDivElement>): ReactNode {
  const known = useStore((state) => state.engine.known);
  const status = useStore((state) => state.engine.status);
  const at = useStore((state) => state.engine.at);
  if (!known) {
    return status === 'away' ? <EngineOff /> : <SkeletonRows rows={8} widths={skeleton} />;
  }
  const away = status !== 'ready';
  return (
    <div className={away ? 'page away' : 'page'} {...rest}>
      {away && <AwayLine at={at} />}
      {children}
    </div>
  );
}

/** Over the table's foot while something is selected. */
export function SelectionBar({
  count,
  onClear,
  children,
}: {
  readonly count: number;
  readonly onClear: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const { t } = useTranslation('common');
  const label = t('list.selected', { count });
  return (
    <div className="bulk" role="toolbar" aria-label={label}>
      <b className="med">{label}</b>
      <span className="vr" />
      {children}
      <IconButton icon={IconX} label={t('list.clear')} onClick={onClear} />
    </div>
  );
}
