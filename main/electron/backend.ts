// What the window's shell needs of a backend, whether it is this process's own or another one that it is attached to (main/shell.ts).
import type { Client } from '../../preload/contract';
import type { Transport } from '../../preload/rpc/transport';

export interface Backend {
  /** The shell's own end: tray, menu, language, quitting. */
  readonly client: Client;
  /** Answers one page until its transport closes. */
  connect(page: Transport): void;
  /** keepVm: false after an orderly stop; true leaves what still runs to the next backend. */
  dispose(options: { readonly keepVm: boolean }): Promise<void>;
}

/** What only this shell can do, handed to the backend. */
export interface DesktopHost {
  /** Throws `rpc.unavailableHere` for an address that may not leave the window. */
  readonly openExternal: (url: string) => Promise<void>;
  /** For `berth open`. */
  showWindow(): void;
  readonly locale: string;
  /** False when it takes the place of one that went away: its VM is adopted, not started. */
  readonly first: boolean;
}

export type OpenBackend = (host: DesktopHost) => Promise<Backend>;
