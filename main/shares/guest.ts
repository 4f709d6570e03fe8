// The guest's side of shares: lines to PID 1's program in the role `shares`, one answer for each (vm/AGREEMENT.md, Shares).
import type { ExecOptions, ExecResult } from '../ssh/connection';
import { BerthError } from '../../preload/contract';
import { shareLine } from './backend';
import type { ShareCommand } from './backend';

export type GuestExec = (command: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

export interface ShareGuest {
  /** In their order; what one of them could not do does not keep the others. */
  run(commands: readonly ShareCommand[]): Promise<readonly GuestAnswer[]>;
  mount(command: Extract<ShareCommand, { readonly kind: 'mount' }>): Promise<void>;
}

export interface GuestAnswer {
  readonly ok: boolean;
  /** The guest's words where it failed. */
  readonly detail: string;
}

export function createShareGuest(exec: GuestExec): ShareGuest {
  const run: ShareGuest['run'] = async (commands) => {
    if (commands.length === 0) {
      return [];
    }
    const { stdout, stderr } = await exec(['/proc/1/exe', 'shares'], { stdin: `${commands.map(shareLine).join('\n')}\n` });
    const lines = stdout.split('\n');
    return commands.map((_, index) => {
      const line = lines[index] ?? '';
      return { ok: line === 'ok', detail: line === 'ok' ? '' : line.replace(/^failed /, '') || stderr.trim() };
    });
  };
  return {
    run,
    async mount(command) {
      const [answer] = await run([command]);
      if (answer?.ok !== true) {
        throw new BerthError('shares.mountFailed', { path: command.spec.folder, detail: answer?.detail ?? '' });
      }
    },
  };
}
