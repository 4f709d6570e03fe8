// Reordering by pointer and by key: the grip's drag with its place between the rows, Alt-arrows anywhere in a row, and a grab mode
// (Space, arrows, Space or Esc) that says each step aloud. Knows rows and their places, not what a mirror is.
import { useCallback, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent, RefObject } from 'react';

/** The dragged row: its place now and after the drop, how far the pointer has moved it, and its height, by which the others make room. */
export interface Drop {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly shift: number;
  readonly height: number;
}

export interface Sorting {
  readonly drop: Drop | undefined;
  readonly grabbed: string | undefined;
  /** For a live region. */
  readonly said: string;
  readonly grip: (key: string) => {
    readonly onPointerDown: (event: PointerEvent<HTMLButtonElement>) => void;
    readonly onPointerMove: (event: PointerEvent<HTMLButtonElement>) => void;
    readonly onPointerUp: () => void;
    readonly onPointerCancel: () => void;
    readonly onKeyDown: (event: KeyboardEvent) => void;
    readonly onBlur: () => void;
  };
  readonly row: (key: string) => { readonly onKeyDown: (event: KeyboardEvent) => void };
}

export type SortWord = 'grabbed' | 'moved' | 'dropped' | 'returned';

interface SortingOptions {
  /** Its rows carry their keys as `data-sort`; its parent scrolls. */
  readonly list: RefObject<HTMLElement | null>;
  readonly keys: readonly string[];
  readonly onMove: (key: string, to: number) => void;
  readonly say: (word: SortWord, key: string, place: number) => string;
}

const EDGE_PX = 40;

export function useSorting({ list, keys, onMove, say }: SortingOptions): Sorting {
  const [drop, setDrop] = useState<Sorting['drop']>();
  const [grabbed, setGrabbed] = useState<{ readonly key: string; readonly from: number }>();
  const [said, setSaid] = useState('');
  /** Of the pointer in the scrolled content. */
  const start = useRef(0);

  const step = useCallback(
    (key: string, by: number) => {
      const to = Math.max(0, Math.min(keys.length - 1, keys.indexOf(key) + by));
      onMove(key, to);
      setSaid(say('moved', key, to));
    },
    [keys, onMove, say],
  );

  const rows = (): readonly HTMLElement[] => [...(list.current?.querySelectorAll<HTMLElement>('[data-sort]') ?? [])];
  const inContent = (y: number): number => {
    const box = list.current?.parentElement;
    return box === null || box === undefined ? y : y - box.getBoundingClientRect().top + box.scrollTop;
  };
  /** How many other rows lie above the pointer: the place afterwards. By where they lie at rest, as they move out of the way. */
  const placeAt = (key: string, y: number): number =>
    rows().filter((row) => row.dataset['sort'] !== key && y > row.offsetTop + row.offsetHeight / 2).length;

  const scrollAt = (y: number): void => {
    const box = list.current?.parentElement;
    const rect = box?.getBoundingClientRect();
    if (rect !== undefined) {
      box?.scrollBy({ top: y < rect.top + EDGE_PX ? -EDGE_PX / 2 : y > rect.bottom - EDGE_PX ? EDGE_PX / 2 : 0 });
    }
  };

  const finish = (commit: boolean): void => {
    setDrop(undefined);
    if (commit && drop !== undefined && drop.to !== drop.from) {
      onMove(drop.key, drop.to);
      setSaid(say('dropped', drop.key, drop.to));
    }
  };

  const release = (back: boolean): void => {
    if (grabbed !== undefined) {
      setGrabbed(undefined);
      if (back) {
        onMove(grabbed.key, grabbed.from);
      }
      setSaid(back ? say('returned', grabbed.key, grabbed.from) : say('dropped', grabbed.key, keys.indexOf(grabbed.key)));
    }
  };

  return {
    drop,
    grabbed: grabbed?.key,
    said,
    grip: (key) => ({
      onPointerDown: (event) => {
        if (event.button === 0) {
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = inContent(event.clientY);
          const place = keys.indexOf(key);
          setDrop({ key, from: place, to: place, shift: 0, height: rows()[place]?.offsetHeight ?? 0 });
        }
      },
      onPointerMove: (event) => {
        if (drop !== undefined) {
          scrollAt(event.clientY);
          const y = inContent(event.clientY);
          setDrop({ ...drop, to: placeAt(key, y), shift: y - start.current });
        }
      },
      onPointerUp: () => finish(true),
      onPointerCancel: () => finish(false),
      onKeyDown: (event) => {
        const held = grabbed?.key === key;
        const by = event.altKey ? 0 : event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
        if (event.key === ' ' || event.key === 'Enter') {
          event.preventDefault();
          if (held) {
            release(false);
          } else {
            setGrabbed({ key, from: keys.indexOf(key) });
            setSaid(say('grabbed', key, keys.indexOf(key)));
          }
        } else if (held && by !== 0) {
          event.preventDefault();
          step(key, by);
        } else if (event.key === 'Escape' && (held || drop !== undefined)) {
          event.preventDefault();
          event.stopPropagation();
          finish(false);
          release(true);
        }
      },
      onBlur: () => release(false),
    }),
    row: (key) => ({
      onKeyDown: (event) => {
        if (event.altKey && !event.ctrlKey && !event.metaKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
          event.preventDefault();
          step(key, event.key === 'ArrowUp' ? -1 : 1);
        }
      },
    }),
  };
}

/** Where a row stands while another one is dragged: the place that it would have, and how far it moves for that. */
export function during(drop: Drop | undefined, place: number): { readonly place: number; readonly shift: number } {
  if (drop === undefined) {
    return { place, shift: 0 };
  }
  const { from, to, shift, height } = drop;
  if (place === from) {
    return { place: to, shift };
  }
  const by = from < place && place <= to ? -1 : to <= place && place < from ? 1 : 0;
  return { place: place + by, shift: by * height };
}
