// state/vm.json: what the next backend must know to take over a VM that this one left running.
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { acceleratorNames, networkBackends } from '../../../preload/contract';
import { readJsonOr, writeJson } from '../../lib/atomic-file';
import { fwCfgNames } from './files';

export const stateSchema = z.object({
  format: z.literal(1),
  pid: z.number(),
  startTime: z.string(),
  bootId: z.string(),
  sshPort: z.number(),
  /** Missing where an earlier Berth started it. */
  relayPort: z.number().optional(),
  cpus: z.number(),
  memoryBytes: z.number(),
  startedAt: z.number(),
  /** It was started with slots for shares. */
  sharing: z.boolean().default(false),
  network: z
    .object({
      backend: z.enum(networkBackends),
      /** Why it is not the one that was wanted. */
      notEnforced: z.object({ reason: z.enum(['system', 'missing', 'failed']), detail: z.string() }).optional(),
    })
    .default({ backend: 'user' }),
  /** Hashes of what it was made from, and the names of its fw_cfg files; missing where an earlier Berth started it, which cannot be suspended. */
  made: z.object({ bundle: z.string(), guest: z.string(), fwCfg: z.array(z.enum(fwCfgNames)) }).optional(),
  accelerator: z.object({
    name: z.enum(acceleratorNames),
    works: z.boolean(),
    reason: z.object({ key: z.string(), params: z.record(z.string(), z.union([z.string(), z.number()])) }),
    seconds: z.number(),
    remembered: z.boolean(),
  }),
});
export type VmState = z.output<typeof stateSchema>;

export async function readVmState(path: string): Promise<VmState | undefined> {
  return readJsonOr(path, (value) => stateSchema.parse(value), undefined);
}

export async function writeVmState(path: string, state: VmState): Promise<void> {
  await writeJson(path, state);
}

export async function removeVmState(path: string): Promise<void> {
  await rm(path, { force: true });
}
