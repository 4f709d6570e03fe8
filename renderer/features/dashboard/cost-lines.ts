// What the points of a span of costs are as lines: one place a minute, or ten, from the first that is known up to now; a time
// that nobody looked at is a gap.
import type { CostSpan } from '../../../preload/contract';

export const costSpans = ['hour', 'day'] as const;
export type CostSpanName = (typeof costSpans)[number];

const PLACES: Readonly<Record<CostSpanName, { readonly count: number; readonly ms: number }>> = {
  hour: { count: 60, ms: 60_000 },
  day: { count: 144, ms: 600_000 },
};

/** A line of less is a dot in an empty frame. */
const LEAST = 10;

type Values = readonly (number | null)[];

export interface CostLines {
  /** Milliseconds since the epoch, of the places. */
  readonly times: readonly number[];
  /** The first that is known, where that is after the span's begin. */
  readonly since?: number;
  readonly cpu: { readonly real: Values; readonly guest: Values };
  readonly memory: { readonly real: Values; readonly guest: Values };
}

/** `undefined` while there is no point: there is nothing to draw. */
export function linesOf({ points }: CostSpan, name: CostSpanName): CostLines | undefined {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) {
    return undefined;
  }
  const { count: most, ms } = PLACES[name];
  const count = Math.min(most, Math.max(LEAST, (last.at - first.at) / ms + 1));
  const times = Array.from({ length: count }, (_, place) => last.at - (count - 1 - place) * ms);
  const byTime = new Map(points.map((point) => [point.at, point]));
  const line = (figure: (point: CostSpan['points'][number]) => number | undefined): Values =>
    times.map((at) => {
      const point = byTime.get(at);
      return point === undefined ? null : (figure(point) ?? null);
    });
  return {
    times,
    ...(count === most ? {} : { since: first.at }),
    cpu: { real: line(({ cpu }) => cpu), guest: line(({ guest }) => guest.cpu) },
    memory: { real: line(({ memoryBytes }) => memoryBytes), guest: line(({ guest }) => guest.usedBytes) },
  };
}

/** The largest that is known, 0 where none is. */
export function peakOf(values: Values): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}
