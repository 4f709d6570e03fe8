// npm run faults -- [name…] [--times N]: sets up, bundles the faults and runs them on a real VM. Rows of docs/faults.md come out at the end.
import { join } from 'node:path';
import { requireNode24 } from './lib/node24.mjs';
import { dist, root } from './lib/paths.mjs';
import { handOver, lastLines, run } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { createSteps, failWith, StepError } from './lib/steps.mjs';

/** The test image is made of Debian's busybox, pulls come from its registry. */
const extraPackages = ['docker-registry', 'busybox-static'];

async function main() {
  const { step } = createSteps();
  await setUp(step, { extraPackages });
  const node = requireNode24();
  const outfile = join(dist, 'faults', 'faults.cjs');
  const entry = join(root, 'test', 'faults', 'harness', 'main.ts');
  const bundled = await run(node, [join(root, 'scripts', 'lib', 'bundle-file.mjs'), entry, outfile], { cwd: root });
  if (bundled.code !== 0) {
    throw new StepError({ what: lastLines(bundled.output, 25), next: 'Mend test/faults.' });
  }
  process.env.BERTH_RESOURCES ??= join(dist, 'resources.json');
  return handOver(node, [outfile, ...process.argv.slice(2)], { cwd: root });
}

await main().then((code) => {
  process.exitCode = code;
}, failWith);
