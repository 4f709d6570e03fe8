import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../lib/logger';
import { isAlive } from '../../lib/process';
import { endOrphans, guard } from './orphans';
import { probe } from './probe';
import type { Evidence } from './verdicts';

const FAKE = join(import.meta.dirname, '../../../test/fakes/qemu.mjs');

let folder: string;
let pids: number[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-probe-'));
  pids = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function prove(scenario: string, change: { command?: string; signal?: AbortSignal } = {}): Promise<Evidence> {
  const qmpSocket = join(folder, 'q.sock');
  const spec = {
    command: change.command ?? process.execPath,
    args: [FAKE, scenario, qmpSocket],
    cwd: folder,
    qmpSocket,
    deadline: 4,
    silence: 2,
  };
  return probe(
    {
      ...spec,
      guard(pid) {
        pids.push(pid);
        return guard(folder, 'kvm', pid);
      },
    },
    change.signal ?? AbortSignal.timeout(20_000),
  );
}

test.each([
  ['ok', 'ok'],
  ['exits', 'exited'],
  ['internal-error', 'internal-error'],
  ['stderr-error', 'internal-error'],
  ['silent', 'timeout'],
  ['dots', 'timeout'],
])('%s → %s, and no process and no file is left', async (scenario, outcome) => {
  const evidence = await prove(scenario);
  expect(evidence.outcome).toBe(outcome);
  // An accelerator that failed is known before the time of one that is only slow.
  expect(evidence.seconds).toBeLessThan(scenario === 'dots' || scenario === 'silent' ? 10 : 4);
  await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false]));
  expect(await readdir(folder)).toEqual([]);
});

test('what the guest said last and what QEMU said are evidence', async () => {
  expect((await prove('dots')).serial).toContain('..');
  expect((await prove('exits')).stderr).toContain('Permission denied');
});

test('a program that does not start', async () => {
  const program = join(folder, 'program');
  await writeFile(program, '#!/bin/sh\n', { mode: 0o600 });
  expect(await prove('ok', { command: program })).toMatchObject({
    outcome: 'spawn-failed',
    command: program,
    stderr: expect.stringContaining('EACCES') as string,
  });
});

test('an abort ends it', async () => {
  const ending = new AbortController();
  const proof = prove('dots', { signal: ending.signal });
  await vi.waitFor(() => expect(pids).toHaveLength(1));
  ending.abort(new Error('stop'));
  await expect(proof).rejects.toThrow('stop');
  await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false]));
});

test('a proof that a killed backend left is ended by the next; another program with its pid is not', async () => {
  const proof = prove('dots').catch(() => undefined);
  await vi.waitFor(async () => expect(await readdir(folder)).toContain('probe-kvm.json'));
  await writeFile(join(folder, 'probe-tcg.json'), JSON.stringify({ pid: process.pid, startTime: '1', bootId: 'x' }));
  await endOrphans(folder, silentLogger);
  expect((await proof)?.outcome).toBe('exited');
  expect(await readdir(folder)).toEqual([]);
});
