// What belongs to this window only: what was clicked and is not answered yet, errors of rows, toasts, open panels.
import type { logSources, WireError } from '../../../preload/contract';

/** Shown in the same frame as the click; the engine's answer confirms it or takes it back. */
export type PendingVerb = 'starting' | 'stopping' | 'restarting' | 'pausing' | 'unpausing' | 'removing';
export type PendingVm = 'start' | 'stop' | 'shutDown' | 'restart' | 'restartEngine';

export interface Toast {
  readonly id: number;
  readonly text: string;
  /** What was done is taken back by it, while the toast is there. */
  readonly undo?: () => void;
}

export type OpenPanel = 'notices' | 'shortcuts' | 'log' | 'doctor';

export type LogSource = (typeof logSources)[number];

export interface UiSlice {
  /** By container or image id. */
  readonly pending: Readonly<Record<string, PendingVerb>>;
  readonly errors: Readonly<Record<string, WireError>>;
  readonly pendingVm: PendingVm | undefined;
  /** What was asked of the VM last, and why it failed. */
  readonly vmError: { readonly verb: PendingVm; readonly error: WireError } | undefined;
  readonly toasts: readonly Toast[];
  readonly panel: OpenPanel | undefined;
  /** Which log the panel of logs shows. */
  readonly logSource: LogSource;
}

export const initialUi: UiSlice = {
  pending: {},
  errors: {},
  pendingVm: undefined,
  vmError: undefined,
  toasts: [],
  panel: undefined,
  logSource: 'berth',
};

export function without<T>(map: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in map)) {
    return map;
  }
  const { [key]: _gone, ...rest } = map;
  return rest;
}
