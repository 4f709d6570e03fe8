// What stands behind a shared folder: a device of the VM (virtiofs), or SFTP served by this process (sshfs). create-shares.ts drives either
// without knowing which; covers, order and what is mounted where are its business.
import type { ShareDriver } from '../../preload/contract';
import type { ShareSpec } from '../vm/driver';

/** A folder that is ready to be mounted in the guest that runs. */
export interface ShareSource {
  readonly spec: ShareSpec;
  /** Its server's last words, when it is gone; what the guest has mounted of it gives errors from then on. */
  readonly gone: Promise<string>;
  /** Where its server's end can leave nobody to give errors; false: what asks there hangs until the VM is started anew. */
  answers?(): Promise<boolean>;
  /**
   * Mounts it at `spec.folder`, the same path in the guest, over the cover that lies there; called again when a parent was mounted over it, and
   * does nothing where it is mounted already. Rejects with `shares.mountFailed`.
   */
  mount(): Promise<void>;
  /** Server and device; the guest has unmounted it, or its server is gone. */
  remove(): Promise<void>;
  /** Open files of its server, where their number has a limit. */
  openFiles?(): Promise<number>;
}

export interface ShareBackend {
  readonly driver: ShareDriver;
  /** Folders that can be served at once; undefined = as many as there are. */
  readonly slots?: number;
  /**
   * A guest that boots holds dockerd back until the folders are mounted, because they cannot be before it can be reached. False: devices are there
   * from the start and the guest mounts them by itself.
   */
  readonly late: boolean;
  /** Sources in the guest that runs: those of its start and those of an earlier backend. */
  present(): Promise<readonly ShareSource[]>;
  /** `shares.noSlot` where the next start is needed, else `shares.mountFailed`. */
  open(spec: ShareSpec): Promise<ShareSource>;
}

/** A command of the guest for shares; vm/AGREEMENT.md, Shares. */
export type ShareCommand =
  | { readonly kind: 'mount'; readonly spec: ShareSpec }
  | { readonly kind: 'cover' | 'none'; readonly path: string }
  | { readonly kind: 'hold'; readonly seconds: number }
  | { readonly kind: 'files'; readonly most: number }
  | { readonly kind: 'release' };

/** One line; in a path what would end the line is written in octal, as the kernel does in its own list of mounts. */
export function shareLine(command: ShareCommand): string {
  switch (command.kind) {
    case 'mount':
      return `${command.spec.tag} ${command.spec.readOnly ? 'ro' : 'rw'} ${escapePath(command.spec.folder)}`;
    case 'hold':
      return `- hold ${command.seconds}`;
    case 'files':
      return `- files ${command.most}`;
    case 'release':
      return '- release /';
    default:
      return `- ${command.kind} ${escapePath(command.path)}`;
  }
}

function escapePath(path: string): string {
  return path.replaceAll('\\', '\\134').replaceAll('\n', '\\012');
}
