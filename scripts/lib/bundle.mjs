// Bundles one part of the application. Everything goes into the bundle but native modules; the targets are those of the oldest Electron the
// tests can get (Node 16, Chromium 108), so that one build runs everywhere. Results are renamed into place: two builds at once do not collide.
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { readJson } from './files.mjs';
import { dist, root } from './paths.mjs';

/** Its CommonJS build asks for its parts by a `require` that is handed around, which no bundler can follow. */
export const alias = { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' };
const external = ['electron', 'node-pty', 'cpu-features', '*.node'];

export async function bundleNode({ entry, outfile, build: buildId = 'dev', target = 'node16' }) {
  const temporary = join(dirname(outfile), `.${process.pid}-${Date.now()}`, 'bundle.cjs');
  mkdirSync(dirname(outfile), { recursive: true });
  try {
    await build({
      entryPoints: [entry],
      outfile: temporary,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target,
      external,
      alias,
      sourcemap: 'inline',
      sourcesContent: false,
      legalComments: 'none',
      logLevel: 'warning',
      absWorkingDir: root,
      define: {
        'import.meta.url': '__moduleUrl',
        'import.meta.dirname': '__dirname',
        'import.meta.filename': '__filename',
        'process.env.BERTH_BUILD': JSON.stringify(buildId),
        'process.env.BERTH_VERSION': JSON.stringify(readJson(join(root, 'package.json')).version),
      },
      // Only where it is used: a sandboxed preload has no __filename.
      banner: { js: "const __moduleUrl = typeof __filename === 'string' ? require('url').pathToFileURL(__filename).href : '';" },
    });
    renameSync(temporary, outfile);
  } finally {
    rmSync(dirname(temporary), { recursive: true, force: true });
  }
}

async function bundleRenderer({ out, build: buildId }) {
  const temporary = `${out}.${process.pid}.new`;
  const old = `${out}.${process.pid}.old`;
  process.env.BERTH_BUILD = buildId;
  const { build: viteBuild } = await import('vite');
  try {
    await viteBuild({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn', build: { outDir: temporary } });
    for (const [from, to] of [
      [out, old],
      [temporary, out],
    ]) {
      try {
        renameSync(from, to);
      } catch (error) {
        // Another build was faster; its result was made from the same files.
        if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') {
          throw error;
        }
      }
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

export async function buildPart(part) {
  const out = join(dist, part.out);
  if (part.name === 'renderer') {
    await bundleRenderer({ out, build: part.build });
  } else {
    await bundleNode({ entry: join(root, part.entry), outfile: out, build: part.build });
  }
}
