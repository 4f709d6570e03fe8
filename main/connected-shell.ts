// What one connection gets of the backend's handlers: what a shell may do, and what it is told of itself, differ.
import { BerthError } from '../preload/contract';
import type { AppInfo, BackendHandlers, HostFeatures } from '../preload/contract';

export interface ConnectedShell {
  readonly kind: AppInfo['shell'];
  readonly features: HostFeatures;
}

/** A terminal of the host belongs to the desktop's window only; a browser's page neither opens one nor learns of one. */
export function forShell(base: BackendHandlers, { kind, features }: ConnectedShell): BackendHandlers {
  return {
    ...base,
    'app.info': async (input, context) => ({ ...(await base['app.info'](input, context)), shell: kind, features }),
    'terminal.open': (input, context) => {
      if (input.kind === 'host' && !features.hostTerminal) {
        throw new BerthError('rpc.unavailableHere', { what: 'terminal.host' });
      }
      return base['terminal.open'](input, context);
    },
    'terminal.list': async (input, context) =>
      (await base['terminal.list'](input, context)).filter((session) => session.kind !== 'host' || features.hostTerminal),
  };
}

/** How many windows of each kind are open. */
export function countWindows(): { connected: (kind: AppInfo['shell']) => () => void; kinds: () => readonly string[] } {
  const windows = new Map<AppInfo['shell'], number>();
  return {
    kinds: () => [...windows.keys()],
    connected(kind) {
      if (kind === 'cli') {
        return () => undefined;
      }
      windows.set(kind, (windows.get(kind) ?? 0) + 1);
      return () => {
        const left = (windows.get(kind) ?? 1) - 1;
        if (left === 0) {
          windows.delete(kind);
        } else {
          windows.set(kind, left);
        }
      };
    },
  };
}
