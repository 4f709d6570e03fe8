// The guest's side is a real shell with the two files in a folder of its own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GuestExec } from './guest';
import { tellTimeZone } from './time-zone';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-zone-'));
  mkdirSync(join(root, 'etc'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const exec: GuestExec = ([program = '', ...words], options) => {
  const moved = words.map((word) => word.replaceAll('/etc/', `${root}/etc/`));
  execFileSync(program, moved, { input: options?.stdin ?? '' });
  return Promise.resolve({ stdout: '', stderr: '', code: 0 });
};
const there = (name: string): string => readFileSync(join(root, 'etc', name), 'utf8');

test('the table is handed over as it is, in place of the folders that dockerd may have made', async () => {
  writeFileSync(join(root, 'table'), 'TZif2 of somewhere');
  mkdirSync(join(root, 'etc/localtime'));
  await tellTimeZone(exec, join(root, 'table'));
  expect(there('localtime')).toBe('TZif2 of somewhere');
  expect(there('timezone').trim()).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

test('without a table the guest’s time is UTC', async () => {
  await tellTimeZone(exec, join(root, 'none'));
  expect(there('localtime')).toBe('');
  expect(there('timezone')).toBe('Etc/UTC\n');
});

test('a guest that refuses is told', async () => {
  await expect(tellTimeZone(() => Promise.resolve({ stdout: '', stderr: 'read-only', code: 1 }))).rejects.toThrow('read-only');
});
