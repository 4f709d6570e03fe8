// Before every test file: no test may touch the user's own home of Berth, settings of Docker or desktop.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'berth-test-'));
process.env['BERTH_HOME'] ??= join(scratch, 'home');
process.env['DOCKER_CONFIG'] ??= join(scratch, 'docker');

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});
