// The table of every list: plain <table>, rows of 36 px, only those in sight exist. One tab stop with a roving row, grid semantics.
// Knows nothing of what a row is; pages hand in columns, actions and keys, all of them stable, so that one change renders one row.
import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useArranged } from './table-columns';
import { useTableKeys } from './table-keys';
import { arrange, extend, toggle } from './table-model';
import { Check, GroupRow, NoticeRow, Row } from './table-rows';
import styles from './table.module.css';
import type { KeyboardEvent, ReactNode, Ref } from 'react';
import type { TableColumn, TableSort } from './table-columns';
import type { Selection, TableGroup } from './table-model';

export interface TableTexts {
  readonly label: string;
  readonly selectAll: string;
  readonly selectRow: (name: string) => string;
  readonly actions: string;
}

export interface TableGrouping<T> {
  readonly of: (row: T) => string;
  readonly compare: (a: string, b: string) => number;
  readonly label: (group: TableGroup<T>) => ReactNode;
  readonly name: (id: string) => string;
  /** Cells of the group's line under columns; the label takes what is left of the first of them. */
  readonly cells: (group: TableGroup<T>) => Readonly<Record<string, ReactNode>>;
  readonly actions: (group: TableGroup<T>) => ReactNode;
}

export interface TableHandle {
  focus(): void;
}

export interface TableProps<T extends object> {
  readonly texts: TableTexts;
  readonly rows: readonly T[];
  readonly rowId: (row: T) => string;
  readonly rowName: (row: T) => string;
  readonly columns: readonly TableColumn<T>[];
  readonly initialSort?: TableSort;
  readonly grouping?: TableGrouping<T> | undefined;
  readonly tone?: (row: T) => 'off' | undefined;
  readonly actions: (row: T) => ReactNode;
  readonly actionsWidth: number;
  readonly selection: Selection;
  readonly onSelection: (selection: Selection) => void;
  readonly onOpen: (row: T) => void;
  /** A key that the table has no use for, on a row. True = handled. */
  readonly onKey?: (row: T, event: KeyboardEvent) => boolean;
  /** Ids with something to say under their row. */
  readonly noticed?: (id: string) => boolean;
  readonly notice?: (row: T) => ReactNode;
  /** Room under the last row, for what floats there. */
  readonly paddingEnd?: number;
  readonly ref?: Ref<TableHandle>;
}

const headHeight = 30;
const nothing = (): boolean => false;
const noGroups: ReadonlySet<string> = new Set();

export function Table<T extends object>(props: TableProps<T>) {
  const { texts, rows, rowId, columns: declared, grouping, selection, onSelection, noticed = nothing, paddingEnd = 0 } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = scroll.current;
    if (!element) {
      return undefined;
    }
    const observer = new ResizeObserver(() => {
      setWidth(element.clientWidth);
    });
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => {
      observer.disconnect();
    };
  }, []);

  const { rows: sorted, columns, sort, sortBy } = useArranged(rows, declared, width, props.initialSort);
  const [collapsed, setCollapsed] = useState(noGroups);
  const items = useMemo(
    () =>
      arrange({
        rows: sorted,
        rowId,
        groupOf: grouping?.of,
        ...(grouping === undefined ? {} : { compareGroups: grouping.compare }),
        collapsed,
        noticed,
      }),
    [sorted, rowId, grouping, collapsed, noticed],
  );
  const toggleGroup = useCallback((id: string) => {
    setCollapsed((old) => toggle(old, [id]));
  }, []);

  const keptIndex = useRef(0);
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler memoises here, and what it returns is used in place
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => ({ row: 36, group: 32, notice: 62 })[items[index]?.kind ?? 'row'],
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 8,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: paddingEnd,
    paddingEnd,
    // The line with the tab stop stays drawn, or scrolling with the mouse would take the focus away.
    rangeExtractor: (range) => {
      const indexes = defaultRangeExtractor(range);
      const kept = keptIndex.current;
      return kept >= range.count || indexes.includes(kept) ? indexes : [...indexes, kept].sort((a, b) => a - b);
    },
  });

  const keys = useTableKeys({
    items,
    body,
    selection,
    onSelection,
    onOpen: props.onOpen,
    onKey: props.onKey,
    onToggleGroup: toggleGroup,
    scrollTo: (index) => {
      virtual.scrollToIndex(index);
    },
    page: () => Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / 36) - 2),
  });
  useImperativeHandle(props.ref, () => ({ focus: keys.focus }), [keys.focus]);

  // Rows are clicked through handlers that never change, or every row would render with every change.
  const latest = useRef({ items, selection, anchor: keys.anchor });
  useEffect(() => {
    latest.current = { items, selection, anchor: keys.anchor };
    keptIndex.current = keys.activeIndex;
  });
  const onCheck = useCallback(
    (key: string, shift: boolean) => {
      const { items: now, selection: chosen, anchor } = latest.current;
      const at = now.findIndex((item) => item.key === key);
      const from = shift ? now.findIndex((item) => item.key === anchor.current) : -1;
      const item = now[at];
      if (item?.kind === 'group') {
        onSelection(toggle(chosen, item.group.rowIds));
      } else {
        onSelection(from >= 0 ? extend(chosen, now, from, at) : toggle(chosen, [key]));
      }
      anchor.current = key;
    },
    [onSelection],
  );

  const allIds = useMemo(() => rows.map(rowId), [rows, rowId]);
  const chosen = allIds.reduce((sum, id) => sum + (selection.has(id) ? 1 : 0), 0);
  const columnCount = columns.length + 2;
  const lines: ReactNode[] = [];
  let end = headHeight;
  for (const { index, start, size } of virtual.getVirtualItems()) {
    const item = items[index];
    if (item === undefined) {
      continue;
    }
    if (start > end) {
      lines.push(<Spacer key={`gap:${String(index)}`} height={start - end} columns={columnCount} />);
    }
    end = start + size;
    const active = item.key === keys.active;
    if (item.kind === 'notice') {
      lines.push(
        <NoticeRow key={item.key} index={index} columns={columnCount} measure={virtual.measureElement}>
          {props.notice?.(item.row)}
        </NoticeRow>,
      );
    } else if (item.kind === 'group') {
      const ids = item.group.rowIds;
      const count = ids.reduce((sum, id) => sum + (selection.has(id) ? 1 : 0), 0);
      lines.push(
        <GroupRow
          key={item.key}
          item={item}
          index={index}
          columns={columns}
          grouping={grouping}
          texts={texts}
          checked={count === 0 ? false : count === ids.length ? true : 'mixed'}
          active={active}
          onCheck={onCheck}
          onToggle={toggleGroup}
        />,
      );
    } else {
      lines.push(
        <Row
          key={item.key}
          id={item.key}
          row={item.row}
          index={index}
          grouped={item.grouped}
          columns={columns}
          actions={props.actions}
          tone={props.tone?.(item.row)}
          checked={selection.has(item.key)}
          checkLabel={texts.selectRow(props.rowName(item.row))}
          active={active}
          onCheck={onCheck}
        />,
      );
    }
  }
  const total = virtual.getTotalSize() + headHeight;
  if (total > end) {
    lines.push(<Spacer key="gap:end" height={total - end} columns={columnCount} />);
  }

  return (
    <div ref={scroll} className={styles.scroll}>
      <table
        className={styles.table}
        role={grouping === undefined ? 'grid' : 'treegrid'}
        aria-label={texts.label}
        aria-multiselectable="true"
        aria-rowcount={items.length + 1}
        aria-colcount={columnCount}
      >
        <colgroup>
          <col style={{ width: 43 }} />
          {columns.map((column) => (
            <col key={column.id} style={column.width === undefined ? undefined : { width: column.width }} />
          ))}
          <col style={{ width: props.actionsWidth }} />
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <Check
                label={texts.selectAll}
                checked={chosen === 0 ? false : chosen === allIds.length ? true : 'mixed'}
                onChange={() => {
                  onSelection(toggle(selection, allIds));
                }}
              />
            </th>
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} sortBy={sortBy} />
            ))}
            <th scope="col" aria-label={texts.actions} />
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={keys.onKeyDown} onFocus={keys.onFocus} onBlur={keys.onBlur} onDoubleClick={keys.onDoubleClick}>
          {lines}
        </tbody>
      </table>
    </div>
  );
}

function Spacer({ height, columns }: { readonly height: number; readonly columns: number }) {
  return (
    <tr className={styles.spacer} aria-hidden="true" style={{ height }}>
      <td colSpan={columns} />
    </tr>
  );
}

interface HeadProps<T> {
  readonly column: TableColumn<T>;
  readonly sort: TableSort | undefined;
  readonly sortBy: (id: string) => void;
}

function Head<T>({ column, sort, sortBy }: HeadProps<T>) {
  const direction = sort?.id === column.id ? (sort.desc ? 'descending' : 'ascending') : undefined;
  const Arrow = direction === 'descending' ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" className={column.align === 'end' ? styles.end : undefined} aria-sort={direction}>
      {column.compare === undefined ? (
        column.header
      ) : (
        <button
          type="button"
          className={styles.sort}
          onClick={() => {
            sortBy(column.id);
          }}
        >
          {column.header}
          {direction !== undefined && <Arrow size={14} stroke={1.7} aria-hidden="true" />}
        </button>
      )}
    </th>
  );
}
