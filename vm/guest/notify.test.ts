// The guest's role `notify`, compiled for this machine with sanitizers: on file systems that are no shares it must do nothing at all.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'berth-notify-'));
const program = join(folder, 'notify');

beforeAll(() => {
  const flags = ['-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined', '-fno-sanitize-recover'];
  const sources = ['notify.c', 'ended.c', 'mountinfo.c', 'sys.c', '../test/notify-main.c'].map((name) => join(import.meta.dirname, name));
  execFileSync('gcc', [...flags, '-o', program, ...sources]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const record = (text: string | Buffer): Buffer => {
  const body = Buffer.from(text);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
};
const END = Buffer.alloc(4);

/** Counts of each answer: told, failed, not on a share, on one whose server would write. */
function notify(...input: readonly Buffer[]): { readonly status: number | null; readonly answers: readonly (readonly number[])[] } {
  const { status, stdout, stderr } = spawnSync(program, { input: Buffer.concat(input) });
  expect(`${stderr}`).toBe('');
  const numbers = Array.from({ length: stdout.length / 4 }, (_, i) => stdout.readUInt32BE(i * 4));
  return { status, answers: Array.from({ length: numbers.length / 4 }, (_, i) => numbers.slice(i * 4, i * 4 + 4)) };
}

test('touches no file and no folder that is not on a share, whatever it is told of them', () => {
  const files = ['a', 'é', 'with space'].map((name) => join(folder, 'data', name));
  mkdirSync(join(folder, 'data'));
  files.forEach((path) => writeFileSync(path, 'kept'));
  const times = (): bigint[] =>
    [join(folder, 'data'), ...files].flatMap((path) => [
      statSync(path, { bigint: true }).ctimeNs,
      statSync(path, { bigint: true }).mtimeNs,
    ]);
  const before = times();
  const all = ['c', 'n', 'd'].flatMap((letter) => [join(folder, 'data'), ...files].map((path) => record(letter + path)));
  expect(notify(...all, END)).toEqual({ status: 0, answers: [[0, 0, 12, 0]] });
  expect(times()).toEqual(before);
});

test('makes nothing where something went', () => {
  const gone = join(folder, 'gone');
  const { answers } = notify(record(`n${gone}`), END, record(`d${gone}`), END, record(`c${gone}/deeper`), END);
  expect(answers).toEqual([
    [0, 0, 1, 0],
    [1, 0, 1, 0],
    [1, 1, 1, 0],
  ]);
  expect(existsSync(gone)).toBe(false);
});

test('ends with its input, answers each end of a batch, and gives up on what is no record', () => {
  expect(notify()).toEqual({ status: 0, answers: [] });
  expect(notify(END, END)).toEqual({
    status: 0,
    answers: [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  });
  expect(notify(record('crelative'), record('c'), record('c/'), END).answers).toEqual([[0, 0, 3, 0]]);
  expect(notify(record(Buffer.from([0x63, 0x2f, 0xff, 0xfe])), END).answers).toEqual([[0, 1, 0, 0]]);
  expect(notify(Buffer.from([0x7f, 0xff, 0xff, 0xff])).status).toBe(2);
  expect(notify(record(`c/${'x'.repeat(4095)}`)).status).toBe(2);
});
