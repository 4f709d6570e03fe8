// Set-up, the same for every command: only what is missing, in order, each step shown. With everything in place it reads a few hundred small
// files and starts no process, so that the second start is instant and works with the network off.
import { join } from 'node:path';
import { installDebianPackages, inPath, missingDebianPackages } from './debian.mjs';
import { requireNode24 } from './node24.mjs';
import { installNpmPackages, npmPackagesMissing } from './npm-packages.mjs';
import { parts } from './parts.mjs';
import { root } from './paths.mjs';
import { lastLines, run } from './run.mjs';
import { StepError } from './steps.mjs';
import { buildVmResults, findVmResults, vmBuildPackages } from './vm-results.mjs';

/**
 * @param step as createSteps gives it
 * @param options `extraPackages`: Debian packages beyond the build's; `vm`, `app`: build these parts; `afterNpm`: called once packages are there
 */
export async function setUp(step, { extraPackages = [], vm = true, app = true, afterNpm = () => {} } = {}) {
  if (npmPackagesMissing()) {
    await step('npm packages', installNpmPackages);
  }
  requireNode24();
  afterNpm();
  const buildVm = vm && findVmResults() === undefined;
  const wanted = [...new Set([...extraPackages, ...(buildVm ? await vmBuildPackages() : [])])];
  if (wanted.length > 0 && process.platform === 'linux') {
    const missing = inPath('dpkg-query') ? await missingDebianPackages(wanted) : wanted;
    if (missing.length > 0) {
      const say = (line) => process.stderr.write(`${line}\n`);
      await step(`Debian packages (${missing.length})`, (report) => installDebianPackages(missing, report, say));
    }
  }
  if (buildVm) {
    await step('guest image and QEMU', buildVmResults);
  }
  if (app && parts().some((part) => !part.fresh)) {
    await step('application', buildApp);
  }
}

async function buildApp(report) {
  const result = await run(requireNode24(), [join(root, 'scripts', 'build.mjs')], { cwd: root, timeoutMs: 600_000, onLine: report });
  if (result.code !== 0) {
    throw new StepError({
      what: `the build failed:\n${lastLines(result.output, 25)}`,
      next: 'Mend the named file and run the command again.',
    });
  }
}
