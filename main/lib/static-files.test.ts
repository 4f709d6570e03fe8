import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listStaticFiles } from './static-files';

describe('the table of static files', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'static-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '');
    await writeFile(join(folder, 'assets', 'a.js'), '');
    await writeFile(join(folder, 'assets', 'a.js.map'), '');
    await writeFile(join(folder, '.env'), '');
    await symlink('/etc/passwd', join(folder, 'passwd.html'));
    await symlink('/etc', join(folder, 'etc'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('holds what a page may load, under its address, with its type', async () => {
    const files = await listStaticFiles(folder);
    expect([...files.keys()].sort()).toEqual(['/', '/assets/a.js', '/index.html']);
    expect(files.get('/assets/a.js')?.type).toContain('javascript');
  });

  it('follows no links', async () => {
    const files = await listStaticFiles(folder);
    expect([...files.keys()].filter((key) => key.includes('passwd'))).toEqual([]);
  });
});
