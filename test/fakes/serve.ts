// A whole browser shell over a fake VM and a fake engine, for work on the window and for tests of shells:
//   node test/fakes/serve.mjs [--home FOLDER] [--port N] [--containers N] [--changes PER_SECOND] [--stopped] [--suspend] [--phase-ms N]
// Prints the address that opens the window once; each empty line on stdin prints another one.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { prepareHome } from '../../main/control/home';
import { runHeadless } from '../../main/headless/run';
import { createLog } from '../../main/lib/log';
import { createTexts } from '../../main/lib/texts';
import { startFakeDockerd } from './dockerd/server';
import { createFakeVm } from './vm';

const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    port: { type: 'string', default: '0' },
    containers: { type: 'string', default: '12' },
    images: { type: 'string', default: '6' },
    changes: { type: 'string', default: '0' },
    'phase-ms': { type: 'string', default: '150' },
    stopped: { type: 'boolean', default: false },
    suspend: { type: 'boolean', default: false },
    renderer: { type: 'string', default: 'dist/renderer' },
  },
});
process.umask(0o077);
const root = values.home ?? mkdtempSync(join(tmpdir(), 'berth-fake-'));
const files = await prepareHome(root);
const engine = join(files.run.folder, 'engine.sock');
const fake = await startFakeDockerd(engine, { containers: Number(values.containers), images: Number(values.images) });
if (Number(values.changes) > 0) {
  fake.storm(Number(values.changes));
}
const headless = await runHeadless({
  files,
  log: createLog(files.logs.berth),
  texts: createTexts('en'),
  renderer: values.renderer,
  resources: { guest: join(root, 'no-guest'), bundle: join(root, 'no-bundle') },
  version: '0.0.0',
  build: 'dev',
  locale: 'en-US',
  port: Number(values.port),
  window: 'print',
  start: !values.stopped,
  createVm: createFakeVm({
    engine,
    phaseMs: Number(values['phase-ms']),
    configuration: fake.configuration,
    guestMs: 250,
    suspend: values.suspend,
  }),
  print: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
});

createInterface({ input: process.stdin }).on('line', () => {
  void headless.address(600_000).then((address) => process.stdout.write(`${address}\n`));
});
const end = (): void => {
  void headless
    .dispose({ keepVm: false })
    .then(() => fake.stop())
    .then(() => process.exit(0));
};
void headless.ended.then(end);
process.once('SIGINT', end);
process.once('SIGTERM', end);
