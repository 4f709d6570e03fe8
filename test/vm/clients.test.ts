// Clients as they are, on the whole backend: each with its own reading of Docker's API, none of which knows Berth.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import Dockerode from 'dockerode';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { freePort } from '../../main/vm/qemu/launch';
import { runDocker, startDocker, type CliOptions } from './cli';
import { CLI_IMAGE, ensureCliImage, ensureTestImage, TEST_IMAGE } from './images';
import { openBackend, quiet, type OpenBackend } from './open-backend';

const run = promisify(execFile);
const RYUK = 'testcontainers/ryuk:0.14.0';
const DOCKER_PY = '7.2.0';
const scripts = join(import.meta.dirname, 'clients');
let open: OpenBackend;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  open = await openBackend(inject('vmHome'));
  await Promise.all([ensureTestImage(open), ensureCliImage(open)]);
  folder = await mkdtemp('/tmp/berth-clients-');
  await writeFile(join(folder, 'words'), 'bound words\n');
  await open.handlers['shares.add']({ path: folder, readOnly: false }, quiet);
  env = { ...process.env, DOCKER_HOST: open.dockerHost, PATH: `${join(open.resources.bundle, 'bin')}:${process.env['PATH'] ?? ''}` };
});
afterAll(async () => {
  await docker(['rm', '-f', 'clients-ryuk', 'clients-dockerode', 'clients-py'], { allowed: true });
  await docker(['compose', '-p', 'shop', 'down', '-t', '1'], { allowed: true });
  await open.handlers['shares.remove']({ path: folder, force: true }, quiet);
  await open.close({ keepVm: true });
  await rm(folder, { recursive: true, force: true });
});

async function docker(
  args: readonly string[],
  { allowed = false, ...options }: CliOptions & { readonly allowed?: boolean } = {},
): Promise<string> {
  const { code, stdout, stderr } = await runDocker(open, args, options);
  expect(allowed || code === 0, `docker ${args.join(' ')}: ${stderr}`).toBe(true);
  return stdout;
}

test('Testcontainers: its reaper reaches the engine’s socket and the host its port, and a suite that is killed leaves nothing', async () => {
  await docker(['create', '--name', 'clients-ryuk', CLI_IMAGE]);
  await docker(['cp', join(scripts, 'ryuk.sh'), 'clients-ryuk:/ryuk.sh']);
  await docker(['commit', '--change', 'ENTRYPOINT ["/bin/sh", "/ryuk.sh"]', '--change', 'CMD []', 'clients-ryuk', RYUK]);
  const suite = spawn(process.execPath, [join(scripts, 'testcontainers.mjs'), TEST_IMAGE, folder, String(await freePort())], {
    // The override: where the tests themselves run in a container, Testcontainers would look for ports at that container's gateway.
    env: { ...env, TESTCONTAINERS_RYUK_PORT: String(await freePort()), TESTCONTAINERS_HOST_OVERRIDE: 'localhost' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((done, failed) => {
    suite.stdout.once('data', (bytes: Buffer) => done(bytes.toString()));
    suite.once('exit', (code) => failed(new Error(`the suite ended with ${code}`)));
  });
  const seen = JSON.parse(line) as { readonly id: string };
  expect(seen).toMatchObject({ host: 'localhost', page: 'copied\n', output: 'bound words\n', exitCode: 0 });
  suite.kill('SIGKILL');
  await expect.poll(() => docker(['ps', '-aq', '--no-trunc', '--filter', `id=${seen.id}`]), { timeout: 60_000 }).toBe('');
  await docker(['network', 'prune', '-f', '--filter', 'label=org.testcontainers=true']);
  // The reaper ends by itself some time after its suite, and is removed by the engine then.
  const reapers = (await docker(['ps', '-aq', '--filter', `ancestor=${RYUK}`])).split('\n').filter(Boolean);
  await docker(['rm', '-f', ...reapers], { allowed: true });
  await vi.waitFor(() => docker(['rmi', RYUK]), { timeout: 60_000, interval: 500 });
});

test('dockerode: run, exec with stdin, logs, stats, events, archives', async () => {
  const client = new Dockerode({ socketPath: open.dockerHost.slice('unix://'.length) });
  const events = (await client.getEvents({ filters: { container: ['clients-dockerode'] } })) as NodeJS.ReadableStream & { destroy(): void };
  let told = '';
  events.on('data', (bytes: Buffer) => (told += bytes.toString()));
  const container = await client.createContainer({
    name: 'clients-dockerode',
    Image: TEST_IMAGE,
    Cmd: ['sh', '-c', 'cat /bound/words; sleep 1000'],
    HostConfig: { Mounts: [{ Type: 'bind', Source: folder, Target: '/bound' }], PortBindings: { '80/tcp': [{ HostPort: '' }] } },
  });
  await container.start();
  const exec = await container.exec({ Cmd: ['sha256sum'], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  let sum = '';
  stream.on('data', (bytes: Buffer) => (sum += bytes.subarray(8).toString()));
  stream.end('words');
  await new Promise((done) => stream.once('end', done));
  expect(sum).toMatch(/^[0-9a-f]{64} {2}-\n$/);
  expect((await exec.inspect()).ExitCode).toBe(0);
  expect((await container.logs({ stdout: true, follow: false })).toString()).toContain('bound words');
  expect(await container.stats({ stream: false })).toHaveProperty('memory_stats');
  const archive = extract();
  (await container.getArchive({ path: '/bound/words' })).pipe(archive);
  for await (const entry of archive) {
    expect(entry.header.size).toBe(12);
    entry.resume();
  }
  await container.remove({ force: true });
  await expect.poll(() => told).toContain('"destroy"');
  events.destroy();
});

test('docker-py', async ({ skip }) => {
  const folderOfPackage = join(homedir(), '.cache', 'berth', `docker-py-${DOCKER_PY}`);
  if (!existsSync(join(folderOfPackage, 'docker'))) {
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folderOfPackage, `docker==${DOCKER_PY}`];
    const refused = await run('python3', install).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (refused !== undefined) {
      await rm(folderOfPackage, { recursive: true, force: true });
      skip(`docker-py cannot be had here: ${refused}`);
    }
  }
  const { stdout } = await run('python3', [join(scripts, 'docker-py.py'), TEST_IMAGE, folder], {
    env: { ...env, PYTHONPATH: folderOfPackage },
  });
  expect(JSON.parse(stdout)).toMatchObject({
    ping: true,
    run: 'bound words\npy\n',
    exec: 4,
    demux: ['out\n', 'err\n'],
    logs: ['line 1\n', 'line 2\n', 'line 3\n'],
    archive: [4, 'kept'],
    stats: true,
    built: ['clients-py:built'],
  });
});

test('dev containers: the workspace bound at its place, a lifecycle command, exec', async () => {
  const workspace = join(folder, 'dev');
  await mkdir(join(workspace, '.devcontainer'), { recursive: true });
  await writeFile(
    join(workspace, '.devcontainer', 'devcontainer.json'),
    JSON.stringify({ image: TEST_IMAGE, postCreateCommand: 'echo made > made', remoteUser: 'root' }),
  );
  const cli = resolve('node_modules/@devcontainers/cli/devcontainer.js');
  const up = await run(process.execPath, [cli, 'up', '--workspace-folder', workspace, '--id-label', 'berth-test=dev'], { env });
  const { outcome, containerId } = JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '{}') as { outcome: string; containerId: string };
  expect(outcome).toBe('success');
  expect(await readFile(join(workspace, 'made'), 'utf8')).toBe('made\n');
  await writeFile(join(workspace, 'edited'), 'on the host\n');
  const inside = await run(
    process.execPath,
    [cli, 'exec', '--workspace-folder', workspace, '--id-label', 'berth-test=dev', 'cat', 'edited'],
    { env },
  );
  expect(inside.stdout.trim()).toBe('on the host');
  await docker(['rm', '-f', containerId]);
});

test('Compose: a bound source folder and a watched one, edited on the host', async () => {
  const project = join(folder, 'shop');
  await mkdir(join(project, 'www'), { recursive: true });
  await mkdir(join(project, 'synced'));
  await writeFile(join(project, 'Dockerfile'), `FROM ${TEST_IMAGE}\nCOPY synced /synced\nCMD ["httpd", "-f", "-p", "80", "-h", "/www"]\n`);
  await Promise.all([writeFile(join(project, 'www', 'page'), 'first\n'), writeFile(join(project, 'synced', 'page'), 'first\n')]);
  await writeFile(
    join(project, 'compose.yaml'),
    `services:\n  web:\n    build: .\n    ports: ["127.0.0.1:${await freePort()}:80"]\n    volumes: ["./www:/www:ro"]\n    develop:\n      watch:\n        - {action: sync, path: ./synced, target: /synced}\n`,
  );
  const at = { cwd: project };
  await docker(['compose', 'up', '-d', '--build'], at);
  const address = (await docker(['compose', 'port', 'web', '80'], at)).trim();
  const page = async (): Promise<string> => (await fetch(`http://${address}/page`)).text();
  expect(await page()).toBe('first\n');
  await writeFile(join(project, 'www', 'page'), 'second\n');
  await expect.poll(page).toBe('second\n');
  const watching = await startDocker(open, ['compose', 'watch', '--no-up'], at);
  const synced = (): Promise<string> => docker(['compose', 'exec', '-T', 'web', 'cat', '/synced/page'], at);
  let round = 0;
  // Compose says when it watches on different streams in different versions: edited until it is seen.
  await expect
    .poll(
      async () => {
        await writeFile(join(project, 'synced', 'page'), `synced ${(round += 1)}\n`);
        return synced();
      },
      { timeout: 60_000, interval: 1000 },
    )
    .toMatch(/^synced/);
  watching.child.kill('SIGINT');
  await watching.done;
  await docker(['compose', 'down', '--rmi', 'local', '-t', '1'], at);
});
