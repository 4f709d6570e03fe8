// Runs in a container: chokidar and Node's own fs.watch on one folder, a line for each event. `node watcher.mjs FOLDER`
import { watch as fsWatch } from 'node:fs';
import { relative } from 'node:path';
import { watch } from 'chokidar';

const folder = process.argv[2];
const say = (line) => process.stdout.write(`${line}\n`);
fsWatch(folder, (event, name) => say(`fs.watch ${event} ${name}`));
watch(folder, { ignoreInitial: true })
  .on('all', (event, path) => say(`chokidar ${event} ${relative(folder, path)}`))
  .on('ready', () => say('watching'));
