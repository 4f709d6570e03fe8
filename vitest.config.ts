// The suites that run under vitest, one project each; scripts/test.mjs runs and counts them. Only `vm`, `faults` and `load` boot a VM.
import { defineConfig } from 'vitest/config';

const shared = { environment: 'node', setupFiles: 'test/setup.ts', restoreMocks: true } as const;
/** Of expect.poll, whose own second is over before a busy machine has drawn a frame. */
const poll = { timeout: 30_000, interval: 100 } as const;
/** Suites that share a machine's one VM, display or set of ports: one file after the other. */
const oneByOne = { ...shared, fileParallelism: false, hookTimeout: 600_000, expect: { poll } } as const;
const renderer = ['renderer/**/*.test.{ts,tsx}'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['{main,preload,vm,bench,scripts}/**/*.test.{ts,mjs}', 'test/{arch,integration,fakes}/**/*.test.ts', ...renderer],
          testTimeout: 20_000,
        },
      },
      {
        test: { ...oneByOne, name: 'vm', include: ['test/vm/**/*.test.ts'], globalSetup: 'test/vm/global-setup.ts', testTimeout: 300_000 },
      },
      {
        test: {
          ...oneByOne,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/e2e/global-setup.ts',
          testTimeout: 120_000,
          // Only its slice boots a VM, and not in a hook: what hangs at an end costs minutes and not ten of them.
          hookTimeout: 240_000,
        },
      },
      { test: { ...oneByOne, name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeout: 300_000 } },
      { test: { ...oneByOne, name: 'load', include: ['test/load/**/*.test.ts'], testTimeout: 600_000 } },
    ],
  },
});
