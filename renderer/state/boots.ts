// Figures of starts: what is usual, what a strip shows, how a running start is scaled. Pure; times in seconds.
import { bootPhases } from '../../preload/contract';
import type { BootPhase, BootPhaseName, BootTimeline } from '../../preload/contract';

const OF_A_BOOT: readonly BootPhaseName[] = ['kernel', 'data', 'containerd', 'dockerd'];
const OF_A_RESUME: readonly BootPhaseName[] = ['memory'];

export interface Usual {
  readonly total: number | undefined;
  readonly phases: ReadonlyMap<BootPhaseName, number>;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
      ? undefined
      : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Of starts that can be compared: same kind, same accelerator, ended well. The start in question does not count. */
export function usualOf(
  boots: readonly BootTimeline[],
  like: Pick<BootTimeline, 'kind' | 'accelerator'> & { readonly at?: number },
): Usual {
  const same = boots.filter(
    (boot) => boot.seconds !== undefined && boot.kind === like.kind && boot.accelerator === like.accelerator && boot.at !== like.at,
  );
  const phases = new Map<BootPhaseName, number>();
  for (const name of bootPhases) {
    const usual = median(
      same.flatMap((boot) => boot.phases.filter((phase) => phase.name === name).flatMap((phase) => lengthOf(phase) ?? [])),
    );
    if (usual !== undefined) {
      phases.set(name, usual);
    }
  }
  return { total: median(same.flatMap(({ seconds }) => seconds ?? [])), phases };
}

/** The phases that a start of this kind goes through, and those that it went through all the same. */
export function phasesOf(boot: Pick<BootTimeline, 'kind' | 'phases'> | undefined): readonly BootPhaseName[] {
  const foreign = boot?.kind === 'resume' ? OF_A_BOOT : OF_A_RESUME;
  return bootPhases.filter((name) => !foreign.includes(name) || boot?.phases.some((phase) => phase.name === name) === true);
}

export function lengthOf(phase: BootPhase, elapsed?: number): number | undefined {
  const end = phase.endedAt ?? elapsed;
  return end === undefined ? undefined : Math.max(0, end - phase.startedAt);
}

/** How many seconds the track of a start is long: room ahead of what runs, and the deadline of what runs late. */
export function trackSeconds(boot: BootTimeline, usual: Usual, elapsed: number): number {
  const late = boot.phases
    .filter((phase) => phase.endedAt === undefined)
    .filter((phase) => elapsed - phase.startedAt > Math.max(2 * (usual.phases.get(phase.name) ?? 0), phase.deadline / 3))
    .map((phase) => (phase.startedAt + phase.deadline) * 1.05);
  return Math.max(boot.seconds ?? elapsed * 1.1, boot.seconds === undefined ? (usual.total ?? 5) : 0, ...late);
}

export interface Segment {
  readonly name: BootPhaseName;
  readonly seconds: number;
}

/** What a finished start waited for, one piece after the other: a phase counts from the end of the one that ended before it. */
export function segmentsOf(boot: BootTimeline): readonly Segment[] {
  const ended = boot.phases.filter((phase) => phase.endedAt !== undefined).sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  let before = 0;
  return ended.map(({ name, endedAt = 0 }) => {
    const seconds = Math.max(0, endedAt - before);
    before = Math.max(before, endedAt);
    return { name, seconds };
  });
}

export interface KindCount {
  readonly kind: BootTimeline['kind'] | 'failed';
  readonly count: number;
  readonly median: number | undefined;
}

export function countsOf(boots: readonly BootTimeline[]): readonly KindCount[] {
  return (['resume', 'cold', 'adopt', 'failed'] as const).flatMap((kind) => {
    const mine = boots.filter((boot) => kindOf(boot) === kind);
    return mine.length === 0 ? [] : [{ kind, count: mine.length, median: median(mine.flatMap(({ seconds }) => seconds ?? [])) }];
  });
}

export function kindOf(boot: BootTimeline): KindCount['kind'] {
  return boot.error === undefined ? boot.kind : 'failed';
}
