// Terminal sessions as handlers of terminal.*; see process.ts of main/lib for what is behind them.
// Knows nothing of Docker or node-pty: both are handed to it as ways to open a TerminalProcess.
import type { BackendHandlers } from '../../preload/contract';
import type { OpenedTerminal, TerminalSize } from '../lib/terminal-process';

export interface TerminalDeps {
  openExec(request: TerminalSize & { readonly container: string; readonly shell: string; readonly user: string }): Promise<OpenedTerminal>;
  /** Missing where the shell offers no terminal of the host. */
  openHost?: (size: TerminalSize) => Promise<OpenedTerminal>;
}

export interface Terminals {
  readonly handlers: Pick<BackendHandlers, Extract<keyof BackendHandlers, `terminal.${string}`>>;
  dispose(): Promise<void>;
}

export function createTerminals(_deps: TerminalDeps): Terminals {
  throw new Error('not yet');
}
