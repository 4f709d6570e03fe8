// When the host's wall clock and its monotonic clock part: the host slept, or somebody or a time server set the clock. One look a second, because
// neither announces itself to a plain process; Electron's and logind's signals come no earlier than this and say nothing more.
// Knows nothing of what follows from it.

/** The guest may be wrong by a second; what a time server does in small steps adds up to a jump too. */
const JUMP_MS = 500;
const LOOK_MS = 1000;

export interface HostClockDeps {
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
  /** How far the wall clock went beyond the monotonic one since the last jump; negative = back. */
  readonly onJump: (milliseconds: number) => void;
  readonly monotonic?: () => number;
}

export interface HostClock {
  dispose(): void;
}

export function watchHostClock({ wall, onJump, monotonic = () => performance.now() }: HostClockDeps): HostClock {
  let between = wall() - monotonic();
  const timer = setInterval(() => {
    const now = wall() - monotonic();
    const jump = now - between;
    if (Math.abs(jump) >= JUMP_MS) {
      between = now;
      onJump(Math.round(jump));
    }
  }, LOOK_MS);
  timer.unref();
  return { dispose: () => clearInterval(timer) };
}
