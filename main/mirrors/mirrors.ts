// Registry mirrors as the rest of the backend uses them: list, presets, tests, the watch over pulls, prefix mirrors.
// Is handed the engine's configuration, a way to run curl in the guest, and pulls as they happen; knows no VM and no window.
import type { BackendHandlers, BerthError, MirrorTestItem, MirrorTest, Notice } from '../../preload/contract';
import type { DaemonConfig } from '../daemon-config/daemon-config';
import type { Logger } from '../lib/logger';
import type { ExecOptions, ExecResult } from '../ssh/connection';

export interface MirrorsDeps {
  readonly path: string;
  /** The built-in presets (assets/mirrors.json). */
  readonly presetsPath: string;
  readonly config: DaemonConfig;
  /** A command in the guest. */
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  readonly now?: () => number;
}

/** main/mirrors/probe.ts: tests addresses from inside the guest, in parallel, and proposes an order. Never touches the engine's configuration. */
export interface MirrorProbe {
  /** `urls` are normalised or `DIRECT`. Each result as it comes, then one `proposal`. The signal ends every curl. */
  test(
    urls: readonly { readonly url: string; readonly name: string; readonly limited: boolean }[],
    image: string,
    signal: AbortSignal,
  ): AsyncIterable<MirrorTestItem>;
  /** A quick look (GET /v2/ and HEAD of a manifest, 3 s each): which of these answer now; for the pull that stalls. */
  quick(urls: readonly string[], image: string, signal: AbortSignal): Promise<ReadonlyMap<string, Pick<MirrorTest, 'verdict' | 'words'>>>;
}

/** A pull as it goes on, of the window or of a client of the engine's socket. */
export interface PullWatch {
  /** Every line of progress. */
  progress(currentBytes: number): void;
  /** It ended; `error` where it failed. */
  end(error?: Error): void;
}

export type MirrorHandlerNames = Extract<keyof BackendHandlers, `mirrors.${string}`>;

export interface Mirrors {
  readonly handlers: Pick<BackendHandlers, MirrorHandlerNames>;
  /**
   * Watches a pull. After 15 s without a byte the mirrors in force are looked at; a silent one is taken out by a live reload. `onRemedy` (a pull of the
   * window) is then told to pull again; without it (a client's pull) a notice with the same remedy is shown.
   */
  watch(reference: string, onRemedy?: (mirror: string) => void): PullWatch;
  /** How the window's pull gets a reference of another registry: pulled as `from`, then tagged as `reference`. undefined = directly. */
  route(reference: string, via: string | undefined): { readonly from: string; readonly mirror: string } | undefined;
  dispose(): void;
}
