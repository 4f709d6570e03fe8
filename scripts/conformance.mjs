// npm run conformance: pjdfstest and fsx from crates.io, built without a C library of the system, on a bind mount of a real VM.
// Needs cargo with the musl target; not part of npm test.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from '../vm/build/cache.mjs';
import { requireNode24 } from './lib/node24.mjs';
import { dist, root } from './lib/paths.mjs';
import { handOver, lastLines, run } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { createSteps, failWith, StepError } from './lib/steps.mjs';

const crates = ['pjdfstest@0.2.2', 'fsx@0.3.2'];
const target = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-musl`;
const built = join(cacheRoot(), `conformance-${crates.join('-').replaceAll('@', '-')}-${target}`);

async function must(command, args, next) {
  const { code, output } = await run(command, args, { cwd: root });
  if (code !== 0) {
    throw new StepError({ what: lastLines(output, 25), next });
  }
}

async function main() {
  const { step } = createSteps();
  await setUp(step);
  if (!crates.every((crate) => existsSync(join(built, 'bin', crate.split('@')[0])))) {
    await step('pjdfstest and fsx', () =>
      must(
        'cargo',
        ['install', '--locked', '--target', target, '--root', built, ...crates],
        `Install cargo, and the target by: rustup target add ${target}`,
      ),
    );
  }
  const node = requireNode24();
  const outfile = join(dist, 'conformance.cjs');
  const entry = join(root, 'test/conformance/run.ts');
  await must(node, [join(root, 'scripts/lib/bundle-file.mjs'), entry, outfile], `Mend ${entry}.`);
  return handOver(node, [outfile, join(built, 'bin'), ...process.argv.slice(2)], { cwd: root });
}

await main().then((code) => {
  process.exitCode = code;
}, failWith);
