import { expect, test } from 'vitest';
import type { BootTimeline } from '../../preload/contract';
import { runCli } from '../../test/fakes/cli';

const resume: BootTimeline = {
  at: Date.UTC(2026, 10, 21, 12),
  kind: 'resume',
  accelerator: 'tcg',
  phases: [
    { name: 'prepare', startedAt: 0, endedAt: 0.1, deadline: 10 },
    { name: 'memory', startedAt: 0.2, endedAt: 0.7, deadline: 10 },
  ],
  seconds: 0.9,
};
const cold: BootTimeline = { ...resume, kind: 'cold', seconds: 7, notResumed: { key: 'diskChanged', params: {} } };
const failed: BootTimeline = {
  at: resume.at,
  kind: 'cold',
  accelerator: 'tcg',
  phases: [],
  error: { code: 'vm.exited', params: { detail: 'x' } },
};
const run = (argv: readonly string[], boots: readonly BootTimeline[]) => runCli(argv, { handlers: { 'vm.boots': () => boots } });

test('a line each, and why one was no resume or failed under it', async () => {
  const { code, stdout } = await run(['boots'], [resume, cold, failed]);
  const lines = stdout.split('\n');
  expect(code).toBe(0);
  expect(lines[0]).toMatch(/resume +0\.9 s +Memory 0\.5 · Prepare 0\.1$/);
  expect(lines[1]).toMatch(/cold boot +7\.0 s/);
  expect(lines[2]).toMatch(/^ +Saved memory was not used: the data disk changed/);
  expect(lines[3]).toMatch(/failed +–/);
  expect(lines[4]).toMatch(/^ +The virtual machine ended by itself/);
});

test('--json has what status has of a start, and the error', async () => {
  const { stdout } = await run(['boots', '--json'], [cold, failed]);
  expect(JSON.parse(stdout)).toMatchObject([
    { kind: 'cold', seconds: 7, notResumed: 'diskChanged', phases: [{ phase: 'prepare', seconds: 0.1 }, { phase: 'memory' }], error: null },
    { notResumed: null, seconds: null, error: { code: 'vm.exited' } },
  ]);
});

test('none yet', async () => {
  expect((await run(['boots'], [])).stderr).toContain('Not started yet');
});
