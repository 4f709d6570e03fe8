// The guest and the QEMU bundle: built once by vm/build.mjs into the cache, found again by a hash of vm/'s files.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, listFiles, readJson, writeJson } from './files.mjs';
import { requireNode24 } from './node24.mjs';
import { resourcesFile, root } from './paths.mjs';
import { lastLines, run } from './run.mjs';
import { StepError } from './steps.mjs';

const limitMs = 60 * 60_000;

function inputsHash() {
  const files = listFiles(join(root, 'vm')).filter((file) => !/\.(md|test\.(ts|mjs))$/.test(file));
  return hashFiles(root, files, process.arch);
}

/** { guest, bundle } where both are built from the present files, else undefined. */
export function findVmResults() {
  const found = readJson(resourcesFile);
  const whole = [found?.guest, found?.bundle].every((folder) => typeof folder === 'string' && existsSync(join(folder, 'manifest.json')));
  return whole && found.inputs === inputsHash() ? { guest: found.guest, bundle: found.bundle } : undefined;
}

export async function vmBuildPackages() {
  const { debianPackages } = await import('../../vm/build.mjs');
  return [...debianPackages];
}

export async function buildVmResults(report) {
  const inputs = inputsHash();
  const result = await run(requireNode24(), [join(root, 'vm', 'build.mjs'), 'all'], { cwd: root, timeoutMs: limitMs, onLine: report });
  const folder = (name) => new RegExp(`^${name}=(/.+)$`, 'm').exec(result.output)?.[1];
  const [guest, bundle] = [folder('guest'), folder('bundle')];
  if (result.code !== 0 || guest === undefined || bundle === undefined) {
    throw new StepError({
      what: `vm/build.mjs ${result.timedOut ? `was not done after ${limitMs / 60_000} minutes` : 'failed'}:\n${lastLines(result.output)}`,
      kept: 'Downloads and finished parts stay in the cache; nothing half made is used.',
      next: 'Check the network and the free disk space (about 3 GB), then run the command again. A Debian mirror: BERTH_DEBIAN_MIRROR=https://…',
    });
  }
  writeJson(resourcesFile, { guest, bundle, inputs });
}
