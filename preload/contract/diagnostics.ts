// What Berth can say of itself when something is wrong: gathered into a private folder of the home, looked at, then saved where the user says.
// Nothing of it leaves this computer by itself. main/diagnostics answers.
import { z } from 'zod';
import { call, output, stream } from './define';

/** Locale `diagnostics` (`part.<name>`), in the order in which they are shown. */
export const diagnosticsParts = [
  'versions',
  'doctor',
  'settings',
  'configuration',
  'mirrors',
  'trust',
  'vm',
  'qemu',
  'guest',
  'engine',
  'containers',
  'ports',
  'shares',
  'processes',
  'disk',
  'state',
  'logs',
] as const;
export type DiagnosticsPartName = (typeof diagnosticsParts)[number];

export interface DiagnosticsPart {
  readonly name: DiagnosticsPartName;
  /** `late`: it did not answer in time, and what it gave until then is there. */
  readonly state: 'running' | 'done' | 'failed' | 'late';
  readonly files: readonly { readonly file: string; readonly bytes: number }[];
  /** The words of what failed. */
  readonly detail?: string;
}

export interface DiagnosticsReport {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly parts: readonly DiagnosticsPart[];
  readonly ended: boolean;
  /** What the archive would be called, and a folder of the user's for it. */
  readonly archive: string;
  readonly folder: string;
}

const id = z.string().min(1).max(64);
/** `part/name.json`: what a report lists; anything else does not exist. */
const file = z.string().min(1).max(200);
const archive = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^/\\\0]+$/);

export const diagnosticsTable = {
  /** Gathers anew, and throws away what was gathered before. Ends when all is there; what hangs is left out after its time. */
  'diagnostics.collect': stream(z.strictObject({}), output<DiagnosticsReport>(), 'latest'),
  /** As it would be saved. `diagnostics.gone`. */
  'diagnostics.read': call(z.strictObject({ id, file }), output<{ readonly text: string }>()),
  /** Writes the archive; one that is there stays. `diagnostics.gone`, `diagnostics.notSaved`. */
  'diagnostics.save': call(
    z.strictObject({ id, folder: z.string().min(1).max(4096), archive: archive.optional() }),
    output<{ readonly path: string; readonly bytes: number }>(),
  ),
  'diagnostics.discard': call(z.strictObject({ id }), output<void>()),
};
