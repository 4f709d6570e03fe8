// Which presets are in use: the built-in list, or a company's file, read again when it changes. A file that went wrong leaves what was there.
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isBerthError, toWireError } from '../../preload/contract';
import type { MirrorPreset, WireError } from '../../preload/contract';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';
import { builtInPresets, readPresetFile } from './presets';

/** Editors write a file in several steps. */
const SETTLE_MS = 200;

export interface Presets {
  readonly presets: readonly MirrorPreset[];
  /** `built-in`, or a path. */
  readonly source: string;
  readonly error?: WireError;
}

export interface PresetSource {
  readonly state: Observable<Presets>;
  /** null = built-in. Rejects with `mirrors.presetFile`; then nothing changed. */
  use(path: string | null): Promise<void>;
  /** As `use`, for a path that is set already: its error goes into the state, and the file is watched. */
  start(path: string | null): Promise<void>;
  dispose(): void;
}

export function createPresetSource(log: Logger): PresetSource {
  const builtIn: Presets = { presets: builtInPresets(), source: 'built-in' };
  const state = createObservable<Presets>(builtIn);
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;

  function unwatch(): void {
    clearTimeout(timer);
    watcher?.close();
    watcher = undefined;
  }

  /** The folder, because editors and syncing put another file in the place of the old one. */
  function follow(path: string): void {
    unwatch();
    try {
      watcher = watch(dirname(path), (_event, name) => {
        if (name === null || name === basename(path)) {
          clearTimeout(timer);
          timer = setTimeout(() => void reread(path), SETTLE_MS);
        }
      });
      watcher.on('error', (error) => log.warn('the list of known mirrors is not watched any more', { path, error }));
    } catch (error) {
      log.warn('the list of known mirrors cannot be watched', { path, error });
    }
  }

  async function reread(path: string): Promise<void> {
    try {
      const presets = await readPresetFile(path);
      state.set({ presets, source: path });
    } catch (error) {
      state.set({ presets: state.get().presets, source: path, error: toWireError(error) });
      log.warn('the list of known mirrors was not taken', { path, code: isBerthError(error) ? error.code : 'internal.unexpected', error });
    }
  }

  return {
    state,
    async use(written) {
      if (written === null) {
        unwatch();
        state.set(builtIn);
        return;
      }
      const path = resolve(written);
      const presets = await readPresetFile(path);
      state.set({ presets, source: path });
      follow(path);
    },
    async start(path) {
      if (path !== null) {
        await reread(path);
        follow(path);
      }
    },
    dispose: unwatch,
  };
}
