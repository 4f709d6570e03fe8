// What watches folders of the host, whichever way the system has; inotify-watcher.ts and system-watcher.ts are the two.
import type { BytePath } from './byte-path';
import type { ChangeKind } from './records';

export interface WatchListener {
  change(kind: ChangeKind, path: BytePath): void;
  /** Changes were lost; `change` comes for every folder. */
  lost(): void;
  /** The system watches no more folders; `path` is the first that is not watched. */
  limit(path: BytePath): void;
  /** All that was asked for is watched, or as much as the system allows. */
  ready(watches: number): void;
}

export interface HostWatcher {
  /** Exactly these, with all below them; a file stands for itself. One that is not there is watched from when it comes. None contains another one. */
  watch(folders: readonly string[]): void;
  /** `change` for every folder, or as many as are known: watchers are to look at all of them. */
  again(): void;
  dispose(): void;
}
