// The guest's memory to a file and back, compiled and run on the host: what was used comes back, what was not takes no space, and a file that is not
// exactly what was saved is not believed.
import { execFile } from 'node:child_process';
import { open, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createMemoryFile } from '../../main/vm/qemu/memory';

const PAGE = 4096;
const SIZE = 4096 * PAGE;
let folder: string;
let memory: string;
let file: string;
const copier = createMemoryFile(() => join(folder, 'memory-file'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-memory-'));
  memory = join(folder, 'memory');
  file = join(folder, 'file');
  const source = join(import.meta.dirname, 'memory-file.c');
  await promisify(execFile)('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', join(folder, 'memory-file'), source]);
});
afterAll(() => rm(folder, { recursive: true }));

/** Bytes at their places in a file of `SIZE` that has nothing else. */
async function memoryWith(parts: Readonly<Record<number, Buffer>>): Promise<void> {
  await rm(memory, { force: true });
  const handle = await open(memory, 'w');
  await handle.truncate(SIZE);
  for (const [place, bytes] of Object.entries(parts)) {
    await handle.write(bytes, 0, bytes.length, Number(place));
  }
  await handle.close();
}

const long = Buffer.from(Array.from({ length: 100 * PAGE }, (_, index) => (index * 7 + (index >> 12)) % 251));
beforeEach(async () => {
  await rm(file, { force: true });
  await memoryWith({
    0: Buffer.from('first'),
    [3 * PAGE]: Buffer.alloc(PAGE),
    [70 * PAGE]: long,
    [SIZE - 1]: Buffer.from([1]),
  });
});

test('comes back as it was, into memory that is as sparse', async () => {
  const before = await readFile(memory);
  await copier.save(memory, file);
  expect((await stat(file)).size).toBeLessThan(104 * PAGE);
  await memoryWith({});
  await copier.load(file, memory);
  expect((await readFile(memory)).equals(before)).toBe(true);
  expect((await stat(memory)).blocks * 512).toBeLessThanOrEqual(104 * PAGE);
});

test('memory that was never used is a file of its own', async () => {
  await memoryWith({});
  await copier.save(memory, file);
  await copier.load(file, memory);
  expect((await stat(memory)).blocks).toBe(0);
});

const flip = async (place: number): Promise<void> => {
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  await writeFile(file, bytes);
};

test.each([
  ['a flipped bit in a page', 'damaged', () => flip(50 * PAGE)],
  // The first run's place: after the head of 16 bytes.
  ['a page in another place', 'damaged', () => flip(17)],
  ['a run that is longer than any', 'damaged', () => flip(16 + 8 + 6)],
  ['another sum', 'damaged', async () => flip((await stat(file)).size - 10)],
  ['a lost end', 'not whole', async () => truncate(file, (await stat(file)).size - 4)],
  ['half of it', 'not whole', () => truncate(file, 40 * PAGE)],
  ['rubbish', 'not a guest’s memory', () => writeFile(file, 'x'.repeat(100))],
  ['nothing', 'not whole', () => writeFile(file, '')],
])('%s is refused', async (_, words, change) => {
  await copier.save(memory, file);
  await change();
  await memoryWith({});
  await expect(copier.load(file, memory)).rejects.toThrow(words);
});

test('memory of another size is refused, and without a size gets it', async () => {
  await copier.save(memory, file);
  await truncate(memory, SIZE / 2);
  await expect(copier.load(file, memory)).rejects.toThrow(`${memory}: of another size`);
  await truncate(memory, 0);
  await copier.load(file, memory);
  expect((await stat(memory)).size).toBe(SIZE);
});

test('a full disk is said in the system’s words, as is memory that is gone', async () => {
  await expect(copier.save(memory, '/dev/full')).rejects.toThrow('/dev/full: No space left on device');
  await rm(memory);
  await expect(copier.save(memory, file)).rejects.toThrow(`${memory}: No such file or directory`);
});
