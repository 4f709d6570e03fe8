// npm run package [-- --dir | --linux deb | …]: sets up, draws the icons and calls electron-builder with what it is given.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findElectron } from './lib/electron.mjs';
import { readJson } from './lib/files.mjs';
import { requireNode24 } from './lib/node24.mjs';
import { dist, inModules, resourcesFile, root } from './lib/paths.mjs';
import { lastLines, run } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { createSteps, failWith, StepError } from './lib/steps.mjs';

const sizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024];

async function drawIcons() {
  const { drawPictures } = await import('./lib/draw.mjs');
  const svg = readFileSync(join(root, 'assets', 'berth-icon.svg'), 'utf8');
  await drawPictures(sizes.map((size) => ({ svg, size, path: join(dist, 'icons', `${size}x${size}.png`) })));
}

/** electron-builder copies from inside the project only: what lies in the cache is linked into dist/package. */
function linkIn(folders) {
  mkdirSync(join(dist, 'package'), { recursive: true });
  for (const [name, target] of Object.entries(folders)) {
    rmSync(join(dist, 'package', name), { force: true });
    symlinkSync(target, join(dist, 'package', name), 'junction');
  }
}

/** Where a test's Electron is given, its version is said too: electron-builder would otherwise fetch the one of package.json. */
function electronOptions() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const folder = override || (findElectron() === undefined ? undefined : inModules('electron', 'dist'));
  if (folder === undefined || process.platform === 'darwin') {
    return [];
  }
  return [`-c.electronDist=${folder}`, `-c.electronVersion=${readFileSync(join(folder, 'version'), 'utf8').trim().replace(/^v/, '')}`];
}

/** The tests' Electron is a script around its binary, and a script has no fuses. */
function configFile() {
  const file = 'electron-builder.yml';
  if (!existsSync(join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? '', 'electron-bin'))) {
    return file;
  }
  const withoutFuses = join(dist, 'package', 'electron-builder.json');
  writeFileSync(withoutFuses, JSON.stringify({ extends: file, electronFuses: null }));
  return withoutFuses;
}

async function main(args) {
  const { step } = createSteps();
  await setUp(step, { extraPackages: existsSync('/usr/bin/google-chrome') ? [] : ['chromium'] });
  const { guest, bundle } = readJson(resourcesFile);
  await step('icons', drawIcons);
  await step('package', async (report) => {
    linkIn({ guest, bundle, node: dirname(requireNode24()) });
    const command = [
      inModules('electron-builder', 'cli.js'),
      '--config',
      configFile(),
      '--publish',
      'never',
      ...electronOptions(),
      ...args,
    ];
    const result = await run(requireNode24(), command, { cwd: root, onLine: report });
    if (result.code !== 0) {
      throw new StepError({
        what: `electron-builder failed:\n${lastLines(result.output, 25)}`,
        next: 'Mend what it names and run the command again.',
      });
    }
  });
  process.stdout.write(`${join(root, 'out')}\n`);
}

await main(process.argv.slice(2)).catch(failWith);
