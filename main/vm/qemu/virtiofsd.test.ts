import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureFolder } from '../../lib/atomic-file';
import { homeFiles } from '../../lib/home';
import type { HomeFiles } from '../../lib/home';
import { silentLogger } from '../../lib/logger';
import { createShareServers, openFileLimit, virtiofsdArgs } from './virtiofsd';
import type { ShareServers } from './virtiofsd';

let root: string;
let files: HomeFiles;
const spec = { tag: '0123456789ab', folder: '/shared, folder', readOnly: false };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-servers-'));
  files = homeFiles(root, join(root, 'run'));
  await Promise.all([files.logs.folder, files.run.folder].map(ensureFolder));
  // A keeper and its server in one: it listens where it is told, as long as it is not ended; `bad` does not, `twice` has a second one beside it.
  await mkdir(join(root, 'bin'));
  await writeFile(
    join(root, 'bin/keeper'),
    `#!/bin/sh\ncase $2 in bad) echo no such folder >&2; exit 1;; twice) sleep 60 3>&- & esac\nexec ${process.execPath} -e 'require("net").createServer().listen(process.argv[1])' "$1"\n`,
  );
  await chmod(join(root, 'bin/keeper'), 0o755);
});
afterEach(async () => {
  await servers('good').clear();
  await rm(root, { recursive: true });
});

function servers(command: string): ShareServers {
  return createShareServers({
    files,
    keeper: join(root, 'bin/keeper'),
    command,
    environment: process.env,
    log: silentLogger,
    fileLimit: () => Promise.resolve(1000),
  });
}

test('one that is started listens in the home, is written down, and leaves nothing when it is stopped', async () => {
  const server = await servers('good').start(spec, 3);
  expect(server).toMatchObject({ spec, slot: 3, socket: 'run/fs-0123456789ab.sock' });
  expect(existsSync(join(root, server.socket))).toBe(true);
  expect(await readdir(files.state.shares)).toEqual(['0123456789ab.json']);
  await server.stop();
  await server.gone;
  expect([...(await readdir(files.state.shares)), ...(await readdir(files.run.folder))]).toEqual([]);
});

test('the next backend finds those that run, and sees each one’s end', async () => {
  const [first] = await Promise.all([servers('good').start(spec, 3), servers('good').start({ ...spec, tag: 'dead00dead00' }, 4)]);
  const adopted = await servers('good').adopt();
  expect(adopted.map(({ slot }) => slot).sort()).toEqual([3, 4]);
  const dead = adopted.find(({ slot }) => slot === 4);
  await dead?.stop();
  await dead?.gone;
  const mine = adopted.find(({ slot }) => slot === 3);
  expect(await mine?.answers()).toBe(true);
  await first.stop();
  await mine?.gone;
  // Its pipe is closed a moment before it is gone.
  await vi.waitFor(async () => expect(await mine?.answers()).toBe(false), { timeout: 5000 });
});

test('one whose first keeper is killed is answered for by the second, to the next backend too; one with neither is a device that hangs', async () => {
  const [first, second] = await Promise.all([servers('twice').start(spec, 3), servers('good').start({ ...spec, tag: 'dead00dead00' }, 4)]);
  const pids = await Promise.all(
    [spec.tag, 'dead00dead00'].map(
      async (tag) => (JSON.parse(await readFile(join(files.state.shares, `${tag}.json`), 'utf8')) as { readonly pid: number }).pid,
    ),
  );
  pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
  await Promise.all([first.gone, second.gone]);
  await vi.waitFor(async () => expect([await first.answers(), await second.answers()]).toEqual([true, false]));
  const adopted = await servers('good').adopt();
  const known = await Promise.all(adopted.map(async ({ slot, answers }) => [slot, await answers()]));
  expect(known.sort()).toEqual([
    [3, true],
    [4, false],
  ]);
  process.kill(-(pids[0] ?? 0), 'SIGKILL');
  await vi.waitFor(async () => expect(await first.answers()).toBe(false));
});

test('one that does not come up says why, and leaves nothing', async () => {
  await expect(servers('bad').start(spec, 0)).rejects.toMatchObject({
    code: 'shares.mountFailed',
    params: { path: spec.folder, detail: 'no such folder' },
  });
  expect(await readdir(files.run.folder)).toEqual([]);
});

test('those that QEMU left are ended', async () => {
  const server = await servers('good').start(spec, 0);
  await servers('good').clear();
  await vi.waitFor(async () => expect(await server.answers()).toBe(false));
  expect(await readdir(files.state.shares)).toEqual([]);
});

test('its arguments: of root only what hides the record; read-only where asked', () => {
  expect(virtiofsdArgs(spec, 1000, false)).toEqual(
    expect.arrayContaining(['--shared-dir', '/shared, folder', '--sandbox', 'none', '--rlimit-nofile', '1000']),
  );
  expect(virtiofsdArgs(spec, 65_535, false)).toContain('--no-readdirplus');
  expect(virtiofsdArgs(spec, 65_536, false)).not.toContain('--no-readdirplus');
  const map = (root: boolean): string => virtiofsdArgs(spec, 1, root).find((arg) => arg.includes('user.berth.')) ?? '';
  expect(map(true)).toBe(':bad:all:user.berth.:user.berth.: :ok:all:::');
  expect(map(false)).toContain(':unsupported:all:security.');
  expect(virtiofsdArgs({ ...spec, readOnly: true }, 1, false)).toContain('--readonly');
});

test('the hard limit of open files is read', async () => {
  expect(await openFileLimit()).toBeGreaterThan(0);
});
