import type { Duplex } from 'node:stream';
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The command's exit status; -1 where a signal ended it. */
  readonly code: number;
}
