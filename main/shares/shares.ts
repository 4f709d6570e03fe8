// The shared folders as the rest of the backend uses them. create-shares.ts makes them; knows no window and no VM driver by name.
import type { BackendHandlers, SharesStatus } from '../../preload/contract';
import type { JudgeBind } from '../lib/binds';
import type { Observable } from '../lib/observable';

export interface Shares {
  readonly status: Observable<SharesStatus>;
  readonly handlers: Pick<BackendHandlers, 'shares.changes' | 'shares.add' | 'shares.remove'>;
  /**
   * Of an absolute path in a create's body. Under a mounted share: itself (what does not exist there is dockerd's to make or to refuse); a path of the
   * guest's own that containers ask for (`/sys`, `/dev/…`, `/lib/modules`, `/etc/localtime`): itself; the engine's socket: the guest's. Else an error:
   * `shares.notShared` (the folder to share in `share`), `shares.notMounted`, `shares.own`, … (judge.ts makes it).
   */
  readonly judge: JudgeBind;
  dispose(): Promise<void>;
}
