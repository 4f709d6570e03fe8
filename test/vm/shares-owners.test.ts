// A bound folder as databases and tools need it, with virtiofsd as an ordinary user: owners that are seen, files, names, locks.
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runDocker } from './cli';
import { ensureTestImage, TEST_IMAGE } from './images';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';
import { testResources } from './open-vm';
import { makeUserBundle, USER } from './user-bundle';
import type { UserBundle } from './user-bundle';

/** On a disk with extended attributes, as homes are. */
const folder = mkdtempSync('/var/tmp/berth-owned-');
let bundle: UserBundle;
let box: OpenBackend;

beforeAll(async () => {
  // Databases' users must be able to pass it, as on plain Linux.
  chmodSync(folder, 0o755);
  bundle = await makeUserBundle(await testResources());
  box = await openBackend(inject('vmHome'), { resources: bundle.resources });
  await ensureTestImage(box);
  await box.handlers['shares.add']({ path: folder, readOnly: false }, quiet);
  for (const script of ['databases.sh', 'files.sh']) {
    copyFileSync(join(import.meta.dirname, script), join(folder, script));
  }
});

afterAll(async () => {
  await box.handlers['shares.remove']({ path: folder, force: true }, quiet);
  await box.close({ keepVm: true });
  await bundle.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** In a container of its own, as root there, with all of busybox. */
async function contain(script: string, ...args: readonly string[]): Promise<string> {
  const tools = 'mkdir -p /tools && busybox --install -s /tools && export PATH=/tools:$PATH';
  const { code, stdout, stderr } = await runDocker(box, [
    'run',
    '--rm',
    '-v',
    `${folder}:/shared`,
    TEST_IMAGE,
    'sh',
    '-c',
    `${tools}; ${script}`,
    'sh',
    ...args,
  ]);
  expect(`${stderr}${code === 0 ? '' : `ended with ${code}`}`).toBe('');
  return stdout.trim();
}

/** A program of test/conformance, into the share. */
const compile = (name: string): Promise<unknown> =>
  promisify(execFile)('cc', ['-O1', '-static', '-o', join(folder, name), join(import.meta.dirname, `../conformance/${name}.c`)]);

const owner = process.getuid?.() === 0 ? 0 : process.getuid!();

/** Every file below, with who owns it on the host. */
function ownersBelow(path: string): Set<number> {
  return new Set(
    [path, ...readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))].map((name) => lstatSync(name).uid),
  );
}

test('the databases start on bound folders, twice, and the host’s user owns the files', async () => {
  const databases = ['postgres', 'mysql', 'mongo'];
  databases.forEach((name) => mkdirSync(join(folder, `data-${name}`)));
  const each = (script: string): Promise<string> =>
    contain(`for name in ${databases.join(' ')}; do data=/shared/data-$name; ${script}; done`);
  // A script that ended with `exec` would end the loop.
  const start = '(sh /shared/databases.sh $name $data)';
  expect(await each(`stat -c %u:%g $data; ${start}`)).toBe(databases.map(() => `${USER}:${USER}\nready 1`).join('\n'));
  expect(await each(`${start}; stat -c %u $data $data/starts`)).toBe([999, 998, 997].map((uid) => `ready 2\n${uid}\n${uid}`).join('\n'));
  for (const name of databases) {
    expect(ownersBelow(join(folder, `data-${name}`))).toEqual(new Set([owner]));
    expect(readFileSync(join(folder, `data-${name}`, 'starts'), 'utf8')).toBe('2\n');
  }
});

test('links, large and sparse files, renames, names, modes, times and many files', async () => {
  mkdirSync(join(folder, 'files'));
  expect(await contain('sh /shared/files.sh /shared/files 1000')).toBe('');
  expect(statSync(join(folder, 'files/sparse')).blocks).toBeLessThan(2048);
  expect(readdirSync(join(folder, 'files/many'))).toHaveLength(1000);
  expect(
    readdirSync(Buffer.from(join(folder, 'files')), { encoding: 'buffer' }).some((name) =>
      name.equals(Buffer.from('latin-\xe9\xff', 'latin1')),
    ),
  ).toBe(true);
  expect(readdirSync(join(folder, 'files'))).toContain('名字 😀 "x" \\ *');
});

test('containers cannot see the record, nor what a mode keeps from others', async () => {
  await compile('attributes');
  const script = [
    ...['cd /shared', 'echo secret >kept', 'chown 7:7 kept', './attributes kept', 'chmod 600 kept', 'cat kept'],
    ...[
      "echo 'other:x:8:8::/:/bin/sh' >>/etc/passwd",
      "su other -c 'cat kept' 2>&1",
      'chmod 0 kept',
      'cat kept',
      "stat -c '%u:%g %a' kept",
    ],
  ].join('; ');
  expect((await contain(script)).split('\n')).toEqual([
    ...['user.note', 'hello', 'get ENODATA', 'set EPERM', 'remove EPERM'],
    ...['secret', "cat: can't open 'kept': Permission denied", 'secret', '7:7 0'],
  ]);
  expect(lstatSync(join(folder, 'kept')).mode & 0o7777).toBe(0);
  expect(lstatSync(join(folder, 'kept')).uid).toBe(owner);
});

test('locks and shared memory hold between containers', async () => {
  await compile('locks');
  const kinds = ['sqlite', 'fcntl', 'flock', 'mmap'];
  // Side by side, or nothing is proved: each waits for the other before each kind.
  const meet = ': >/shared/meet/$kind-$(hostname); until [ "$(ls /shared/meet | grep -c $kind)" = 2 ]; do :; done';
  const script = `for kind in ${kinds.join(' ')}; do ${meet}; /shared/locks $kind /shared/count-$kind 100; done`;
  mkdirSync(join(folder, 'meet'));
  // What memory the file is mapped to holds at the end; the other three count in the file.
  const mapped = await Promise.all([contain(script), contain(script)]);
  expect(Math.max(...mapped.map(Number))).toBe(200);
  const counted = kinds.slice(0, 3).map((kind) => readFileSync(join(folder, `count-${kind}`), 'utf8'));
  expect(counted).toEqual(['200\n', '200\n', '200\n']);
});
