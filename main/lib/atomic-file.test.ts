import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readJson, readJsonOr, readText, writeAtomic, writeJson } from './atomic-file';
import { createLineSplitter } from './lines';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('written whole, private, with its folder, and nothing is left beside it', async () => {
  const path = join(folder, 'new', 'value.json');
  await writeJson(path, { a: 1 });
  expect(await readJson(path)).toEqual({ a: 1 });
  expect([(await stat(path)).mode & 0o777, (await stat(join(folder, 'new'))).mode & 0o777]).toEqual([0o600, 0o700]);
  expect(await readdir(join(folder, 'new'))).toEqual(['value.json']);
});

test('many writers at once leave one whole file', async () => {
  const path = join(folder, 'value');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(texts.map((text) => writeAtomic(path, text)));
  expect(texts).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['value']);
});

test('absent is undefined; damaged is an error, or the default where that may be', async () => {
  const path = join(folder, 'x.json');
  expect([await readText(path), await readJson(path)]).toEqual([undefined, undefined]);
  await writeFile(path, '{"a":');
  await expect(readJson(path)).rejects.toThrow(SyntaxError);
  expect(await readJsonOr(path, (value) => value, 'default')).toBe('default');
});

test('lines survive any cut, a character in two chunks and a line without end', () => {
  const splitter = createLineSplitter(10);
  const bytes = Buffer.from('ä\nböc\n');
  const lines = [...bytes].flatMap((byte) => splitter.push(Buffer.from([byte])));
  expect(lines).toEqual(['ä', 'böc']);
  expect(splitter.push(Buffer.from('x'.repeat(25)))).toEqual(['x'.repeat(10), 'x'.repeat(10)]);
  expect(splitter.push(Buffer.from('\n'))).toEqual(['xxxxx']);
});
