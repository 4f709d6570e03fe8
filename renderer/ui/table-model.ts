// The pure half of the table: which lines it has (groups, rows, notices under rows), and what keys and clicks do to a selection.
// Knows nothing of React or of what a row is.

export interface TableGroup<T> {
  readonly id: string;
  readonly rows: readonly T[];
  readonly rowIds: readonly string[];
}

export type TableItem<T> =
  | { readonly kind: 'group'; readonly key: string; readonly group: TableGroup<T>; readonly collapsed: boolean }
  | { readonly kind: 'row'; readonly key: string; readonly row: T; readonly grouped: boolean }
  | { readonly kind: 'notice'; readonly key: string; readonly row: T };

export interface Arrangement<T> {
  readonly rows: readonly T[];
  readonly rowId: (row: T) => string;
  /** Undefined: no groups at all. */
  readonly groupOf?: ((row: T) => string) | undefined;
  /** Order of the groups; the sort of the rows stays inside them. */
  readonly compareGroups?: (a: string, b: string) => number;
  readonly collapsed: ReadonlySet<string>;
  readonly noticed: (id: string) => boolean;
}

export function arrange<T>({ rows, rowId, groupOf, compareGroups, collapsed, noticed }: Arrangement<T>): readonly TableItem<T>[] {
  const items: TableItem<T>[] = [];
  const addRows = (list: readonly T[], grouped: boolean): void => {
    for (const row of list) {
      const id = rowId(row);
      items.push({ kind: 'row', key: id, row, grouped });
      if (noticed(id)) {
        items.push({ kind: 'notice', key: `notice:${id}`, row });
      }
    }
  };
  if (groupOf === undefined) {
    addRows(rows, false);
    return items;
  }
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = groupOf(row);
    const members = groups.get(name);
    if (members === undefined) {
      groups.set(name, [row]);
    } else {
      members.push(row);
    }
  }
  for (const name of [...groups.keys()].sort(compareGroups)) {
    const members = groups.get(name) ?? [];
    const isCollapsed = collapsed.has(name);
    items.push({
      kind: 'group',
      key: `group:${name}`,
      group: { id: name, rows: members, rowIds: members.map(rowId) },
      collapsed: isCollapsed,
    });
    if (!isCollapsed) {
      addRows(members, true);
    }
  }
  return items;
}

/** The next line that can have focus; notices belong to the row above them. */
export function step<T>(items: readonly TableItem<T>[], from: number, by: number): number {
  const last = items.length - 1;
  const isNotice = (at: number): boolean => items[at]?.kind === 'notice';
  let at = Math.min(last, Math.max(0, from + by));
  while (isNotice(at) && at < last && by > 0) {
    at += 1;
  }
  while (isNotice(at)) {
    at -= 1;
  }
  return at;
}

export type Selection = ReadonlySet<string>;

export function toggle(selection: Selection, ids: readonly string[], on = !ids.every((id) => selection.has(id))): Selection {
  const next = new Set(selection);
  for (const id of ids) {
    if (on) {
      next.add(id);
    } else {
      next.delete(id);
    }
  }
  return next;
}

/** Rows from the anchor to here, both ends included, added to what is selected. */
export function extend<T>(selection: Selection, items: readonly TableItem<T>[], anchor: number, to: number): Selection {
  const [low, high] = anchor < to ? [anchor, to] : [to, anchor];
  return toggle(
    selection,
    items.slice(low, high + 1).flatMap((item) => (item.kind === 'row' ? [item.key] : [])),
    true,
  );
}

/** What is selected and still there. */
export function present(selection: Selection, ids: Iterable<string>): readonly string[] {
  if (selection.size === 0) {
    return [];
  }
  return [...ids].filter((id) => selection.has(id));
}
