// As root no mode forbids anything, so the refusal is made by the `open` that is handed in; modes and files are real.
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { despiteMode } from './despite-mode';

let folder: string;
let path: Buffer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-mode-'));
  path = Buffer.from(join(folder, 'a'));
  await writeFile(path, 'text');
  await chmod(path, 0o000);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (of: Buffer): Promise<number> => (await stat(of)).mode & 0o7777;

async function opened(readOnly: boolean, fails = false): Promise<number> {
  return despiteMode({ path, beneath: { chmod: (of, mode) => chmod(of, mode) }, readOnly, kind: 'file' }, async () => {
    const mode = await modeOf(path);
    if (fails || (mode & 0o400) === 0) {
      throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    }
    return mode;
  });
}

test('the mode is raised for one try and is what it was afterwards', async () => {
  expect(await opened(false)).toBe(0o600);
  expect(await modeOf(path)).toBe(0o000);
  await expect(opened(false, true)).rejects.toThrow('permission denied');
  expect(await modeOf(path)).toBe(0o000);
});

test('on a read-only share nothing is raised', async () => {
  await expect(opened(true)).rejects.toThrow('permission denied');
  expect(await modeOf(path)).toBe(0o000);
});
