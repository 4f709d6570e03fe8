// The last hour by the minute and the last day by ten minutes: sums of looks, kept in the ring on the disk, told as spans. A time without looks, because
// Berth was off or the computer slept, has no point.
import { costParts } from '../../preload/contract';
import type { CostFigures, CostOfPart, CostPoint, CostSpan, GuestFigures } from '../../preload/contract';
import { asError } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { UsedByPart } from './account';
import { createRingFile } from './ring';
import type { RingShape } from './ring';

/** What passed between two looks. */
export interface Look {
  /** Milliseconds since the epoch, of its end. */
  readonly at: number;
  readonly seconds: number;
  readonly used: UsedByPart;
  readonly guest?: { readonly cpuSeconds: number; readonly usedBytes: number; readonly writtenBytes: number };
}

export interface History {
  load(): Promise<void>;
  /** Written to the disk once a minute. */
  add(look: Look): void;
  /** What has not been written yet. */
  flush(): Promise<void>;
  hour(now: number): CostSpan;
  day(now: number): CostSpan;
}

const HOUR = { seconds: 60, places: 60 };
const DAY = { seconds: 600, places: 144 };
const SHAPES: readonly RingShape[] = [HOUR, DAY];

/** Sums over a place's time, by their index in a record; not a number = not told. Memory is in bytes times seconds. */
const SECONDS = 0;
const GUEST = { seconds: 1, cpuSeconds: 2, usedBytes: 3, writtenBytes: 4 } as const;
const PART_START = 5;
const PART = { processes: 0, cpuSeconds: 1, memoryBytes: 2, writtenBytes: 3, wakeups: 4 } as const;
const PART_WIDTH = 5;
const WIDTH = PART_START + costParts.length * PART_WIDTH;

export function createHistory(path: string, log: Logger): History {
  const file = createRingFile(path, SHAPES, WIDTH, log);
  const rings = SHAPES.map(() => new Map<number, Float64Array>());
  let writing: Promise<void> = Promise.resolve();
  let minute = 0;

  function sumsOf(ring: number, number: number): Float64Array {
    const places = rings[ring] ?? new Map<number, Float64Array>();
    const found = places.get(number);
    if (found !== undefined) {
      return found;
    }
    const sums = new Float64Array(WIDTH).fill(Number.NaN);
    places.set(number, sums);
    for (const old of [...places.keys()].filter((each) => each <= number - (SHAPES[ring]?.places ?? 0))) {
      places.delete(old);
    }
    return sums;
  }

  function write(at: number): Promise<void> {
    // One after the other: two writes at once could make the file twice.
    writing = writing.then(async () => {
      for (const [ring, { seconds }] of SHAPES.entries()) {
        const number = Math.floor(at / 1000 / seconds);
        const values = rings[ring]?.get(number);
        if (values !== undefined) {
          await file.write(ring, { number, values });
        }
      }
    });
    return (writing = writing.catch((error: unknown) =>
      log.debug('the history of costs was not written', { error: asError(error).message }),
    ));
  }

  function span(ring: number, { seconds, places }: RingShape, now: number): CostSpan {
    const newest = Math.floor(now / 1000 / seconds);
    const kept = [...(rings[ring] ?? [])].filter(([number]) => number > newest - places && number <= newest).sort(([a], [b]) => a - b);
    const whole = new Float64Array(WIDTH).fill(Number.NaN);
    kept.forEach(([, sums]) => sums.forEach((value, index) => plus(whole, index, value)));
    return {
      seconds: known(whole[SECONDS]) ?? 0,
      ...figuresOf(whole),
      parts: partsOf(whole),
      guest: guestOf(whole),
      points: kept.map(([number, sums]): CostPoint => ({
        at: number * seconds * 1000,
        seconds: known(sums[SECONDS]) ?? 0,
        ...figuresOf(sums),
        guest: guestOf(sums),
      })),
    };
  }

  return {
    async load() {
      const loaded = await file.load();
      loaded.forEach((records, ring) => records.forEach(({ number, values }) => rings[ring]?.set(number, values)));
    },
    add(look) {
      const present = Math.floor(look.at / 60_000);
      if (minute !== 0 && present !== minute) {
        void write(minute * 60_000);
      }
      minute = present;
      SHAPES.forEach(({ seconds }, ring) => addLook(sumsOf(ring, Math.floor(look.at / 1000 / seconds)), look));
    },
    flush: () => (minute === 0 ? Promise.resolve() : write(minute * 60_000)),
    hour: (now) => span(0, HOUR, now),
    day: (now) => span(1, DAY, now),
  };
}

function addLook(sums: Float64Array, { seconds, used, guest }: Look): void {
  plus(sums, SECONDS, seconds);
  if (guest !== undefined) {
    plus(sums, GUEST.seconds, seconds);
    plus(sums, GUEST.cpuSeconds, guest.cpuSeconds);
    plus(sums, GUEST.usedBytes, guest.usedBytes * seconds);
    plus(sums, GUEST.writtenBytes, guest.writtenBytes);
  }
  for (const [part, { processes, cpuSeconds, memoryBytes, writtenBytes, wakeups }] of used) {
    const start = PART_START + costParts.indexOf(part) * PART_WIDTH;
    plus(sums, start + PART.processes, processes * seconds);
    plus(sums, start + PART.cpuSeconds, cpuSeconds);
    plus(sums, start + PART.memoryBytes, memoryBytes === undefined ? undefined : memoryBytes * seconds);
    plus(sums, start + PART.writtenBytes, writtenBytes);
    plus(sums, start + PART.wakeups, wakeups);
  }
}

function plus(sums: Float64Array, index: number, value: number | undefined): void {
  if (value !== undefined && !Number.isNaN(value)) {
    sums[index] = (known(sums[index]) ?? 0) + value;
  }
}

function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

/** Missing where a part of it is. */
function ratio<K extends string>(key: K, value: number | undefined, seconds: number | undefined): Readonly<Partial<Record<K, number>>> {
  return (value === undefined || !seconds ? {} : { [key]: value / seconds }) as Readonly<Partial<Record<K, number>>>;
}

function mean<K extends string>(key: K, sum: number | undefined, seconds: number | undefined): Readonly<Partial<Record<K, number>>> {
  return (sum === undefined || !seconds ? {} : { [key]: Math.round(sum / seconds) }) as Readonly<Partial<Record<K, number>>>;
}

function figuresAt(sums: Float64Array, start: number, seconds: number | undefined): CostFigures {
  const written = known(sums[start + PART.writtenBytes]);
  return {
    ...ratio('cpu', known(sums[start + PART.cpuSeconds]), seconds),
    ...mean('memoryBytes', known(sums[start + PART.memoryBytes]), seconds),
    ...(written === undefined ? {} : { writtenBytes: written }),
    ...ratio('wakeups', known(sums[start + PART.wakeups]), seconds),
  };
}

function partsOf(sums: Float64Array): readonly CostOfPart[] {
  const seconds = known(sums[SECONDS]);
  return costParts.flatMap((part, index) => {
    const start = PART_START + index * PART_WIDTH;
    const processes = known(sums[start + PART.processes]);
    return processes === undefined || !seconds ? [] : [{ part, processes: processes / seconds, ...figuresAt(sums, start, seconds) }];
  });
}

function figuresOf(sums: Float64Array): CostFigures {
  return total(partsOf(sums));
}

/** All parts together. */
export function total(parts: readonly CostFigures[]): CostFigures {
  const keys = ['cpu', 'memoryBytes', 'writtenBytes', 'wakeups'] as const;
  const told = keys.map((key) => [key, parts.flatMap((part) => part[key] ?? [])] as const);
  return Object.fromEntries(told.flatMap(([key, values]) => (values.length === 0 ? [] : [[key, values.reduce((a, b) => a + b)]])));
}

function guestOf(sums: Float64Array): GuestFigures {
  const seconds = known(sums[GUEST.seconds]);
  const written = known(sums[GUEST.writtenBytes]);
  return {
    ...ratio('cpu', known(sums[GUEST.cpuSeconds]), seconds),
    ...mean('usedBytes', known(sums[GUEST.usedBytes]), seconds),
    ...(written === undefined ? {} : { writtenBytes: written }),
  };
}
