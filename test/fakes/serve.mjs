// Bundles serve.ts (its imports have no extensions, which bare Node cannot follow) and runs it.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { alias } from '../../scripts/lib/bundle.mjs';

const outfile = fileURLToPath(new URL(`../../node_modules/.cache/fake-serve-${process.pid}.mjs`, import.meta.url));
await build({
  entryPoints: [fileURLToPath(new URL('serve.ts', import.meta.url))],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['node-pty', 'cpu-features', '*.node'],
  alias,
  // Packages in CommonJS call require, which an ES module does not have.
  banner: {
    js: "import { createRequire as berthRequire } from 'node:module'; const require = berthRequire(import.meta.url); const __dirname = import.meta.dirname; const __filename = import.meta.filename;",
  },
  logLevel: 'warning',
});
await import(pathToFileURL(outfile).href);
(await import('node:fs')).rmSync(outfile);
