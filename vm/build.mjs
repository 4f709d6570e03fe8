#!/usr/bin/env node
// node vm/build.mjs guest|bundle|all [--arch x86_64] [--force]: builds what ./AGREEMENT.md lists, or finds it in the cache.
// Plain Node without packages, because set-up runs it before there are any. Also imported by scripts/.
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostArch } from './build/arch.mjs';
import { buildBundle as makeBundle } from './build/bundle.mjs';
import { buildGuest as makeGuest } from './build/guest.mjs';
import { StepError } from './build/steps.mjs';

export { debianPackages } from './build/debian.mjs';

const base = dirname(fileURLToPath(import.meta.url));
const toStderr = (line) => process.stderr.write(`${line}\n`);

/** Both resolve to the folder of the result. */
export const buildGuest = ({ arch = hostArch(), log = toStderr, force = false } = {}) => makeGuest({ base, arch, log, force });
export const buildBundle = ({ arch = hostArch(), log = toStderr, force = false } = {}) => makeBundle({ base, arch, log, force });

/** A failed build in words: what failed, what was said, what is kept, what to do. */
export function explain(error) {
  const output = error.output ? `\nIts last lines:\n${error.output.replace(/^/gm, '    ')}\n` : '';
  const network = /Could not resolve|Failed to fetch|Connection|timed out|apt-get update/i.test(error.output ?? '');
  const advice = error.missing
    ? 'Install what is missing (Debian and Ubuntu: apt-get install with the names that `npm start` shows) and run the same command again.'
    : network
      ? 'The Debian mirror could not be reached. Check the network and its proxy, or name a nearer mirror in BERTH_DEBIAN_MIRROR, and run the same command again.'
      : 'Run the same command again; if it fails in the same way, the lines above say where.';
  return `${error instanceof StepError ? 'failed: ' : ''}${error.message}\n${output}Kept: results of earlier builds, untouched. Of this one nothing is left half made.\nWhat to do: ${advice}`;
}

async function main([what, ...rest]) {
  const builders = { guest: buildGuest, bundle: buildBundle };
  const wanted = what === 'all' ? ['bundle', 'guest'] : [what];
  const arch = rest.includes('--arch') ? rest[rest.indexOf('--arch') + 1] : hostArch();
  if (!wanted.every((kind) => builders[kind])) {
    throw new Error('usage: node vm/build.mjs guest|bundle|all [--arch x86_64] [--force]');
  }
  const results = [];
  for (const kind of wanted) {
    results.push(`${kind}=${await builders[kind]({ arch, force: rest.includes('--force') })}`);
  }
  process.stdout.write(`${results.join('\n')}\n`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    toStderr(explain(error));
    process.exitCode = 1;
  });
}
