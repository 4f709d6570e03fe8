import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChecker } from '../vm/resources';
import type { Resources } from '../vm/resources';
import { makeWhole } from './system';

let home: string;
let app: Resources;
let kept: string;

async function makePair(root: string, contents: Readonly<Record<string, string>>): Promise<Resources> {
  for (const kind of ['guest', 'bundle'] as const) {
    await mkdir(join(root, kind), { recursive: true });
    const files: Record<string, object> = {};
    for (const [name, text] of Object.entries(contents)) {
      await writeFile(join(root, kind, name), text);
      files[name] = { sha256: createHash('sha256').update(text).digest('hex'), size: text.length };
    }
    await writeFile(join(root, kind, 'manifest.json'), JSON.stringify({ format: 1, kind, arch: 'x86_64', hash: 'h', files }));
  }
  return { guest: join(root, 'guest'), bundle: join(root, 'bundle') };
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-system-'));
  kept = join(home, 'system');
  app = await makePair(join(home, 'app'), { 'system.erofs': 'the system', vmlinux: 'the kernel' });
});
afterEach(() => rm(home, { recursive: true, force: true }));

const whole = (): ReturnType<typeof makeWhole> => makeWhole({ resources: app, kept, checker: createChecker(app, join(home, 'sums.json')) });

test('a system that is whole is counted and left alone', async () => {
  expect(await whole()).toEqual({ files: 4, mended: [] });
});

test('a file that is damaged or missing comes from a kept pair that has the same one', async () => {
  await makePair(join(kept, 'b'), { 'system.erofs': 'the system', vmlinux: 'another kernel' });
  await writeFile(join(app.guest, 'system.erofs'), 'the sYstem');
  await rm(join(app.bundle, 'system.erofs'));
  expect(await whole()).toEqual({ files: 4, mended: ['guest/system.erofs', 'bundle/system.erofs'] });
  expect(await readFile(join(app.guest, 'system.erofs'), 'utf8')).toBe('the system');
});

test('what nobody has a whole copy of is said, and a damaged copy is none', async () => {
  await makePair(join(kept, 'a'), { 'system.erofs': 'the system', vmlinux: 'another kernel' });
  await writeFile(join(kept, 'a', 'guest', 'system.erofs'), 'cut');
  await writeFile(join(app.guest, 'system.erofs'), 'damaged');
  await expect(whole()).rejects.toMatchObject({ code: 'vm.imageDamaged', params: { file: 'system.erofs' } });
  expect(await readFile(join(app.guest, 'system.erofs'), 'utf8')).toBe('damaged');
});
