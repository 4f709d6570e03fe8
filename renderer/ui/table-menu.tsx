// One menu for all rows of a table, hung on the button that opened it: a menu in each row would cost more than the row.
import { Menu } from '@mantine/core';
import { useCallback, useState } from 'react';
import type { ReactNode } from 'react';

export interface OpenRowMenu<T> {
  readonly row: T;
  readonly anchor: HTMLElement;
}

export interface RowMenu<T> {
  readonly opened: OpenRowMenu<T> | undefined;
  readonly open: (row: T, anchor: HTMLElement) => void;
  readonly close: () => void;
}

export function useRowMenu<T>(): RowMenu<T> {
  const [opened, setOpened] = useState<OpenRowMenu<T>>();
  const open = useCallback((row: T, anchor: HTMLElement) => {
    setOpened((old) => (old?.anchor === anchor ? undefined : { row, anchor }));
  }, []);
  const close = useCallback(() => {
    setOpened((old) => {
      // The row may be gone by now: then the focus goes nowhere.
      old?.anchor.focus();
      return undefined;
    });
  }, []);
  return { opened, open, close };
}

interface RowMenuViewProps<T> {
  readonly menu: RowMenu<T>;
  readonly items: (row: T) => ReactNode;
}

export function RowMenuView<T>({ menu: { opened, close }, items }: RowMenuViewProps<T>): ReactNode {
  if (opened === undefined) {
    return null;
  }
  const rect = opened.anchor.getBoundingClientRect();
  return (
    <Menu
      key={`${String(rect.top)}:${String(rect.left)}`}
      opened
      onChange={(open) => {
        if (!open) {
          close();
        }
      }}
      position="bottom-end"
      returnFocus={false}
      clickOutsideEvents={['pointerdown']}
    >
      <Menu.Target>
        <span
          style={{ position: 'fixed', top: rect.top, left: rect.left, width: rect.width, height: rect.height, pointerEvents: 'none' }}
        />
      </Menu.Target>
      <Menu.Dropdown>{items(opened.row)}</Menu.Dropdown>
    </Menu>
  );
}
