// npm run -s berth -- <command>: the command line, under the Node that was brought. No set-up, because it must be quick.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findNode24 } from './lib/node24.mjs';
import { dist, resourcesFile } from './lib/paths.mjs';
import { handOver } from './lib/run.mjs';

const cli = join(dist, 'main', 'cli.cjs');
const node = findNode24();
if (node === undefined || ![cli, resourcesFile].every((file) => existsSync(file))) {
  process.stderr.write('Berth is not built yet: run `npm start` once.\n');
  process.exitCode = 1;
} else {
  process.exitCode = await handOver(node, [cli, ...process.argv.slice(2)]);
}
