// Shows a log buffer: only the lines in sight exist as elements, each one text nodes. Follows the end until someone scrolls up.
// Knows nothing of where lines come from; the texts around it belong to the feature.
import { memo, useEffect, useEffectEvent, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { IconArrowDown } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { levelSpan, spansOf } from './log-view-text';
import styles from './log-view.module.css';
import type { KeyboardEvent, PointerEvent, ReactNode, RefObject, WheelEvent } from 'react';
import type { LogBuffer, LogLine, LogSnapshot } from './log-view-buffer';

const lineHeight = 20;
const overscan = 12;
/** More than any window shows. */
const tailLines = 150;
/** A longer line is cut on the screen only; download and copy of the file have all of it. */
const shownCharacters = 4000;

export interface LogViewProps {
  readonly buffer: LogBuffer;
  readonly label: string;
  readonly timestamps: boolean;
  readonly wrap: boolean;
  readonly pattern: RegExp | undefined;
  /** The match that was stepped to. */
  readonly current: number | undefined;
  readonly following: boolean;
  readonly onFollowing: (following: boolean) => void;
  /** Words of the pill while not following. */
  readonly pill: ReactNode;
}

export function useLogSnapshot(buffer: LogBuffer): LogSnapshot {
  return useSyncExternalStore(buffer.subscribe, buffer.snapshot);
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

function shortTime(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : `${clock.format(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

interface LineProps {
  readonly line: LogLine;
  readonly timestamps: boolean;
  readonly pattern: RegExp | undefined;
  readonly current: boolean;
}

/** Cuts the text at the borders of matches and of the level's word; never builds HTML. */
function pieces(line: LogLine, pattern: RegExp | undefined): readonly ReactNode[] {
  const text = line.text.length > shownCharacters ? line.text.slice(0, shownCharacters) : line.text;
  const level = line.level === 'none' || line.level === 'mark' ? undefined : levelSpan(text);
  const hits = pattern ? spansOf(pattern, text) : [];
  const nodes: ReactNode[] = [];
  let at = 0;
  const plain = (to: number): void => {
    if (level && level.from >= at && level.to <= to) {
      if (level.from > at) {
        nodes.push(text.slice(at, level.from));
      }
      nodes.push(
        <b key={`l${String(level.from)}`} className={line.level === 'error' ? styles.error : styles.warn}>
          {text.slice(level.from, level.to)}
        </b>,
      );
      at = level.to;
    }
    if (to > at) {
      nodes.push(text.slice(at, to));
    }
    at = to;
  };
  for (const hit of hits) {
    plain(hit.from);
    nodes.push(<mark key={hit.from}>{text.slice(hit.from, hit.to)}</mark>);
    at = hit.to;
  }
  plain(text.length);
  if (text.length < line.text.length) {
    nodes.push(<span key="more" className={styles.more}>{` … +${String(line.text.length - text.length)}`}</span>);
  }
  return nodes;
}

const Line = memo(function Line({ line, timestamps, pattern, current }: LineProps) {
  if (line.level === 'mark') {
    return (
      <div className={styles.mark} data-mark>
        <span>{line.text}</span>
      </div>
    );
  }
  return (
    <div
      className={styles.line}
      data-seq={line.seq}
      data-stream={line.stream}
      data-level={line.level}
      data-time={timestamps || undefined}
      data-current={current || undefined}
    >
      {timestamps && (
        <span className={styles.time} title={line.time}>
          {shortTime(line.time)}
        </span>
      )}
      <i className={styles.bar} />
      <span className={styles.source}>{line.stream === 'e' ? 'err' : 'out'}</span>
      <span>{pieces(line, pattern)}</span>
    </div>
  );
});

interface LinesProps extends LogViewProps {
  readonly state: LogSnapshot;
  readonly scroll: RefObject<HTMLDivElement | null>;
}

/** Every line 20 px high: the window is a division, so 100,000 lines cost as much as 40. */
function FixedLines({ buffer, state, scroll, timestamps, pattern, current, following }: LinesProps) {
  const [window_, setWindow] = useState({ from: 0, to: 60 });
  // Not in the layout phase: the scroller is the parent, and its ref comes after the effects of its children.
  useEffect(() => {
    const element = scroll.current;
    if (!element) {
      return undefined;
    }
    const update = (): void => {
      const from = Math.max(0, Math.floor(element.scrollTop / lineHeight) - overscan);
      const to = from + Math.ceil(element.clientHeight / lineHeight) + 2 * overscan;
      setWindow((old) => (old.from === from && old.to === to ? old : { from, to }));
    };
    update();
    const observer = new ResizeObserver(update);
    observer.observe(element);
    element.addEventListener('scroll', update, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', update);
    };
  }, [scroll]);
  useEffect(() => {
    const element = scroll.current;
    if (!element || current === undefined) {
      return;
    }
    const top = (current - buffer.snapshot().first) * lineHeight;
    if (top < element.scrollTop || top > element.scrollTop + element.clientHeight - 2 * lineHeight) {
      element.scrollTo({ top: top - element.clientHeight / 2 });
    }
  }, [buffer, current, scroll]);

  // While following, the window is the end, whatever the last scroll event said: no frame shows a gap.
  const size = window_.to - window_.from;
  const from = following ? Math.max(0, state.count - size) : Math.max(0, Math.min(window_.from, state.count - 1));
  const to = Math.min(state.count, from + size);
  const lines: ReactNode[] = [];
  for (let index = from; index < to; index += 1) {
    const line = buffer.line(state.first + index);
    if (line) {
      lines.push(<Line key={line.seq} line={line} timestamps={timestamps} pattern={pattern} current={line.seq === current} />);
    }
  }
  return (
    <div className={styles.lines} style={{ height: state.count * lineHeight }}>
      <div className={styles.window} style={{ transform: `translateY(${String(from * lineHeight)}px)` }}>
        {lines}
      </div>
    </div>
  );
}

/** How many characters of the log's font fit beside its columns, whose widths are those of .line in log-view.module.css. */
function columnsOf(element: HTMLElement, timestamps: boolean): number {
  const pen = document.createElement('canvas').getContext('2d');
  if (!pen) {
    return Infinity;
  }
  pen.font = getComputedStyle(element).font;
  return Math.max(1, (element.clientWidth - (timestamps ? 190 : 89)) / pen.measureText('0').width);
}

function VirtualLines({ buffer, state, scroll, timestamps, pattern, current }: LinesProps) {
  const columns = useRef<number>(undefined);
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler memoises here, and what it returns is used in place
  const virtual = useVirtualizer({
    count: state.count,
    getScrollElement: () => scroll.current,
    // With one row each, the lines above would grow under the hand that scrolls up to them.
    estimateSize: (index) => {
      columns.current ??= scroll.current ? columnsOf(scroll.current, timestamps) : Infinity;
      const length = Math.min(buffer.line(state.first + index)?.text.length ?? 0, shownCharacters);
      return lineHeight * Math.max(1, Math.ceil(length / columns.current));
    },
    getItemKey: (index) => state.first + index,
    overscan,
  });
  useEffect(() => {
    if (current !== undefined) {
      virtual.scrollToIndex(current - buffer.snapshot().first, { align: 'center' });
    }
  }, [buffer, current, virtual]);
  // Taken over from the tail, whose end this one begins at.
  const start = useEffectEvent(() => {
    virtual.scrollToIndex(current === undefined ? state.count - 1 : current - state.first, {
      align: current === undefined ? 'end' : 'center',
    });
  });
  useEffect(() => {
    start();
  }, []);
  return (
    <div className={styles.lines} data-wrap style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map((item) => {
        const line = buffer.line(state.first + item.index);
        return (
          line && (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className={styles.window}
              style={{ transform: `translateY(${String(item.start)}px)` }}
            >
              <Line line={line} timestamps={timestamps} pattern={pattern} current={line.seq === current} />
            </div>
          )
        );
      })}
    </div>
  );
}

/** While following only the end is in sight: it is drawn as it is, since heights are not known before. */
function TailLines({ buffer, state, scroll, timestamps, pattern, current }: LinesProps) {
  useLayoutEffect(() => {
    scroll.current?.scrollTo({ top: scroll.current.scrollHeight });
  });
  const lines: ReactNode[] = [];
  for (let seq = state.first + Math.max(0, state.count - tailLines); seq < state.first + state.count; seq += 1) {
    const line = buffer.line(seq);
    if (line) {
      lines.push(<Line key={seq} line={line} timestamps={timestamps} pattern={pattern} current={seq === current} />);
    }
  }
  return (
    <div className={styles.lines} data-wrap>
      {lines}
    </div>
  );
}

function WrappedLines(props: LinesProps) {
  return props.following ? <TailLines {...props} /> : <VirtualLines {...props} />;
}

/** Errors, warnings and matches over the whole length, beside the scrollbar; twice a second is enough for it. */
function OverviewStrip({ buffer, state }: { readonly buffer: LogBuffer; readonly state: LogSnapshot }) {
  const slots = 120;
  const [marks, setMarks] = useState<ReturnType<LogBuffer['overview']>>([]);
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    due.current ??= setTimeout(
      () => {
        due.current = undefined;
        setMarks(buffer.overview(slots));
      },
      marks.length === 0 ? 0 : 500,
    );
  }, [buffer, state.version, marks.length]);
  useEffect(
    () => () => {
      clearTimeout(due.current);
      due.current = undefined;
    },
    [],
  );
  return (
    <div className={styles.strip} aria-hidden="true">
      {marks.map(
        (mark, slot) =>
          (mark.hit || mark.level !== 'none') && (
            <i key={slot} data-level={mark.level} data-hit={mark.hit || undefined} style={{ top: `${String((slot / slots) * 100)}%` }} />
          ),
      )}
    </div>
  );
}

const leaving = new Set(['ArrowUp', 'PageUp', 'Home']);

export function LogView(props: LogViewProps) {
  const { buffer, label, wrap, following, onFollowing, pill } = props;
  const state = useLogSnapshot(buffer);
  const scroll = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const element = scroll.current;
    if (element && following) {
      element.scrollTop = element.scrollHeight;
    }
  });
  useEffect(() => {
    buffer.hold(!following);
  }, [buffer, following]);

  const distance = (element: HTMLElement): number => element.scrollHeight - element.scrollTop - element.clientHeight;
  // Only a hand stops the following or takes it up: the bar dragged, a finger, the wheel, a key. Heights that change scroll too.
  const dragging = useRef(false);
  const goingDown = useRef(false);
  const onScroll = (): void => {
    const element = scroll.current;
    if (!element) {
      return;
    }
    if (following && dragging.current && distance(element) > 3 * lineHeight) {
      onFollowing(false);
    } else if (!following && (dragging.current || goingDown.current) && distance(element) < 2) {
      onFollowing(true);
    }
  };
  const onPointer = (event: PointerEvent): void => {
    // Chromium tells of a press on the scrollbar, and not of its release.
    dragging.current = event.buttons !== 0 && (event.pointerType === 'touch' || event.target === scroll.current || dragging.current);
  };
  // A slow, smooth scroll must win against the next line's jump to the end.
  const onWheel = (event: WheelEvent): void => {
    const element = scroll.current;
    goingDown.current = event.deltaY > 0;
    if (event.deltaY < 0 && element && element.scrollHeight > element.clientHeight) {
      onFollowing(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    goingDown.current = event.key === 'ArrowDown' || event.key === 'PageDown' || event.key === ' ';
    if (leaving.has(event.key)) {
      onFollowing(false);
    }
    if (event.key === 'End') {
      onFollowing(true);
    }
  };
  // Selecting text: it must not move away under the mouse.
  const onMouseUp = (): void => {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && scroll.current?.contains(selection.anchorNode)) {
      onFollowing(false);
    }
  };

  const Lines = wrap ? WrappedLines : FixedLines;
  return (
    <div className={styles.log}>
      {/* A region and not role="log": lines are never read out as they come. */}
      <div
        ref={scroll}
        className={styles.scroll}
        role="region"
        aria-label={label}
        tabIndex={0}
        onScroll={onScroll}
        onWheel={onWheel}
        onPointerDown={onPointer}
        onPointerMove={onPointer}
        onPointerUp={onPointer}
        onKeyDown={onKeyDown}
        onMouseUp={onMouseUp}
      >
        <Lines {...props} state={state} scroll={scroll} />
      </div>
      <OverviewStrip buffer={buffer} state={state} />
      {!following && (
        <button
          type="button"
          className={styles.pill}
          onClick={() => {
            onFollowing(true);
          }}
        >
          <IconArrowDown size={14} stroke={1.7} aria-hidden="true" />
          {pill}
        </button>
      )}
    </div>
  );
}
