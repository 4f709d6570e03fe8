// npm run faults: the named faults, or all, so many times each, on one VM; a line for each round that failed and a row of docs/faults.md at the end.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { locateResources } from '../../../main/vm/resources';
import { faults } from '../faults';
import type { Fault } from './fault';
import { runRound } from './round';
import { openStage } from './stage';
import type { Stage } from './stage';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function repeat(stage: Stage, fault: Fault, times: number): Promise<number> {
  const seconds: number[] = [];
  let failed = 0;
  for (let round = 1; round <= times; round += 1) {
    const result = await runRound(stage, fault);
    seconds.push(result.seconds);
    failed += result.failures.length === 0 ? 0 : 1;
    result.failures.forEach((failure) => say(`${fault.name} ${round}: ${failure}`));
    say(
      `${fault.name} ${round}/${times}: ${result.failures.length === 0 ? 'passed' : 'FAILED'}, well again after ${result.seconds.toFixed(1)} s`,
    );
  }
  const sorted = seconds.sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  process.stdout.write(
    `| ${fault.name} | ${fault.what} | ${times} | ${failed} | ${median.toFixed(1)} | ${(sorted.at(-1) ?? 0).toFixed(1)} |\n`,
  );
  return failed;
}

async function main(): Promise<number> {
  // No settings of the user's own docker.
  process.env['DOCKER_CONFIG'] = mkdtempSync(join(tmpdir(), 'berth-faults-docker-'));
  const { values, positionals } = parseArgs({ options: { times: { type: 'string', default: '1' } }, allowPositionals: true });
  const asked = faults
    .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    .sort((a, b) => positionals.indexOf(a.name) - positionals.indexOf(b.name));
  const unknown = positionals.filter((name) => !faults.some((fault) => fault.name === name));
  if (unknown.length > 0) {
    say(`npm run faults -- [name…] [--times N]; names: ${faults.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const stage = await openStage(await locateResources(process.env, []));
  let failed = 0;
  try {
    for (const fault of asked) {
      failed += await repeat(stage, fault, Number(values.times));
    }
  } finally {
    await stage.dispose();
  }
  return failed === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  },
);
