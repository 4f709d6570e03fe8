// Which accelerators of this host work, each proved by a boot, with the verdict remembered in state/accelerators.json until QEMU, the guest's
// kernel, the host's kernel or the device's rights change. HVF and WHPX are laid out and have not been seen working.
import { constants } from 'node:fs';
import { access, open, readFile, stat } from 'node:fs/promises';
import { release, userInfo } from 'node:os';
import { z } from 'zod';
import { acceleratorNames } from '../../../preload/contract';
import type { AcceleratorName, AcceleratorVerdict } from '../../../preload/contract';
import { untilAborted } from '../../lib/async';
import { hasCode, readJsonOr, writeJson } from '../../lib/atomic-file';
import type { Logger } from '../../lib/logger';
import { acceleratorsOf, explain, platformOf, verdictKey } from './verdicts';
import type { Evidence, Reason } from './verdicts';

export interface AcceleratorDeps {
  readonly statePath: string;
  /** Hashes of QEMU and of the guest. */
  made(): Promise<{ readonly bundle: string; readonly guest: string }>;
  readonly log: Logger;
  readonly platform?: NodeJS.Platform;
  readonly device?: string;
  probe(name: AcceleratorName, signal: AbortSignal): Promise<Evidence>;
}

const rememberedSchema = z.object({
  key: z.string(),
  verdicts: z.array(
    z.object({
      name: z.enum(acceleratorNames),
      works: z.boolean(),
      reason: z.object({ key: z.string(), params: z.record(z.string(), z.union([z.string(), z.number()])) }),
      seconds: z.number(),
    }),
  ),
});

export interface Accelerators {
  /** Every accelerator of QEMU with its verdict; proofs that are needed run side by side. */
  verdicts(signal: AbortSignal): Promise<readonly AcceleratorVerdict[]>;
}

/** Shared by all who ask meanwhile; ended when the last of them has gone. */
interface Proofs {
  readonly found: Promise<readonly AcceleratorVerdict[]>;
  readonly end: AbortController;
  callers: number;
}

export function createAccelerators(deps: AcceleratorDeps): Accelerators {
  const platform = deps.platform ?? process.platform;
  const device = deps.device ?? '/dev/kvm';
  let proofs: Proofs | undefined;

  const find = async (signal: AbortSignal): Promise<readonly AcceleratorVerdict[]> => {
    const key = verdictKey({
      ...(await deps.made()),
      kernel: release(),
      device: await describeDevice(device),
    });
    const known = await readJsonOr(deps.statePath, (value) => rememberedSchema.parse(value), undefined);
    const remembered = known?.key === key ? known.verdicts : [];
    const native = acceleratorsOf(platform);
    const verdicts = await Promise.all(
      acceleratorNames.map(async (name): Promise<AcceleratorVerdict> => {
        if (!native.includes(name)) {
          return verdict(name, false, { key: 'otherSystem', params: { system: platformOf(name) } });
        }
        const blocked = name === 'kvm' ? await blockedDevice(device) : undefined;
        if (blocked !== undefined) {
          return verdict(name, false, blocked); // Seen at once, and gone as soon as the user has done what it says: never remembered.
        }
        const before = remembered.find((entry) => entry.name === name);
        if (before !== undefined) {
          return { ...before, remembered: true };
        }
        const evidence = await deps.probe(name, signal);
        const reason = explain(name, evidence, evidence.outcome === 'exited' ? await deviceHolder() : '');
        deps.log.info('accelerator proved', {
          name,
          outcome: evidence.outcome,
          reason: reason.key,
          seconds: evidence.seconds,
          stderr: evidence.stderr.slice(-500),
        });
        return { name, works: evidence.outcome === 'ok', reason, seconds: evidence.seconds, remembered: false };
      }),
    );
    const proved = verdicts.filter(({ name, reason }) => native.includes(name) && !PASSING.has(reason.key));
    if (proved.some(({ remembered: old }) => !old)) {
      await writeJson(deps.statePath, { key, verdicts: proved.map(({ remembered: _, ...rest }) => rest) });
    }
    return verdicts;
  };

  const prove = (): Proofs => {
    const end = new AbortController();
    const found = find(end.signal).finally(() => (proofs = undefined));
    return { found, end, callers: 0 };
  };

  return {
    async verdicts(signal) {
      while (proofs?.end.signal.aborted === true) {
        await proofs.found.catch(() => undefined);
      }
      proofs ??= prove();
      const shared = proofs;
      shared.callers += 1;
      try {
        return await untilAborted(shared.found, signal);
      } finally {
        shared.callers -= 1;
        if (shared.callers === 0) {
          shared.end.abort(signal.reason);
        }
      }
    },
  };
}

/** States of the host that change by themselves: asked again at every start. */
const PASSING: ReadonlySet<string> = new Set(['missing', 'denied', 'busy', 'busyBy', 'spawnFailed', 'otherSystem']);

function verdict(name: AcceleratorName, works: boolean, reason: Reason): AcceleratorVerdict {
  return { name, works, reason, seconds: 0, remembered: false };
}

async function blockedDevice(device: string): Promise<Reason | undefined> {
  try {
    await access(device, constants.F_OK);
  } catch {
    return { key: 'missing', params: { device } };
  }
  try {
    const handle = await open(device, 'r+');
    await handle.close();
    return undefined;
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM')) {
      return { key: 'denied', params: { device, user: userInfo().username } };
    }
    return hasCode(error, 'EBUSY') ? { key: 'busy', params: {} } : { key: 'missing', params: { device } };
  }
}

async function describeDevice(device: string): Promise<string> {
  try {
    const { mode, uid, gid, rdev } = await stat(device);
    return [mode.toString(8), uid, gid, rdev, process.getuid?.() ?? 0].join(':');
  } catch {
    return 'none';
  }
}

/** Another hypervisor that holds the processor's virtualisation, by its kernel module. */
async function deviceHolder(): Promise<string> {
  const holders: readonly (readonly [string, string])[] = [
    ['vboxdrv', 'VirtualBox'],
    ['vmmon', 'VMware'],
  ];
  const modules = await readFile('/proc/modules', 'utf8').catch(() => '');
  return holders.find(([module]) => modules.includes(`${module} `))?.[1] ?? '';
}
