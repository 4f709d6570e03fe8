// Proofs that a backend left behind when it was killed: a guest that an accelerator wedged would burn a processor for ever.
// Each proof is written down while it runs; the next backend ends what is still there.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonOr, writeJson } from '../../lib/atomic-file';
import type { Logger } from '../../lib/logger';
import { identify, isSameProcess } from '../../lib/process';

const identitySchema = z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() });

const PREFIX = 'probe-';

/** Writes a process down; call the result when it is gone. */
export async function guard(folder: string, name: string, pid: number): Promise<() => Promise<void>> {
  const path = join(folder, `${PREFIX}${name}.json`);
  const identity = await identify(pid);
  if (identity !== undefined) {
    await writeJson(path, identity);
  }
  return () => rm(path, { force: true });
}

export async function endOrphans(folder: string, log: Logger): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names.filter((file) => file.startsWith(PREFIX))) {
    const identity = await readJsonOr(join(folder, name), (value) => identitySchema.parse(value), undefined);
    if (identity !== undefined && (await isSameProcess(identity))) {
      log.warn('ended a proof that an earlier backend left running', { pid: identity.pid });
      process.kill(identity.pid, 'SIGKILL');
    }
    await rm(join(folder, name), { force: true });
  }
}
