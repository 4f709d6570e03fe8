// One terminal on one session of the backend: xterm.js fed with backpressure, its keys sent back, its size kept equal.
// Knows nothing of containers. OSC 52 (writing the clipboard) is not loaded, and a link opens only on Ctrl-click and only http or https.
import { useEffect, useEffectEvent, useImperativeHandle, useRef } from 'react';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { onThemeChange } from './on-theme-change';
import styles from './terminal-view.module.css';
import type { ITheme } from '@xterm/xterm';
import type { Ref } from 'react';
import type { Client } from '../../preload/contract';

export interface TerminalHandle {
  focus(): void;
  find(text: string, direction: 1 | -1): boolean;
}

export interface TerminalViewProps {
  readonly client: Client;
  readonly session: string;
  /** Another value: attach anew, after the stream broke. */
  readonly attempt: unknown;
  /** Attached to what ran before: the replay must not answer the questions that programs asked then. */
  readonly replayed: boolean;
  readonly label: string;
  readonly ref?: Ref<TerminalHandle>;
  readonly onSize?: (cols: number, rows: number) => void;
  /** The process ended; or the stream broke, with the error. */
  readonly onEnded: (error?: unknown) => void;
  readonly onLink?: (url: string) => void;
  /** Ctrl-Shift-X: the way out for the keyboard, since Tab belongs to the shell. */
  readonly onLeave?: () => void;
}

const inputPiece = 65_536;
/** Nothing tells where the replay ends and life begins; by then it is drawn, and nobody has typed yet. */
const replayQuietMs = 400;

function readTheme(element: Element): ITheme {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(`--b-term-${name}`).trim();
  return {
    background: token('bg'),
    foreground: token('text'),
    cursor: token('text'),
    cursorAccent: token('bg'),
    selectionBackground: token('line'),
    black: token('line'),
    brightBlack: token('dim'),
    red: token('red'),
    brightRed: token('red'),
    green: token('green'),
    brightGreen: token('green'),
    yellow: token('yellow'),
    brightYellow: token('yellow'),
    blue: token('blue'),
    brightBlue: token('blue'),
    magenta: style.getPropertyValue('--b-s6').trim(),
    cyan: token('cyan'),
    brightCyan: token('cyan'),
    white: token('text'),
    brightWhite: '#ffffff',
  };
}

/** What a page on the clipboard must not smuggle in: keys, ends of a bracketed paste, control characters. */
export function safePaste(text: string): string {
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, '');
}

export function linkOf(text: string): string | undefined {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

export function TerminalView(props: TerminalViewProps) {
  const { client, session, attempt, ref } = props;
  const attached = useRef<string>(undefined);
  const container = useRef<HTMLDivElement>(null);
  const handle = useRef<TerminalHandle>(undefined);
  useImperativeHandle(
    ref,
    () => ({
      focus: () => handle.current?.focus(),
      find: (text, direction) => handle.current?.find(text, direction) ?? false,
    }),
    [],
  );
  const onSize = useEffectEvent((cols: number, rows: number) => props.onSize?.(cols, rows));
  const onEnded = useEffectEvent((error?: unknown) => {
    props.onEnded(error);
  });
  const onLink = useEffectEvent((url: string) => props.onLink?.(url));
  const atMount = useEffectEvent(() => ({ replayed: props.replayed, label: props.label }));
  const onLeave = useEffectEvent(() => props.onLeave?.());

  useEffect(() => {
    const element = container.current;
    if (!element) {
      return undefined;
    }
    const { replayed: seenBefore, label } = atMount();
    const replayed = seenBefore || attached.current === session;
    attached.current = session;
    const abort = new AbortController();
    const style = getComputedStyle(element);
    const terminal = new Terminal({
      fontFamily: style.getPropertyValue('--b-mono').trim(),
      fontSize: 13,
      lineHeight: 1.25,
      scrollback: 5000,
      cursorBlink: false,
      theme: readTheme(element),
      linkHandler: {
        activate: (event, text) => {
          const url = linkOf(text);
          if (url !== undefined && (event.ctrlKey || event.metaKey)) {
            onLink(url);
          }
        },
        hover: (_event, text) => {
          element.title = linkOf(text) ?? '';
        },
        leave: () => {
          element.title = '';
        },
      },
    });
    const fit = new FitAddon();
    const search = new SearchAddon();
    terminal.loadAddon(fit);
    terminal.loadAddon(search);
    terminal.open(element);
    if (terminal.textarea) {
      terminal.textarea.ariaLabel = label;
    }
    handle.current = {
      focus: () => {
        terminal.focus();
      },
      find: (text, direction) => (direction === 1 ? search.findNext(text) : search.findPrevious(text)),
    };

    let muted = replayed;
    const send = (data: string): void => {
      if (muted) {
        return;
      }
      // Not awaited: frames keep their order, and Ctrl-C must not wait for an answer.
      for (let at = 0; at < data.length; at += inputPiece) {
        client.call('terminal.input', { session, data: data.slice(at, at + inputPiece) }).catch(() => undefined);
      }
    };
    terminal.onData(send);
    terminal.onResize(({ cols, rows }) => {
      onSize(cols, rows);
      client.call('terminal.resize', { session, cols, rows }).catch(() => undefined);
    });

    terminal.attachCustomKeyEventHandler((event) => {
      const chord = event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
      if (!chord) {
        return true;
      }
      if (event.code === 'KeyC') {
        event.preventDefault();
        // xterm's own copy handler fills the clipboard from its selection; no permission is asked for, which the newer API would.
        if (event.type === 'keydown' && terminal.hasSelection()) {
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else runs a page's copy handlers
          document.execCommand('copy');
        }
        return false;
      }
      if (event.code === 'KeyX') {
        event.preventDefault();
        if (event.type === 'keydown') {
          onLeave();
        }
        return false;
      }
      // The browser's own paste follows, and comes in through the event below.
      return event.code !== 'KeyV';
    });
    const onPaste = (event: ClipboardEvent): void => {
      event.preventDefault();
      event.stopPropagation();
      terminal.paste(safePaste(event.clipboardData?.getData('text/plain') ?? ''));
    };
    element.addEventListener('paste', onPaste, { capture: true, signal: abort.signal });

    let due = 0;
    const resize = (): void => {
      cancelAnimationFrame(due);
      due = requestAnimationFrame(() => {
        if (element.clientWidth > 40 && element.clientHeight > 40) {
          fit.fit();
        }
      });
    };
    const sizes = new ResizeObserver(resize);
    sizes.observe(element);
    fit.fit();
    onSize(terminal.cols, terminal.rows);
    client.call('terminal.resize', { session, cols: terminal.cols, rows: terminal.rows }).catch(() => undefined);
    const endThemes = onThemeChange(() => {
      terminal.options.theme = readTheme(element);
    });

    const consume = async (): Promise<void> => {
      for await (const bytes of client.stream('terminal.output', { session }, { signal: abort.signal })) {
        // Credit goes back when xterm has drawn it: a flood waits in the container, not here.
        await new Promise<void>((resolve) => {
          terminal.write(bytes, resolve);
        });
      }
    };
    const quiet = setTimeout(() => {
      muted = false;
    }, replayQuietMs);
    consume().then(
      () => {
        if (!abort.signal.aborted) {
          onEnded();
        }
      },
      (error: unknown) => {
        if (!abort.signal.aborted) {
          onEnded(error);
        }
      },
    );
    terminal.focus();

    return () => {
      abort.abort();
      clearTimeout(quiet);
      cancelAnimationFrame(due);
      sizes.disconnect();
      endThemes();
      handle.current = undefined;
      terminal.dispose();
    };
  }, [client, session, attempt]);

  return <div ref={container} className={styles.terminal} />;
}
