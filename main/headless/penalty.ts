// Wrong codes and tokens are answered late, and later with each one: guessing 256 bits is hopeless anyway, this keeps it from being a load too.
// Good ones are never delayed; how many wait at once is bounded by the server's connections.

const FIRST_MS = 250;
const LONGEST_MS = 4000;
const FORGET_MS = 60_000;

export interface Penalty {
  wait(): Promise<void>;
}

export function createPenalty(): Penalty {
  let failures = 0;
  return {
    async wait() {
      const delay = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
      failures += 1;
      setTimeout(() => {
        failures -= 1;
      }, FORGET_MS).unref();
      await new Promise((resolve) => setTimeout(resolve, delay));
    },
  };
}
