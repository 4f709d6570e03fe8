// What the window's shell needs of a backend, whether it is this process's own or another one that it is attached to.
import type { Client } from '../../preload/contract';
import type { Transport } from '../../preload/rpc/transport';

export interface Backend {
  /** The shell's own end: tray, menu, language, quitting. */
  readonly client: Client;
  /** Another process owns the home; this one relays its page's frames. */
  readonly attached: boolean;
  /** Answers one page until its transport closes. */
  connect(page: Transport): void;
  /** Lets go of everything. The VM is stopped before by `app.stop`; one that still runs is left to the next backend. */
  dispose(): Promise<void>;
}

/** What only this shell can do, handed to the backend. */
export interface DesktopHost {
  /** Throws `rpc.unavailableHere` for an address that may not leave the window. */
  openExternal(url: string): Promise<void>;
  readonly locale: string;
}

export type OpenBackend = (host: DesktopHost) => Promise<Backend>;
