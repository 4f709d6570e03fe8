// What this host can give a VM, and what it gives where the user set nothing. Pure, but for hostFigures.
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { BerthError } from '../../preload/contract/errors';
import type { Settings, VmLimits } from '../../preload/contract';
import { availableMemory } from '../lib/memory';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The engine alone needs about 200 MB; below this a build or a database is killed at once. */
const MIN_MEMORY = 768 * MIB;
/** Left for the host's own programs. */
const HOST_MEMORY = 1 * GIB;
/** A start writes little; below this the guest's first pull would halt it. */
export const MIN_FREE_DISK = 1 * GIB;

export interface HostFigures {
  readonly cpus: number;
  readonly memoryBytes: number;
}

export function hostFigures(): HostFigures {
  return { cpus: availableParallelism(), memoryBytes: totalmem() };
}

export function limitsOf(host: HostFigures): Pick<VmLimits, 'cpus' | 'memoryBytes'> {
  const maxMemory = Math.max(MIN_MEMORY, floorTo(host.memoryBytes - HOST_MEMORY, 128 * MIB));
  return {
    cpus: { min: 1, max: host.cpus, default: Math.min(host.cpus, Math.max(2, Math.floor(host.cpus / 2))) },
    memoryBytes: {
      min: MIN_MEMORY,
      max: maxMemory,
      default: clamp(floorTo(Math.min(4 * GIB, host.memoryBytes / 4), 128 * MIB), MIN_MEMORY, maxMemory),
    },
  };
}

/** What the next start gets. Throws `settings.cpus` or `settings.memory` with the host's figures. */
export function sizeOf(
  settings: Pick<Settings['vm'], 'cpus' | 'memoryBytes'>,
  host: HostFigures,
): { readonly cpus: number; readonly memoryBytes: number } {
  const limits = limitsOf(host);
  const cpus = settings.cpus ?? limits.cpus.default;
  const memoryBytes = settings.memoryBytes ?? limits.memoryBytes.default;
  validateSize({ cpus, memoryBytes }, host);
  return { cpus, memoryBytes };
}

/** For main/settings too: a change is checked before anything is written. */
export function validateSize(
  asked: { readonly cpus?: number | null | undefined; readonly memoryBytes?: number | null | undefined },
  host: HostFigures,
): void {
  const limits = limitsOf(host);
  const { cpus, memoryBytes } = asked;
  if (typeof cpus === 'number' && !(Number.isInteger(cpus) && cpus >= limits.cpus.min && cpus <= limits.cpus.max)) {
    throw new BerthError('settings.cpus', { asked: cpus, min: limits.cpus.min, max: limits.cpus.max });
  }
  if (typeof memoryBytes === 'number' && !(memoryBytes >= limits.memoryBytes.min && memoryBytes <= limits.memoryBytes.max)) {
    throw new BerthError('settings.memory', {
      askedBytes: memoryBytes,
      minBytes: limits.memoryBytes.min,
      maxBytes: limits.memoryBytes.max,
    });
  }
}

/** Refuses a start that the host cannot carry, with the figures. */
export async function checkHost(memoryBytes: number, home: string, available = availableMemory()): Promise<void> {
  if (available < memoryBytes) {
    throw new BerthError('vm.notEnoughMemory', { neededBytes: memoryBytes, availableBytes: available });
  }
  const free = await freeDisk(home);
  if (free < MIN_FREE_DISK) {
    throw new BerthError('vm.notEnoughDisk', { path: home, neededBytes: MIN_FREE_DISK, availableBytes: free });
  }
}

export async function freeDisk(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

function floorTo(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
