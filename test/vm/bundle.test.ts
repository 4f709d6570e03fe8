// The bundle's programs start from wherever the folder lies and with whatever HOME is there, and docker finds its plug-ins in it.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testResources } from './open-vm';

const run = promisify(execFile);
let scratch: string;
let bundle: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-bundle-'));
  bundle = join(scratch, 'a folder, with: "every" $thing; in 它 \n name');
  await cp((await testResources()).bundle, bundle, { recursive: true, verbatimSymlinks: true });
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

async function start(program: string, ...args: string[]): Promise<string> {
  const home = join(scratch, 'home');
  await mkdir(home, { recursive: true });
  return (await run(program, args, { env: { HOME: home, PATH: '/nowhere' } })).stdout;
}

test.each([
  ['qemu-system-x86_64', ['--version'], /QEMU emulator version 10\./],
  ['qemu-img', ['--version'], /qemu-img version 10\./],
  ['virtiofsd', ['--version'], /virtiofsd 1\./],
  ['docker', ['--version'], /Docker version/],
  ['docker', ['compose', 'version'], /Docker Compose version/],
  ['docker', ['buildx', 'version'], /buildx/],
] as const)('%s %j', async (program, args, expected) => {
  expect(await start(join(bundle, 'bin', program), ...args)).toMatch(expected);
});

test('QEMU finds its firmware, machines and modules there', async () => {
  expect(await start(join(bundle, 'bin/qemu-system-x86_64'), '-machine', 'help')).toContain('q35');
  const [qemu, seabios] = (await start(join(bundle, 'bin/qemu-system-x86_64'), '-L', 'help')).split('\n');
  // A folder whose name the loader would split is reached through an open descriptor.
  expect([qemu, seabios]).toEqual(['/proc/self/fd/62/usr/share/qemu', '/proc/self/fd/62/usr/share/seabios']);
});

test('a link to a starter works as the starter', async () => {
  await symlink(join(bundle, 'bin/docker'), join(scratch, 'docker'));
  expect(await start(join(scratch, 'docker'), 'compose', 'version')).toContain('Compose');
});

test('docker lists its plug-ins, and nothing is written to the user’s folder', async () => {
  const info = await start(join(bundle, 'bin/docker'), 'info', '--format', '{{range .ClientInfo.Plugins}}{{.Name}} {{end}}').catch(
    (error: unknown) => {
      return (error as { readonly stdout: string }).stdout; // docker fails for want of an engine, after it has said what it knows
    },
  );
  expect(info.trim().split(' ').sort()).toEqual(['buildx', 'compose']);
  expect(await readdir(join(scratch, 'home'))).toEqual([]);
});

test('every package’s terms are kept, and what was changed is said', async () => {
  const licenses = await readdir(join(bundle, 'licenses'));
  expect(licenses).toEqual(
    expect.arrayContaining([
      'qemu-system-x86',
      'docker-cli',
      'docker-buildx',
      'docker-compose',
      'libc6',
      'virtiofsd',
      'CHANGES',
      'common-GPL-2',
    ]),
  );
  const manifest = JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8')) as {
    packages: Record<string, string>;
    files: Record<string, unknown>;
  };
  expect(manifest.packages['qemu-system-x86']).toMatch(/^1:10\./);
  expect(Object.keys(manifest.files)).toContain('root/usr/bin/qemu-system-x86_64');
});
