// Wakes one waiter; beats that nobody waited for count as one.

export interface Pulse {
  beat(): void;
  next(): Promise<void>;
}

export function createPulse(): Pulse {
  let beaten = false;
  let wake: () => void = () => undefined;
  return {
    beat() {
      beaten = true;
      wake();
    },
    async next() {
      if (!beaten) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      beaten = false;
    },
  };
}
