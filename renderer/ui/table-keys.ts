// Keys and focus of a table: one line has the tab stop and moves with the arrows; inside a line left and right go through its controls.
// Knows nothing of columns or of drawing.
import { useCallback, useLayoutEffect, useRef, useState } from 'react';
import { extend, step, toggle } from './table-model';
import type { FocusEvent, KeyboardEvent, MouseEvent, RefObject } from 'react';
import type { Selection, TableItem } from './table-model';

interface Options<T> {
  readonly items: readonly TableItem<T>[];
  readonly body: RefObject<HTMLTableSectionElement | null>;
  readonly selection: Selection;
  readonly onSelection: (selection: Selection) => void;
  readonly onOpen: (row: T) => void;
  readonly onKey: ((row: T, event: KeyboardEvent) => boolean) | undefined;
  readonly onToggleGroup: (id: string) => void;
  readonly scrollTo: (index: number) => void;
  readonly page: () => number;
}

interface TableKeys {
  /** Key of the line that has the tab stop. */
  readonly active: string | undefined;
  readonly activeIndex: number;
  /** Where Shift extends from. */
  readonly anchor: RefObject<string | undefined>;
  readonly focus: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus: (event: FocusEvent) => void;
  readonly onBlur: (event: FocusEvent) => void;
  readonly onDoubleClick: (event: MouseEvent) => void;
}

const controls = 'a[href], button:not([disabled]), input';

export function useTableKeys<T>(options: Options<T>): TableKeys {
  const { items, body, selection, onSelection } = options;
  const [wanted, setWanted] = useState<{ readonly key: string; readonly index: number }>();
  const anchor = useRef<string>(undefined);
  const hasFocus = useRef(false);
  /** The line is not drawn yet: it gets the focus when it is. */
  const focusDue = useRef(false);

  const found = wanted === undefined ? -1 : items.findIndex((item) => item.key === wanted.key);
  // A line that went leaves the tab stop to the one in its place.
  const at = found >= 0 ? found : step(items, Math.min(wanted?.index ?? 0, items.length - 1), 0);
  const active = items[at]?.key;

  const lineOf = useCallback(
    (key: string | undefined): HTMLElement | null =>
      key === undefined ? null : (body.current?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(key)}"]`) ?? null),
    [body],
  );

  useLayoutEffect(() => {
    const line = lineOf(active);
    // A row that was removed with the focus on it leaves it to the next one.
    const lost = hasFocus.current && document.activeElement === document.body;
    if (line !== null && (focusDue.current || lost)) {
      focusDue.current = false;
      line.focus({ preventScroll: true });
    }
  });

  const go = (to: number): void => {
    const item = items[to];
    if (item === undefined) {
      return;
    }
    setWanted({ key: item.key, index: to });
    focusDue.current = true;
    options.scrollTo(to);
    lineOf(item.key)?.focus({ preventScroll: true });
  };

  const move = (by: number, extending: boolean): void => {
    const to = step(items, at, by);
    if (extending) {
      anchor.current ??= active;
      const from = items.findIndex((item) => item.key === anchor.current);
      onSelection(extend(selection, items, from < 0 ? at : from, to));
    } else {
      anchor.current = undefined;
    }
    go(to);
  };

  /** Left and right among the line and its controls. */
  const sideways = (line: HTMLElement, direction: 1 | -1): void => {
    const stops = [line, ...line.querySelectorAll<HTMLElement>(controls)];
    const now = stops.indexOf(document.activeElement as HTMLElement);
    stops[Math.min(stops.length - 1, Math.max(0, now + direction))]?.focus();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const line = target.closest<HTMLElement>('tr[data-key]');
    const item = items[at];
    if (line === null || item === undefined || event.defaultPrevented || event.altKey) {
      return;
    }
    if (handle(event, item, line, target !== line)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  const handle = (event: KeyboardEvent, item: TableItem<T>, line: HTMLElement, onControl: boolean): boolean => {
    const command = event.ctrlKey || event.metaKey;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        move(event.key === 'ArrowDown' ? 1 : -1, event.shiftKey);
        return true;
      case 'PageDown':
      case 'PageUp':
        move(options.page() * (event.key === 'PageDown' ? 1 : -1), event.shiftKey);
        return true;
      case 'Home':
      case 'End':
        move(event.key === 'Home' ? -items.length : items.length, event.shiftKey);
        return true;
      case 'ArrowRight':
      case 'ArrowLeft': {
        const right = event.key === 'ArrowRight';
        if (item.kind === 'group' && !onControl && item.collapsed === right) {
          options.onToggleGroup(item.group.id);
        } else {
          sideways(line, right ? 1 : -1);
        }
        return true;
      }
      case 'Escape':
        if (onControl) {
          line.focus();
          return true;
        }
        if (selection.size > 0) {
          onSelection(new Set());
          return true;
        }
        return false;
      case ' ':
        if (onControl) {
          return false;
        }
        anchor.current = item.key;
        onSelection(toggle(selection, idsOf(item)));
        return true;
      case 'Enter':
        if (onControl) {
          return false;
        }
        if (item.kind === 'row') {
          options.onOpen(item.row);
        } else if (item.kind === 'group') {
          options.onToggleGroup(item.group.id);
        }
        return true;
      case 'a':
        if (command && !event.shiftKey) {
          onSelection(
            toggle(
              selection,
              items.flatMap((other) => (other.kind === 'row' ? [other.key] : [])),
              true,
            ),
          );
          return true;
        }
        break;
    }
    return item.kind === 'row' && !command && (options.onKey?.(item.row, event) ?? false);
  };

  const idsOf = (item: TableItem<T>): readonly string[] => (item.kind === 'group' ? item.group.rowIds : [item.key]);

  return {
    active,
    activeIndex: at,
    anchor,
    focus: () => {
      go(at);
    },
    onKeyDown,
    onFocus: (event) => {
      hasFocus.current = true;
      const key = event.target.closest<HTMLElement>('tr[data-key]')?.dataset['key'];
      if (key !== undefined && key !== wanted?.key) {
        setWanted({ key, index: items.findIndex((item) => item.key === key) });
      }
    },
    onBlur: (event) => {
      hasFocus.current = body.current?.contains(event.relatedTarget) ?? false;
    },
    onDoubleClick: (event) => {
      const target = event.target as Element;
      const item = items.find((other) => other.key === target.closest<HTMLElement>('tr[data-key]')?.dataset['key']);
      if (item?.kind === 'row' && !target.closest(controls)) {
        options.onOpen(item.row);
      }
    },
  };
}
