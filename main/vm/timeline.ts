// One start as it is measured: phases with their times and deadlines, the stuck one marked with what its log said last.
// Pure but for its clock and timers; what ends a phase is told to it.
import { bootPhases } from '../../preload/contract';
import type { AcceleratorName, BootPhase, BootPhaseName, BootTimeline, WireError } from '../../preload/contract';

/**
 * Seconds under hardware virtualisation; generous, since they decide when a start is given up. `data` may check a file system, `memory` reads 8 GiB
 * from the slowest disk that a laptop has.
 */
const DEADLINES: Readonly<Record<BootPhaseName, number>> = {
  prepare: 120,
  qemu: 20,
  memory: 300,
  kernel: 10,
  data: 60,
  ssh: 15,
  containerd: 15,
  dockerd: 30,
  ping: 30,
  ports: 15,
};
/** Everything in the guest is this much slower. */
const SCALE: Readonly<Record<AcceleratorName, number>> = { kvm: 1, hvf: 1, whpx: 2, tcg: 5 };

export function deadlineOf(phase: BootPhaseName, accelerator: AcceleratorName): number {
  // On the host's side nothing is emulated.
  return phase === 'prepare' || phase === 'qemu' || phase === 'memory' ? DEADLINES[phase] : DEADLINES[phase] * SCALE[accelerator];
}

export interface TimelineDeps {
  readonly kind: BootTimeline['kind'];
  readonly notResumed?: BootTimeline['notResumed'];
  readonly now?: () => number;
  onChange(timeline: BootTimeline): void;
  /** A phase is past its deadline. */
  onStuck(phase: BootPhaseName, seconds: number): void;
}

export interface Timeline {
  setAccelerator(name: AcceleratorName): void;
  begin(...phases: readonly BootPhaseName[]): void;
  end(...phases: readonly BootPhaseName[]): void;
  stuck(phase: BootPhaseName, log: string, lines: readonly string[]): void;
  /** `seconds` is the time to the end of `ping`. */
  finish(): BootTimeline;
  fail(error: WireError): BootTimeline;
  get(): BootTimeline;
}

export function createTimeline(deps: TimelineDeps): Timeline {
  const clock = deps.now ?? (() => performance.now());
  const origin = clock();
  const timers = new Map<BootPhaseName, NodeJS.Timeout>();
  const { kind, notResumed } = deps;
  let value: BootTimeline = { at: Date.now(), kind, ...(notResumed === undefined ? {} : { notResumed }), accelerator: 'tcg', phases: [] };
  const elapsed = (): number => Math.round(clock() - origin) / 1000;

  const change = (next: BootTimeline): BootTimeline => {
    value = next;
    deps.onChange(next);
    return next;
  };
  const patch = (name: BootPhaseName, update: (phase: BootPhase) => BootPhase): void => {
    change({ ...value, phases: value.phases.map((phase) => (phase.name === name ? update(phase) : phase)) });
  };
  const stopTimers = (): void => {
    timers.forEach((timer) => clearTimeout(timer));
    timers.clear();
  };

  return {
    setAccelerator(name) {
      change({ ...value, accelerator: name });
    },
    begin(...names) {
      for (const name of names.filter((wanted) => !value.phases.some((phase) => phase.name === wanted))) {
        const deadline = deadlineOf(name, value.accelerator);
        timers.set(
          name,
          setTimeout(() => deps.onStuck(name, deadline), deadline * 1000),
        );
        change({ ...value, phases: [...value.phases, { name, startedAt: elapsed(), deadline }] });
      }
    },
    end(...names) {
      for (const name of names) {
        clearTimeout(timers.get(name));
        timers.delete(name);
        patch(name, (phase) => (phase.endedAt === undefined ? { ...phase, endedAt: elapsed() } : phase));
      }
    },
    stuck(name, log, lines) {
      patch(name, (phase) => ({ ...phase, stuck: { log, lines } }));
    },
    finish() {
      stopTimers();
      const ping = value.phases.find(({ name }) => name === 'ping');
      return change({ ...value, seconds: ping?.endedAt ?? elapsed() });
    },
    fail(error) {
      stopTimers();
      return change({ ...value, error });
    },
    get: () => value,
  };
}

/** The phase to name while several run: the earliest in the order of a start. */
export function currentPhase(timeline: BootTimeline): BootPhaseName | undefined {
  const open = new Set(timeline.phases.filter(({ endedAt }) => endedAt === undefined).map(({ name }) => name));
  return bootPhases.find((name) => open.has(name));
}
