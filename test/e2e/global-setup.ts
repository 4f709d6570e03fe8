// The window as it stands in the sources, built once for all files of test/e2e. Set beforehand, BERTH_TEST_RENDERER is a build to use as it is.
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'vite';

let built: string | undefined;

export async function setup(): Promise<void> {
  if (process.env['BERTH_TEST_RENDERER'] !== undefined) {
    return;
  }
  built = resolve('node_modules/.cache', `e2e-renderer-${process.pid}`);
  await build({ configFile: resolve('vite.config.ts'), logLevel: 'error', build: { outDir: built, emptyOutDir: true } });
  process.env['BERTH_TEST_RENDERER'] = built;
}

export function teardown(): void {
  if (built !== undefined) {
    delete process.env['BERTH_TEST_RENDERER'];
    rmSync(built, { recursive: true, force: true });
  }
}
