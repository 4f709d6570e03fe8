// What the application is built from and into: one part a bundle, each with the inputs whose contents decide whether it must be built again.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, listFiles, readJson } from './files.mjs';
import { dist, root } from './paths.mjs';

export const buildRecord = join(dist, 'build.json');

const nodeSources = ['main', 'preload', 'assets/locales', 'assets/mirrors.json'];
const bundler = ['package.json', 'package-lock.json', 'scripts/lib/bundle.mjs', 'scripts/lib/parts.mjs', 'tsconfig.base.json'];

const allParts = [
  { name: 'electron', entry: 'main/electron.ts', out: 'main/electron.cjs', inputs: nodeSources },
  { name: 'headless', entry: 'main/headless.ts', out: 'main/headless.cjs', inputs: nodeSources },
  { name: 'cli', entry: 'main/cli.ts', out: 'main/cli.cjs', inputs: nodeSources },
  { name: 'preload', entry: 'preload/electron.ts', out: 'preload/electron.cjs', inputs: ['preload'] },
  { name: 'renderer', entry: 'renderer/index.html', out: 'renderer', inputs: ['renderer', 'preload', 'assets', 'vite.config.ts'] },
];

/** Each part with the hash of its inputs and whether what is in dist was made from them. */
export function parts() {
  const made = readJson(buildRecord) ?? {};
  const inputs = new Map();
  const filesOf = (path) => {
    if (!inputs.has(path)) {
      inputs.set(
        path,
        listFiles(join(root, path)).filter((file) => !/\.test\.tsx?$|\/\./.test(file)),
      );
    }
    return inputs.get(path);
  };
  // What both ends of a connection compare: the same for every part, new with every change of the contract.
  const build = `${readJson(join(root, 'package.json')).version}-${hashFiles(root, filesOf('preload')).slice(0, 8)}`;
  const common = bundler.flatMap(filesOf);
  const hashes = new Map();
  return allParts
    .filter((part) => existsSync(join(root, part.entry)))
    .map((part) => {
      const key = part.inputs.join();
      if (!hashes.has(key)) {
        hashes.set(key, hashFiles(root, [...common, ...part.inputs.flatMap(filesOf)]));
      }
      const hash = hashes.get(key);
      return { ...part, hash, build, fresh: made[part.name] === hash && existsSync(join(dist, part.out)) };
    });
}
