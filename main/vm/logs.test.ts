import { appendFile, mkdtemp, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { capLogs, followLog, printable, tailLog } from './logs';

let files: HomeFiles;

beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-logs-'));
  files = homeFiles(home, join(home, 'run'));
  await mkdir(files.logs.folder);
});
afterEach(() => rm(files.root, { recursive: true }));

test('a tail has the last lines; of the guest’s log those of one service, without its name', async () => {
  await writeFile(files.logs.guest, 'dockerd one\ncontainerd two\ndockerd three\ndockerd four\n');
  expect(await tailLog(files, 'dockerd', 2)).toEqual(['three', 'four']);
  expect(await tailLog(files, 'containerd', 9)).toEqual(['two']);
  expect(await tailLog(files, 'guest', 1)).toEqual(['dockerd four']);
  expect(await tailLog(files, 'serial', 9)).toEqual([]);
});

test('what the guest writes cannot draw on a terminal', async () => {
  await writeFile(files.logs.serial, '\u001b[2J\u001b]0;title\u0007hello\u001b[31m red\u0000\u0008\u009b\r\n');
  expect(await tailLog(files, 'serial', 9)).toEqual(['hello red']);
  expect(printable('tab\tstays, 中文 too')).toBe('tab\tstays, 中文 too');
});

test('following: the tail, then what comes, also after the file was cut', async () => {
  await writeFile(files.logs.serial, 'a\nb\n');
  const ending = new AbortController();
  const lines: string[] = [];
  const done = (async () => {
    for await (const batch of followLog(files, 'serial', 1, ending.signal)) {
      lines.push(...batch.lines);
    }
  })();
  await vi.waitFor(() => expect(lines).toEqual(['b']));
  await appendFile(files.logs.serial, 'c\nhal');
  await vi.waitFor(() => expect(lines).toEqual(['b', 'c']));
  await appendFile(files.logs.serial, 'f\n');
  await vi.waitFor(() => expect(lines).toEqual(['b', 'c', 'half']));
  await truncate(files.logs.serial);
  await appendFile(files.logs.serial, 'new\n');
  await vi.waitFor(() => expect(lines.at(-1)).toBe('new'));
  ending.abort();
  await done;
});

test('following a log that is not there yet', async () => {
  const ending = new AbortController();
  const lines: string[] = [];
  const done = (async () => {
    for await (const batch of followLog(files, 'dockerd', 10, ending.signal)) {
      lines.push(...batch.lines);
    }
  })();
  await vi.waitFor(async () => expect((await stat(files.logs.guest)).mode & 0o777).toBe(0o600));
  await appendFile(files.logs.guest, 'sshd x\ndockerd y\n');
  await vi.waitFor(() => expect(lines).toEqual(['y']));
  ending.abort();
  await done;
});

test('a log over its limit is kept as the older one and begins anew, in place', async () => {
  await writeFile(files.logs.serial, 'x'.repeat(2000));
  await writeFile(files.logs.shares, 'y'.repeat(2000));
  await writeFile(files.logs.guest, 'small');
  const { ino } = await stat(files.logs.serial);
  await capLogs(files, 1000);
  expect(await stat(files.logs.serial)).toMatchObject({ size: 0, ino });
  expect(await readFile(`${files.logs.serial}.1`, 'utf8')).toHaveLength(2000);
  expect((await stat(files.logs.shares)).size).toBe(0);
  expect(await readFile(files.logs.guest, 'utf8')).toBe('small');
});
