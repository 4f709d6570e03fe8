// The real docker CLI on the engine's socket of the host, as users drive it: every kind of stream that Docker's API knows.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConnect } from '../../main/connect/create-connect';
import { silentLogger } from '../../main/lib/logger';
import { BerthError } from '../../preload/contract';
import { runDocker, startDocker, type CliOptions, type CliResult } from './cli';
import { everything, useVm } from './harness';
import { CLI_IMAGE, ensureCliImage, ensureTestImage, makeRootfs, TEST_IMAGE } from './images';
import { openEngine, type OpenEngine } from './open-engine';

const box = useVm();
let open: OpenEngine;
let scratch: string;
const docker = (args: readonly string[], options?: CliOptions): Promise<CliResult> => runDocker(open, args, options);
const ok = async (args: readonly string[], options?: CliOptions): Promise<string> => {
  const { code, stdout, stderr } = await docker(args, options);
  expect(code, `docker ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
};

beforeAll(async () => {
  open = await openEngine(box().vm.dialer);
  await ensureTestImage(open);
  scratch = await mkdtemp(join(tmpdir(), 'berth-cli-'));
  await ok(['run', '-d', '--name', 'cli-box', TEST_IMAGE, 'sleep', '100000']);
});
afterAll(async () => {
  await docker(['rm', '-f', 'cli-box']);
  await open.close();
  await rm(scratch, { recursive: true, force: true });
});

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('ps, version and info answer', async () => {
  expect(await ok(['ps', '--format', '{{.Names}}'])).toContain('cli-box');
  expect(await ok(['version', '--format', '{{.Server.Version}}'])).toMatch(/^\d+\./);
  expect(await ok(['info', '--format', '{{.LiveRestoreEnabled}}'])).toBe('true\n');
});

test('the docker context leads a plain CLI here, and gives back what was selected before', async () => {
  const folder = join(scratch, 'config');
  const env = { DOCKER_HOST: '', DOCKER_CONFIG: folder };
  await ok(['context', 'create', 'before', '--docker', 'host=unix:///nowhere'], { env });
  await ok(['context', 'use', 'before'], { env });
  const { context } = createConnect({
    dockerHost: open.dockerHost,
    socket: open.socket,
    memoryPath: join(scratch, 'connect.json'),
    dockerCliFolder: '',
    systemSocket: undefined,
    env,
    log: silentLogger,
  });
  await context.keep();
  expect(await ok(['--context', 'berth', 'ps', '--format', '{{.Names}}'], { env })).toContain('cli-box');
  expect(await ok(['context', 'inspect', 'berth', '--format', '{{.Endpoints.docker.Host}}'], { env })).toBe(`${open.dockerHost}\n`);
  expect(await ok(['context', 'show'], { env })).toBe('before\n');
  await context.select(true);
  expect(await ok(['context', 'show'], { env })).toBe('berth\n');
  expect(await ok(['ps', '--format', '{{.Names}}'], { env })).toContain('cli-box');
  await context.remove();
  expect(await ok(['context', 'ls', '--format', '{{.Name}} {{.Current}}'], { env })).toBe('before true\ndefault false\n');
});

test('exec: output apart, exit codes, stdin to its end', async () => {
  expect(await docker(['exec', 'cli-box', 'sh', '-c', 'echo out; echo err >&2; exit 4'])).toEqual({
    code: 4,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  const input = randomBytes(300_000);
  expect(await ok(['exec', '-i', 'cli-box', 'sha256sum'], { input })).toBe(`${sha256(input)}  -\n`);
  expect((await docker(['exec', 'cli-box', 'nosuch'])).code).toBe(127);
});

test('exec -it in a terminal: a tty, typed input, the exit code', async () => {
  const shell = await startDocker(open, ['exec', '-it', 'cli-box', 'sh', '-c', 'tty; read line; echo "got $line"; exit 3'], { tty: true });
  await shell.until('/dev/pts/');
  shell.child.stdin?.write('words\r');
  await shell.until('got words');
  expect((await shell.done).code).toBe(3);
});

test('run -i: a file in, its sum out', async () => {
  const input = randomBytes(1_000_000);
  expect(await ok(['run', '-i', '--rm', TEST_IMAGE, 'sha256sum'], { input })).toBe(`${sha256(input)}  -\n`);
});

test('attach sees what a running container prints, and is ended with it', async () => {
  await ok(['run', '-d', '-i', '--name', 'cli-attach', TEST_IMAGE, 'sh', '-c', 'read line; echo "read $line"; exit 5']);
  // dockerd closes the output of an attach whose stdin ends first, so it stays open.
  const attached = await startDocker(open, ['attach', 'cli-attach'], { input: 'something\n', open: true });
  await attached.until('read something');
  const result = await attached.done;
  await ok(['rm', '-f', 'cli-attach']);
  expect(result).toMatchObject({ code: 5, stdout: 'read something\n' });
});

test('logs -f follows until Ctrl-C, and the engine hears of it', async () => {
  await ok(['run', '-d', '--name', 'cli-logs', TEST_IMAGE, 'sh', '-c', 'for i in $(seq 1 1000); do echo "line $i"; sleep 0.1; done']);
  const follower = await startDocker(open, ['logs', '-f', 'cli-logs']);
  await follower.until('line 3\n');
  follower.child.kill('SIGINT');
  await follower.done;
  await ok(['rm', '-f', 'cli-logs']);
});

test('events arrive as they happen', async () => {
  const events = await startDocker(open, ['events', '--filter', 'container=cli-events', '--format', '{{.Action}}']);
  await ok(['ps']);
  await ok(['create', '--name', 'cli-events', TEST_IMAGE]);
  await ok(['rm', 'cli-events']);
  await events.until('destroy');
  events.child.kill();
  expect((await events.done).stdout).toContain('create\n');
});

test('build with BuildKit, a context of its own, and run the result', async () => {
  const root = await makeRootfs();
  await writeFile(join(root, 'Dockerfile'), 'FROM scratch\nCOPY . /\nRUN echo built > /built\nCMD ["cat", "/built"]\n');
  await writeFile(join(root, 'big'), randomBytes(5_000_000));
  const built = await docker(['build', '--progress=plain', '-t', 'berth-test:built', root]);
  await rm(root, { recursive: true, force: true });
  expect(built.stderr).toMatch(/#\d+ /);
  expect(built.code, built.stderr).toBe(0);
  expect(await ok(['run', '--rm', 'berth-test:built'])).toBe('built\n');
});

test('buildx writes its result back over the session', async () => {
  const folder = join(scratch, 'buildx');
  await mkdir(folder);
  await writeFile(join(folder, 'words'), 'kept');
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY words /words\n');
  const built = await docker(['buildx', 'build', '--output', `type=local,dest=${join(folder, 'out')}`, folder]);
  expect(built.code, built.stderr).toBe(0);
  expect(await readFile(join(folder, 'out', 'words'), 'utf8')).toBe('kept');
});

test('compose up and down, with a network, a volume and a published port', async () => {
  const folder = join(scratch, 'composed');
  await mkdir(folder);
  await writeFile(
    join(folder, 'compose.yaml'),
    `services:\n  web:\n    image: ${TEST_IMAGE}\n    command: httpd -f -p 80 -h /www\n    ports: ["127.0.0.1:18431:80"]\n    volumes: ["kept:/data"]\n  other:\n    image: ${TEST_IMAGE}\n    command: sleep 1000\n    depends_on: [web]\nvolumes:\n  kept:\n`,
  );
  const up = await docker(['compose', 'up', '-d'], { cwd: folder });
  expect(up.code, up.stderr).toBe(0);
  expect(await (await fetch('http://127.0.0.1:18431/')).text()).toContain('hello');
  expect(await ok(['compose', 'ps', '--format', '{{.Service}}'], { cwd: folder })).toBe('other\nweb\n');
  const down = await docker(['compose', 'down', '-v', '-t', '1'], { cwd: folder });
  expect(down.code, down.stderr).toBe(0);
  await expect(fetch('http://127.0.0.1:18431/')).rejects.toThrow();
});

test('cp both ways', async () => {
  const bytes = randomBytes(3_000_000);
  await writeFile(join(scratch, 'in'), bytes);
  await ok(['cp', join(scratch, 'in'), 'cli-box:/data/in']);
  await ok(['cp', 'cli-box:/data/in', join(scratch, 'out')]);
  expect(sha256(await readFile(join(scratch, 'out')))).toBe(sha256(bytes));
});

test('save and load give the same image back', async () => {
  const before = await ok(['image', 'inspect', TEST_IMAGE, '--format', '{{.Id}}']);
  await ok(['tag', TEST_IMAGE, 'berth-test:saved']);
  await ok(['save', '-o', join(scratch, 'saved.tar'), 'berth-test:saved']);
  await ok(['rmi', 'berth-test:saved']);
  expect(await ok(['load', '-i', join(scratch, 'saved.tar')])).toContain('Loaded image: berth-test:saved');
  expect(await ok(['image', 'inspect', 'berth-test:saved', '--format', '{{.Id}}'])).toBe(before);
  await ok(['rmi', 'berth-test:saved']);
});

/** Many times what is buffered on the way. */
const LARGE = (everything ? 200 : 40) * 2 ** 20;

test('a large file in and out arrives as it was', async () => {
  const bytes = randomBytes(LARGE);
  await ok(['exec', '-i', 'cli-box', 'sh', '-c', 'cat > /data/large'], { input: bytes });
  await ok(['cp', 'cli-box:/data/large', join(scratch, 'large-back')]);
  expect(sha256(await readFile(join(scratch, 'large-back')))).toBe(sha256(bytes));
  await ok(['exec', 'cli-box', 'rm', '/data/large']);
});

test('200 connections at once, each answered', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => rawGet('/_ping')));
  expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 200') && answer.endsWith('\r\n\r\nOK'))).toHaveLength(200);
});

test('a host path is refused with its remedy and nothing is created', async () => {
  const refused = await docker(['run', '--name', 'cli-bind', '-v', `${scratch}:/x`, TEST_IMAGE, 'true']);
  expect(refused.code).toBe(125);
  expect(refused.stderr).toContain(`berth shares add "${scratch}"`);
  expect((await docker(['inspect', 'cli-bind'])).code).toBe(1);
  expect((await docker(['run', '--rm', '--mount', 'type=bind,src=/etc,dst=/x', TEST_IMAGE, 'true'])).code).toBe(125);
});

test('named volumes work, and the engine’s socket in a container is the guest’s', async () => {
  await ok(['run', '--rm', '-v', 'cli-kept:/data', TEST_IMAGE, 'sh', '-c', 'echo kept > /data/file']);
  expect(await ok(['run', '--rm', '-v', 'cli-kept:/data', TEST_IMAGE, 'cat', '/data/file'])).toBe('kept\n');
  await ok(['volume', 'rm', 'cli-kept']);
  await ensureCliImage(open);
  for (const path of [open.socket, '/var/run/docker.sock']) {
    const seen = await ok(['run', '--rm', '-v', `${path}:/var/run/docker.sock`, CLI_IMAGE, 'docker', 'ps', '--format', '{{.Names}}']);
    expect(seen).toContain('cli-box\n');
  }
});

test('the engine’s own errors pass unaltered', async () => {
  expect((await docker(['run', '--name', 'cli-box', TEST_IMAGE])).stderr).toContain(
    'Conflict. The container name "/cli-box" is already in use',
  );
  expect((await docker(['run', '--rm', TEST_IMAGE, 'nosuch'])).stderr).toContain('executable file not found in $PATH');
  expect((await docker(['inspect', 'nosuch'])).stderr).toContain('nosuch');
});

test('while the engine is away the CLI says why', async () => {
  open.away(new BerthError('engine.away', { reason: 'stopped' }));
  const { code, stderr } = await docker(['ps']);
  open.away(undefined);
  expect(code).toBe(1);
  expect(stderr).toMatch(/Start it/);
});

test('an engine that restarts: open streams end, the socket serves again, containers run on', async () => {
  const started = await ok(['inspect', 'cli-box', '--format', '{{.State.StartedAt}}']);
  const events = await startDocker(open, ['events']);
  await ok(['ps']);
  await box().vm.restart({ engineOnly: true });
  await events.done;
  expect(await ok(['inspect', 'cli-box', '--format', '{{.State.StartedAt}}'])).toBe(started);
});

function rawGet(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(open.socket);
    socket.on('error', reject);
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.on('end', () => resolve(text));
    socket.end(`GET ${path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`);
  });
}
