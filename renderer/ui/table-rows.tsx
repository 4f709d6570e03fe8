// The lines of a table. A row is memoised on what it shows: its data, whether it is chosen, whether it has the focus.
import { memo, useLayoutEffect, useRef } from 'react';
import { IconChevronDown } from '@tabler/icons-react';
import styles from './table.module.css';
import type { ReactNode } from 'react';
import type { TableColumn } from './table-columns';
import type { TableItem } from './table-model';
import type { TableGrouping, TableTexts } from './table';

interface RowProps<T> {
  readonly id: string;
  readonly row: T;
  readonly index: number;
  readonly grouped: boolean;
  readonly columns: readonly TableColumn<T>[];
  readonly actions: (row: T) => ReactNode;
  readonly tone: 'off' | undefined;
  readonly checked: boolean;
  readonly checkLabel: string;
  readonly active: boolean;
  readonly onCheck: (key: string, shift: boolean) => void;
}

function PlainRow<T>({ id, row, index, grouped, columns, actions, tone, checked, checkLabel, active, onCheck }: RowProps<T>) {
  return (
    <tr
      className={styles.row}
      data-key={id}
      data-tone={tone}
      tabIndex={active ? 0 : -1}
      aria-selected={checked}
      aria-rowindex={index + 2}
      aria-level={grouped ? 2 : undefined}
    >
      <td>
        <Check
          label={checkLabel}
          tabIndex={-1}
          checked={checked}
          onChange={(shift) => {
            onCheck(id, shift);
          }}
        />
      </td>
      {columns.map((column) => (
        <td
          key={column.id}
          className={column.align === 'end' ? styles.end : undefined}
          role={column.names === true ? 'rowheader' : undefined}
        >
          {column.cell(row)}
        </td>
      ))}
      <td>
        <div className={styles.actions}>{actions(row)}</div>
      </td>
    </tr>
  );
}
/** `memo` forgets type parameters. */
export const Row = memo(PlainRow) as typeof PlainRow;

interface GroupRowProps<T> {
  readonly item: Extract<TableItem<T>, { readonly kind: 'group' }>;
  readonly index: number;
  readonly columns: readonly TableColumn<T>[];
  readonly grouping: TableGrouping<T> | undefined;
  readonly texts: TableTexts;
  readonly checked: boolean | 'mixed';
  readonly active: boolean;
  readonly onCheck: (key: string, shift: boolean) => void;
  readonly onToggle: (id: string) => void;
}

export function GroupRow<T>({ item, index, columns, grouping, texts, checked, active, onCheck, onToggle }: GroupRowProps<T>) {
  if (grouping === undefined) {
    return null;
  }
  const cells = grouping.cells(item.group);
  const firstCell = columns.findIndex((column) => column.id in cells);
  const span = firstCell < 0 ? columns.length : firstCell;
  return (
    <tr
      className={styles.group}
      data-key={item.key}
      tabIndex={active ? 0 : -1}
      aria-rowindex={index + 2}
      aria-level={1}
      aria-expanded={!item.collapsed}
      onClick={(event) => {
        if (!(event.target as Element).closest('button, input, a')) {
          onToggle(item.group.id);
        }
      }}
    >
      <td>
        <Check
          label={texts.selectRow(grouping.name(item.group.id))}
          tabIndex={-1}
          checked={checked}
          onChange={(shift) => {
            onCheck(item.key, shift);
          }}
        />
      </td>
      <td colSpan={span} role="rowheader">
        <span className={styles.label}>
          <IconChevronDown
            size={14}
            stroke={1.7}
            className={styles.chevron}
            data-collapsed={item.collapsed || undefined}
            aria-hidden="true"
          />
          {grouping.label(item.group)}
        </span>
      </td>
      {columns.slice(span).map((column) => (
        <td key={column.id} className={column.align === 'end' ? styles.end : undefined}>
          {cells[column.id]}
        </td>
      ))}
      <td>
        <div className={styles.actions}>{grouping.actions(item.group)}</div>
      </td>
    </tr>
  );
}

interface NoticeRowProps {
  readonly index: number;
  readonly columns: number;
  readonly measure: (element: Element | null) => void;
  readonly children: ReactNode;
}

/** Of the row above it; as high as its words need. */
export function NoticeRow({ index, columns, measure, children }: NoticeRowProps) {
  return (
    <tr ref={measure} className={styles.notice} data-index={index} aria-rowindex={index + 2}>
      <td colSpan={columns}>{children}</td>
    </tr>
  );
}

interface CheckProps {
  readonly label: string;
  readonly checked: boolean | 'mixed';
  readonly onChange: (shift: boolean) => void;
  readonly tabIndex?: number;
}

export function Check({ label, checked, onChange, tabIndex }: CheckProps) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (input.current) {
      input.current.indeterminate = checked === 'mixed';
    }
  }, [checked]);
  return (
    <input
      ref={input}
      type="checkbox"
      className={styles.check}
      aria-label={label}
      tabIndex={tabIndex}
      checked={checked === true}
      onChange={(event) => {
        onChange((event.nativeEvent as MouseEvent).shiftKey);
      }}
    />
  );
}
