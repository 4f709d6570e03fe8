// Terminals: sessions live in the backend, so that they survive a change of tabs and a reload of the page.
import { z } from 'zod';
import { call, output, stream } from './define';
import { containerId } from './containers';

const size = { cols: z.int().min(2).max(1000), rows: z.int().min(2).max(1000) };
const session = z.string().min(1).max(64);

export const terminalSpec = z.discriminatedUnion('kind', [
  /** shell "auto" = the first of bash, ash, sh that the container has. */
  z.strictObject({
    kind: z.literal('exec'),
    container: containerId,
    shell: z.string().min(1).max(4096).default('auto'),
    user: z.string().max(255).default(''),
    ...size,
  }),
  /** The host's own shell with DOCKER_HOST set; Electron only (`rpc.unavailableHere` elsewhere). */
  z.strictObject({ kind: z.literal('host'), ...size }),
]);

export interface TerminalSession {
  readonly id: string;
  readonly kind: 'exec' | 'host';
  readonly container?: string;
  readonly shell: string;
  readonly user: string;
  readonly startedAt: number;
  readonly exitCode?: number;
}

export const terminalTable = {
  'terminal.open': call(terminalSpec, output<TerminalSession>()),
  /** The bounded replay (256 KiB) first, then live bytes; ends when the process ends. */
  'terminal.output': stream(z.strictObject({ session }), output<Uint8Array>(), 'queue'),
  /** Its own call, so that Ctrl-C never waits behind output. */
  'terminal.input': call(z.strictObject({ session, data: z.string().max(1_048_576) }), output<void>()),
  'terminal.resize': call(z.strictObject({ session, ...size }), output<void>()),
  'terminal.close': call(z.strictObject({ session }), output<void>()),
  'terminal.list': call(z.strictObject({ container: containerId.optional() }), output<readonly TerminalSession[]>()),
};
