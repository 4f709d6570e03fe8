// npm run bench -- <name> [arguments]: sets up, bundles bench/<name>.ts and runs it under Node 24.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { requireNode24 } from './lib/node24.mjs';
import { dist, root } from './lib/paths.mjs';
import { handOver, lastLines, run } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { createSteps, failWith, StepError } from './lib/steps.mjs';

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(join(root, 'bench')).flatMap((file) => (/^[a-z-]+\.ts$/.test(file) ? [file.slice(0, -3)] : []));

async function main() {
  const { step } = createSteps();
  await setUp(step);
  const node = requireNode24();
  const outfile = join(dist, 'bench', `${name}.cjs`);
  const bundled = await run(node, [join(root, 'scripts', 'lib', 'bundle-file.mjs'), join(root, 'bench', `${name}.ts`), outfile], {
    cwd: root,
  });
  if (bundled.code !== 0) {
    throw new StepError({ what: lastLines(bundled.output, 25), next: `Mend bench/${name}.ts.` });
  }
  return handOver(node, ['--expose-gc', outfile, ...args], { cwd: root });
}

if (name === undefined || !existsSync(join(root, 'bench', `${name}.ts`))) {
  process.stderr.write(`npm run bench -- <name>, one of: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  await main().then((code) => {
    process.exitCode = code;
  }, failWith);
}
