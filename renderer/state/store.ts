// The window's state: a mirror of the backend (engine, vm, tasks, settings, notices) and what is the window's own (ui, connection).
// Bytes of logs and terminals never enter it.
import { createStore } from 'zustand/vanilla';
import type { StoreApi } from 'zustand/vanilla';
import type { AppInfo, Notice, Settings, Task, TrustState } from '../../preload/contract';
import type { ConnectionState } from '../connect';
import { initialConfig } from './slices/config';
import type { ConfigSlice } from './slices/config';
import { initialEngine } from './slices/engine';
import type { EngineSlice } from './slices/engine';
import { initialMirrors } from './slices/mirrors';
import type { MirrorsSlice } from './slices/mirrors';
import { initialUi } from './slices/ui';
import type { UiSlice } from './slices/ui';
import { initialVm } from './slices/vm';
import type { VmSlice } from './slices/vm';

export interface State {
  readonly connection: ConnectionState;
  readonly app: AppInfo | undefined;
  readonly engine: EngineSlice;
  readonly vm: VmSlice;
  /** Newest first. */
  readonly tasks: readonly Task[];
  readonly notices: readonly Notice[];
  readonly settings: Settings | undefined;
  readonly config: ConfigSlice;
  readonly mirrors: MirrorsSlice;
  /** Missing until the backend told. */
  readonly trust: TrustState | undefined;
  readonly ui: UiSlice;
}

export type Store = StoreApi<State>;

export function createAppStore(): Store {
  return createStore<State>(() => ({
    connection: { name: 'connecting' },
    app: undefined,
    engine: initialEngine,
    vm: initialVm,
    tasks: [],
    notices: [],
    settings: undefined,
    config: initialConfig,
    mirrors: initialMirrors,
    trust: undefined,
    ui: initialUi,
  }));
}

export function patchMirrors(store: Store, patch: (mirrors: MirrorsSlice) => Partial<MirrorsSlice>): void {
  store.setState((state) => ({ mirrors: { ...state.mirrors, ...patch(state.mirrors) } }));
}

export function patchUi(store: Store, patch: (ui: UiSlice) => Partial<UiSlice>): void {
  store.setState((state) => ({ ui: { ...state.ui, ...patch(state.ui) } }));
}
