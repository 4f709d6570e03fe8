// The engine's configuration as a transaction, as the rest of the backend uses it. The host's document is the truth; the guest's file is written from it.
// Is handed a way into the guest and the engine's answers; knows no VM, no window and nothing of mirrors or certificates.
import type { BackendHandlers, BerthError, ConfigOrigin, ConfigState, Notice } from '../../preload/contract';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { StartedTask, TaskRunner } from '../lib/task-runner';

/** A parsed daemon.json. */
export type DaemonDocument = Readonly<Record<string, unknown>>;

/** The guest as this module needs it; app.ts makes it of the VM. */
export interface ConfigGuest {
  /** True while dockerd can be asked. */
  readonly available: Observable<boolean>;
  /** Another value each time that dockerd answers anew in a guest that runs, whoever started it; undefined while it does not. */
  readonly engine: Observable<object | undefined>;
  /** What is at /run/berth/daemon.json. */
  read(): Promise<string>;
  /** `dockerd --validate` on a candidate; `words` is what it printed. */
  validate(text: string, signal: AbortSignal): Promise<{ readonly ok: boolean; readonly words: string }>;
  /** Writes the file (temporary name, fsync, rename). */
  write(text: string): Promise<void>;
  /** Writes the same text again, then SIGHUP to dockerd; resolves with what its event says is in force, or undefined where dockerd ended instead. */
  reload(text: string, signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined>;
  /** Writes the same text again, then stops and starts dockerd only; resolves when the process is new, which does not mean that it answers. */
  restart(text: string): Promise<void>;
  /** The last lines of dockerd's log. */
  tail(lines: number): Promise<readonly string[]>;
  /** Resolves when dockerd answers; rejects after a deadline, or when dockerd ended by itself after `restart`, or was killed twice. */
  ping(signal: AbortSignal): Promise<void>;
  /** `docker info`, and under `Bridge` what `docker network inspect bridge` says. */
  info(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** The networks that users made, without the default bridge. */
  networks(signal: AbortSignal): Promise<readonly { readonly name: string; readonly subnet: string }[]>;
  /** With their grace; those that are gone or stopped already are no error. */
  stopContainers(names: readonly string[]): Promise<void>;
  /** Those that could not be started, and the engine's words. */
  startContainers(names: readonly string[]): Promise<readonly { readonly name: string; readonly words: string }[]>;
  /**
   * Closes our own event stream until the function returned is called, since an open one delays dockerd's end by 5 s; till then an end of dockerd
   * is our own doing and raises no alarm.
   */
  pauseEvents(): () => void;
}

export interface DaemonConfigDeps {
  readonly files: {
    readonly document: string;
    readonly lastGood: string;
    readonly journal: string;
    readonly history: string;
    readonly guest: string;
  };
  readonly guest: ConfigGuest;
  readonly tasks: TaskRunner;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  /** What a disruptive change would touch. */
  readonly present: () => {
    readonly running: readonly string[];
    readonly containers: number;
    readonly images: number;
    readonly imageBytes: number;
  };
  readonly now?: () => number;
}

export interface ChangeOptions {
  /** Restarts dockerd although no key asks for it, e.g. because it reads certificate authorities only once. */
  readonly restart?: boolean;
  /** Default: warnings are accepted, a disruptive change is not. */
  readonly accept?: { readonly warnings: boolean; readonly disruptive: boolean };
  /** Runs between validate and write; `undo` runs where the change is rolled back. */
  readonly around?: { apply(): Promise<void>; undo(): Promise<void> };
}

export type ConfigHandlerNames = Extract<keyof BackendHandlers, `config.${string}`>;

export interface DaemonConfig {
  readonly handlers: Pick<BackendHandlers, ConfigHandlerNames>;
  readonly document: Observable<DaemonDocument>;
  readonly inForce: Observable<ConfigState['inForce']>;
  /**
   * An edit by another part of Berth, by the same way as the user's: checked, validated, written, put in force, read back or undone. Throws what
   * `config.apply` rejects with; waits for a change under way instead of failing with `config.busy`.
   */
  change(origin: ConfigOrigin, edit: (document: DaemonDocument) => DaemonDocument, options?: ChangeOptions): Promise<StartedTask>;
  /** A change of this boot only, live, that is neither kept nor in the history: a mirror taken out while a pull stalls. `undefined` ends it. */
  overrideLive(key: 'registry-mirrors', value: readonly string[] | undefined): Promise<void>;
  /** The text that a guest boots with. */
  forBoot(): Promise<string>;
  /** dockerd cannot start on what it was given: puts the last good document back and says so. False = there is nothing better to try. */
  recover(words: string): Promise<boolean>;
  /** The user asks for it: puts the last good document back, for the next start. The changed keys; none where it is the present one already. */
  toLastGood(): Promise<readonly string[]>;
  /** The engine answers, after a boot or an adoption: ends what a crash left half done, looks for hand edits. Its own restart in between is seen here. */
  settle(signal: AbortSignal): Promise<void>;
  /** Resolves when no change is under way. */
  idle(): Promise<void>;
  dispose(): void;
}
