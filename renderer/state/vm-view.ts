// What the VM's state means for the eye: mark, colour of the waterline, words. The click's pending state wins over what the backend said last,
// so that everything changes in the same frame; a lost connection wins over both.
import { useTranslation } from 'react-i18next';
import type { BootPhaseName, VmStatus } from '../../preload/contract';
import type { MarkKind } from '../ui/state-mark';
import { useStore } from './context';
import type { PendingVm } from './slices/ui';

export type VmViewState = VmStatus['state'] | 'restarting' | 'unknown';

export interface VmView {
  readonly state: VmViewState;
  readonly mark: MarkKind;
  readonly water: 'running' | 'busy' | 'failed' | 'off';
  readonly words: string;
  readonly phase: BootPhaseName | undefined;
  /** The phase is past its deadline. */
  readonly stuck: boolean;
}

const LOOK: Readonly<Record<VmViewState, { readonly mark: MarkKind; readonly water: VmView['water'] }>> = {
  running: { mark: 'run', water: 'running' },
  starting: { mark: 'waiting', water: 'busy' },
  resuming: { mark: 'waiting', water: 'busy' },
  restarting: { mark: 'waiting', water: 'busy' },
  stopping: { mark: 'waiting', water: 'busy' },
  suspending: { mark: 'waiting', water: 'busy' },
  suspended: { mark: 'pause', water: 'off' },
  stopped: { mark: 'exit', water: 'off' },
  failed: { mark: 'fail', water: 'failed' },
  unknown: { mark: 'new', water: 'off' },
};

export function viewState(status: VmStatus | undefined, pending: PendingVm | undefined): VmViewState {
  if (status === undefined) {
    return 'unknown';
  }
  const { state } = status;
  if (pending === 'start' && (state === 'stopped' || state === 'failed')) {
    return 'starting';
  }
  if (pending === 'start' && state === 'suspended') {
    return 'resuming';
  }
  if (pending === 'stop' && state === 'running' && status.features.suspend) {
    return 'suspending';
  }
  if (pending === 'stop' && (state === 'running' || state === 'starting')) {
    return 'stopping';
  }
  if (pending === 'shutDown' && state !== 'stopped' && state !== 'failed') {
    return 'stopping';
  }
  if (pending === 'restart' && state === 'running') {
    return 'stopping';
  }
  if (pending === 'restartEngine' && state === 'running') {
    return 'restarting';
  }
  return state in LOOK ? state : 'unknown';
}

export function useVmView(): VmView {
  const { t } = useTranslation(['frame', 'vm']);
  const status = useStore((s) => s.vm.status);
  const pending = useStore((s) => s.ui.pendingVm);
  const lost = useStore((s) => s.connection.name === 'lost' || s.connection.name === 'refused');
  const state = lost ? 'unknown' : viewState(status, pending);
  const phase = state === 'starting' || state === 'resuming' ? status?.phase : undefined;
  const stuck = phase !== undefined && status?.boot?.phases.some((p) => p.name === phase && p.stuck !== undefined) === true;
  const words =
    // The phases of a resume are too short to be read.
    phase !== undefined && (state === 'starting' || stuck)
      ? t(!stuck ? 'view.startingAt' : state === 'starting' ? 'view.stuckAt' : 'view.resumeStuckAt', { phase: t(`vm:phase.${phase}`) })
      : lost
        ? t('view.lost')
        : state === 'unknown' || state === 'restarting'
          ? t(`view.${state}`)
          : t(`vm:state.${state}`);
  return { ...LOOK[state], ...(stuck ? { mark: 'warn' as const } : {}), state, words, phase, stuck };
}
