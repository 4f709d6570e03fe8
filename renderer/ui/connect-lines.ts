// What to type so that `docker` speaks to this engine. Lines that hold the engine's address are the backend's (`connect.changes`), which quotes it.
import type { ContextState, ShellName } from '../../preload/contract';

export type ContextUse = 'selected' | 'present' | 'none';

export function contextUse({ state, selected }: Pick<ContextState, 'state' | 'selected'>): ContextUse {
  return state !== 'ours' ? 'none' : selected ? 'selected' : 'present';
}

/** Does the same as the shell's own lines, where the shell has such a line. */
export const envLine: Readonly<Partial<Record<ShellName, string>>> = {
  sh: 'eval "$(berth env)"',
  fish: 'berth env --shell fish | source',
  powershell: 'berth env --shell powershell | Out-String | Invoke-Expression',
};
