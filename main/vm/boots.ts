// The last 20 starts of each kind, newest first, in state/boots.json: for the picture of a start, and for what went wrong yesterday. Each kind by
// itself, because a backend that is started often takes its VM over often, and would push the last real boot out.
import { z } from 'zod';
import type { BootTimeline } from '../../preload/contract';
import { acceleratorNames, bootPhases, isErrorCode, notResumedKeys } from '../../preload/contract';
import type { ErrorCode } from '../../preload/contract';
import { readJsonOr, writeJson } from '../lib/atomic-file';
import type { Logger } from '../lib/logger';

const LIMIT = 20;

const bootSchema = z.object({
  at: z.number(),
  kind: z.enum(['cold', 'resume', 'adopt']),
  notResumed: z.object({ key: z.enum(notResumedKeys), params: z.record(z.string(), z.union([z.string(), z.number()])) }).exactOptional(),
  accelerator: z.enum(acceleratorNames),
  phases: z.array(
    z.object({
      name: z.enum(bootPhases),
      startedAt: z.number(),
      endedAt: z.number().exactOptional(),
      deadline: z.number(),
      stuck: z.object({ log: z.string(), lines: z.array(z.string()) }).exactOptional(),
    }),
  ),
  seconds: z.number().exactOptional(),
  error: z
    .object({ code: z.custom<ErrorCode>(isErrorCode), params: z.record(z.string(), z.union([z.string(), z.number()])) })
    .exactOptional(),
});

export interface Boots {
  list(): readonly BootTimeline[];
  load(): Promise<void>;
  add(boot: BootTimeline): Promise<void>;
}

export function createBoots(path: string, log: Logger): Boots {
  let boots: readonly BootTimeline[] = [];
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    boots = await readJsonOr<readonly BootTimeline[]>(path, (value) => z.array(bootSchema).parse(value), []);
  };
  return {
    list: () => boots,
    load: () => (loading ??= load()),
    async add(boot) {
      await (loading ??= load());
      const kept = boots.filter(({ kind }) => kind === boot.kind).slice(0, LIMIT - 1);
      boots = [boot, ...boots.filter((one) => one.kind !== boot.kind || kept.includes(one))];
      // A history is not worth a failed start.
      await writeJson(path, boots).catch((error: unknown) => log.warn('the list of starts was not written', { error }));
    },
  };
}
