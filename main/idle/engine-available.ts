// Whether the engine can be asked, as the VM's state says it: the ping of a start, a resume or a suspend's way back turns it on, the loss of the guest off.
import type { VmStatus } from '../../preload/contract';
import type { MutableObservable, Observable } from '../lib/observable';

/** `lost`: ends what waits for the engine's events. Returns the way to stop. */
export function followAvailable(status: Observable<VmStatus>, available: MutableObservable<boolean>, lost: () => void): () => void {
  return status.subscribe(({ state, pid, engine }) => {
    // A VM that died is `starting` again at once, and for a moment without a process.
    const comesUp = (state === 'starting' || state === 'resuming') && pid !== undefined;
    if (state === 'running' && engine !== undefined) {
      // After a suspend that failed too.
      available.set(true);
    } else if (state !== 'running' && !comesUp) {
      available.set(false);
      lost();
    }
  });
}
