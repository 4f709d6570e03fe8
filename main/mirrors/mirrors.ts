// Registry mirrors as the rest of the backend uses them: list, presets, tests, the watch over pulls, prefix mirrors.
// Is handed the engine's configuration, a way to run curl in the guest, and pulls as they happen; knows no VM and no window.
import type { BackendHandlers, BerthError, MirrorTest, MirrorTestItem, Notice } from '../../preload/contract';
import type { DaemonConfig } from '../daemon-config/daemon-config';
import type { Logger } from '../lib/logger';
import type { BuildWatch, PullGuard } from '../lib/pull-guard';
import type { ExecOptions, ExecResult } from '../ssh/connection';

export interface MirrorsDeps {
  /** The list's file. */
  readonly path: string;
  readonly config: DaemonConfig;
  readonly probe: MirrorProbe;
  /** A command in the guest. */
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** The last lines of dockerd's log, which names the mirrors that failed a pull. */
  tail(lines: number): Promise<readonly string[]>;
  /** The guest's clock, which that log is written by. */
  clock(): Promise<number>;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  readonly now?: () => number;
  /** Without a byte, until the mirrors are looked at. */
  readonly stallMilliseconds?: number;
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

export type MirrorHandlerNames = Extract<keyof BackendHandlers, `mirrors.${string}`>;

/** create-mirrors.ts makes it. */
export interface Mirrors extends PullGuard {
  /** A client's build: where it stands still because of a mirror, that one is taken out and cut off, and the build goes on. */
  watchBuild(): BuildWatch;
  readonly handlers: Pick<BackendHandlers, MirrorHandlerNames>;
  dispose(): void;
}
