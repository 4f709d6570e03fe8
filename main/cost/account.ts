// From counters to what was used since the look before, by part. A process that is new counts from its start, unless it is older than the account;
// one that came and went between two looks is not seen.
import type { CostPart } from '../../preload/contract';
import type { Counters } from './counters';
import { proportional, readCounters } from './counters';
import { ownProcesses } from './processes';
import type { OwnProcess, ProcessRoots } from './processes';

/** Of one part over one time. */
export interface Used {
  readonly processes: number;
  readonly cpuSeconds?: number;
  readonly memoryBytes?: number;
  readonly writtenBytes?: number;
  readonly wakeups?: number;
}

export type UsedByPart = ReadonlyMap<CostPart, Used>;

export interface Account {
  /** `exact`: pages that several processes map are shared out among them, which costs. undefined at the first look. */
  look(roots: ProcessRoots, exact: boolean): Promise<UsedByPart | undefined>;
}

export interface AccountDeps {
  readonly processes?: (roots: ProcessRoots) => readonly OwnProcess[];
  readonly counters?: (pids: readonly number[]) => Promise<ReadonlyMap<number, Counters>>;
  readonly proportional?: (pid: number) => number | undefined;
}

/** Whose processes map much of the same, so that their sum would be far off. */
const SHARING_PAGES: ReadonlySet<CostPart> = new Set(['backend', 'window', 'tools']);

export function createAccount({
  processes = ownProcesses,
  counters = readCounters,
  proportional: pss = proportional,
}: AccountDeps = {}): Account {
  let before: { readonly at: number; readonly counters: ReadonlyMap<string, Counters> } | undefined;
  let shares = new Map<string, number>();

  function memoryOf(key: string, { pid, part }: OwnProcess, { memory }: Counters, exact: boolean): number | undefined {
    if (memory === undefined) {
      return undefined;
    }
    if (!SHARING_PAGES.has(part)) {
      // The guest's memory is QEMU's; who serves its shares has it mapped too.
      return memory.privateBytes + (part === 'vm' ? memory.sharedBytes : 0);
    }
    const share = exact || !shares.has(key) ? pss(pid) : shares.get(key);
    if (share !== undefined) {
      shares.set(key, share);
    }
    return share ?? memory.privateBytes + memory.sharedBytes;
  }

  return {
    async look(roots, exact) {
      const at = performance.now();
      const own = processes(roots);
      const found = await counters(own.map(({ pid }) => pid));
      const now = new Map<string, Counters>();
      const used = new Map<CostPart, Used>();
      for (const each of own) {
        const counted = found.get(each.pid);
        if (counted === undefined) {
          continue;
        }
        const key = `${each.pid} ${counted.startTime}`;
        now.set(key, counted);
        const last = before?.counters.get(key) ?? firstOf(counted, before === undefined ? 0 : (at - before.at) / 1000);
        const part = used.get(each.part) ?? { processes: 0 };
        used.set(each.part, {
          processes: part.processes + 1,
          ...sum('cpuSeconds', part.cpuSeconds, since(counted.cpuSeconds, last.cpuSeconds)),
          ...sum('writtenBytes', part.writtenBytes, since(counted.writtenBytes, last.writtenBytes)),
          ...sum('wakeups', part.wakeups, since(counted.wakeups, last.wakeups)),
          ...sum('memoryBytes', part.memoryBytes, memoryOf(key, each, counted, exact)),
        });
      }
      const first = before === undefined;
      before = { at, counters: now };
      shares = new Map([...shares].filter(([key]) => now.has(key)));
      return first ? undefined : used;
    },
  };
}

/** What a process had used when it came into sight: one that was there already, because an earlier backend started it, brings nothing along. */
function firstOf(counted: Counters, elapsed: number): Counters {
  const isYoung = counted.age !== undefined && counted.age <= elapsed + 1;
  return isYoung ? { startTime: '', cpuSeconds: 0, writtenBytes: 0, wakeups: 0 } : counted;
}

/** Threads that end take their counts along. */
function since(now: number | undefined, before: number | undefined): number | undefined {
  return now === undefined || before === undefined ? undefined : Math.max(0, now - before);
}

function sum<K extends string>(key: K, a: number | undefined, b: number | undefined): Readonly<Partial<Record<K, number>>> {
  return (a === undefined && b === undefined ? {} : { [key]: (a ?? 0) + (b ?? 0) }) as Readonly<Partial<Record<K, number>>>;
}
