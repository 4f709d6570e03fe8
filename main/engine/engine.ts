// The engine as the rest of the backend sees it: its state, its changes and the handlers of engine.*, containers.* and images.*.
// Is handed a Dialer; knows nothing of SSH, of the VM or of windows.
import type { BackendHandlers, EngineChange, EngineCounts, ContainerSummary, ImageSummary, WireError } from '../../preload/contract';
import type { Dialer } from '../lib/dialer';
import type { Observable } from '../lib/observable';
import type { OpenedTerminal, TerminalSize } from '../lib/terminal-process';
import type { Tasks } from '../tasks';

/** pino's loggers fit. */
export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface EngineDeps {
  readonly dialer: Dialer;
  readonly log: EngineLog;
  /** True while the VM is running. */
  readonly available: Observable<boolean>;
  readonly tasks: Tasks;
  /** What failed after its call had already answered, e.g. a container that exited seconds after its start. */
  readonly notify?: (error: WireError) => void;
  /** Before a start or restart goes through; a rejection refuses it (binds the host's ports). */
  readonly beforeStart?: (id: string) => Promise<void>;
}

export interface EngineState {
  readonly connected: boolean;
  /** Milliseconds since the epoch of the last answer. */
  readonly at: number;
  readonly containers: ReadonlyMap<string, ContainerSummary>;
  readonly images: ReadonlyMap<string, ImageSummary>;
  readonly counts: EngineCounts;
}

export interface ExecRequest extends TerminalSize {
  readonly container: string;
  /** A path or name, or "auto": the first of bash, ash, sh. */
  readonly shell: string;
  readonly user: string;
}

export type EngineHandlerNames = Extract<keyof BackendHandlers, `engine.${string}` | `containers.${string}` | `images.${string}`>;

export interface Engine {
  readonly state: Observable<EngineState>;
  readonly containers: Observable<readonly ContainerSummary[]>;
  changes(signal: AbortSignal): AsyncGenerator<EngineChange>;
  /** dockerd's answer, unaltered. */
  inspect(id: string): Promise<unknown>;
  openExec(request: ExecRequest): Promise<OpenedTerminal>;
  /** Resolves when the first whole list since `available` is in the state. */
  settle(): Promise<void>;
  /** Closes the events stream until `available` turns true again: an open one delays dockerd's stop by 5 s. */
  pauseEvents(): void;
  readonly handlers: Pick<BackendHandlers, EngineHandlerNames>;
  dispose(): void;
}

export function createEngine(_deps: EngineDeps): Engine {
  throw new Error('not yet');
}
