// A developer's day in one Compose project, as an ordinary user of the host: source bound and reloaded as it is edited, a database whose data is bound
// too, a web port and a UDP port, down and up again. Everything as on plain Linux.
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { freePort } from '../../main/vm/qemu/launch';
import { runDocker } from './cli';
import { ensureTestImage, TEST_IMAGE } from './images';
import { openBackend, quiet, type OpenBackend } from './open-backend';
import { testResources } from './open-vm';
import { makeUserBundle, type UserBundle } from './user-bundle';

let bundle: UserBundle;
let open: OpenBackend;
let project: string;

beforeAll(async () => {
  bundle = await makeUserBundle(await testResources());
  open = await openBackend(inject('vmHome'), { resources: bundle.resources });
  await ensureTestImage(open);
  // On a disk with extended attributes, as homes are.
  project = await mkdtemp('/var/tmp/berth-project-');
  await chmod(project, 0o755);
  await open.handlers['shares.add']({ path: project, readOnly: false }, quiet);
});
afterAll(async () => {
  await runDocker(open, ['compose', '-p', 'berth-project', 'down', '-t', '1']);
  await open.handlers['shares.remove']({ path: project, force: true }, quiet);
  await open.close({ keepVm: true });
  await bundle.remove();
  await rm(project, { recursive: true, force: true });
});

async function compose(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runDocker(open, ['compose', '-p', 'berth-project', ...args], { cwd: project });
  expect(code, `docker compose ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

test('up, edited on the host and reloaded in the container, down and up again', async () => {
  const [web, udp] = [await freePort(), await freePort()];
  await Promise.all(['code', 'tools', 'data'].map((name) => mkdir(join(project, name))));
  const watcher = join(project, 'tools/inotify-print');
  await promisify(execFile)('cc', ['-O1', '-static', '-s', '-o', watcher, join(import.meta.dirname, 'inotify-print.c')]);
  await copyFile(join(import.meta.dirname, 'databases.sh'), join(project, 'tools/databases.sh'));
  // What is served is what was last built, and it is built when the watcher says so.
  await writeFile(
    join(project, 'tools/serve.sh'),
    'build() { sed s/^/built:\\ / /code/page > /www/index.html; }\nbuild\nhttpd -p 80 -h /www\n/host-tools/inotify-print /code | while read -r line; do build; done\n',
  );
  await writeFile(join(project, 'code/page'), 'first\n');
  await writeFile(
    join(project, 'compose.yaml'),
    `services:
  web:
    image: ${TEST_IMAGE}
    command: sh -c 'mkdir /tools && busybox --install -s /tools && PATH=/tools:$$PATH exec sh /host-tools/serve.sh'
    ports: ["127.0.0.1:${web}:80"]
    volumes: ["./code:/code:ro", "./tools:/host-tools:ro"]
    depends_on: [db]
  db:
    image: ${TEST_IMAGE}
    command: sh -c 'mkdir /tools && busybox --install -s /tools && export PATH=/tools:$$PATH && sh /host-tools/databases.sh postgres /var/lib/data && exec sleep 100000'
    volumes:
      - {type: bind, source: ./data, target: /var/lib/data}
      - ./tools:/host-tools:ro
  echo:
    image: ${TEST_IMAGE}
    command: udp-echo 9999
    ports: ["127.0.0.1:${udp}:9999/udp"]
`,
  );
  const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${web}/`)).text();
  const starts = (): Promise<string> => compose('logs', '--no-log-prefix', 'db');

  await compose('up', '-d');
  await expect.poll(page, { timeout: 30_000 }).toBe('built: first\n');
  await expect.poll(starts, { timeout: 30_000 }).toContain('ready 1');
  expect(await ask(udp, 'hello')).toBe('HELLO');
  // On the host the files are the user's, whatever the container sees.
  expect((await stat(join(project, 'data'))).uid).toBe(process.getuid?.());
  expect(await compose('exec', '-T', 'db', 'stat', '-c', '%u %a', '/var/lib/data')).toBe('999 700\n');

  await writeFile(join(project, 'code/page'), 'edited\n');
  await expect.poll(page, { timeout: 30_000 }).toBe('built: edited\n');
  expect(await readFile(join(project, 'code/page'), 'utf8')).toBe('edited\n');

  await compose('down', '-t', '1');
  await expect(page()).rejects.toThrow();
  await compose('up', '-d');
  await expect.poll(() => page().catch(() => ''), { timeout: 30_000 }).toBe('built: edited\n');
  await expect.poll(starts, { timeout: 30_000 }).toContain('ready 2');
  expect(await ask(udp, 'again')).toBe('AGAIN');
  expect(await compose('exec', '-T', 'db', 'stat', '-c', '%u %a', '/var/lib/data')).toBe('999 700\n');
});

/** Asked again each second: a datagram may come before the program listens. */
async function ask(port: number, words: string): Promise<string> {
  const socket = createSocket('udp4');
  const again = setInterval(() => socket.send(words, port, '127.0.0.1'), 1000);
  try {
    return await new Promise<string>((done) => {
      socket.once('message', (message) => done(message.toString()));
      socket.send(words, port, '127.0.0.1');
    });
  } finally {
    clearInterval(again);
    socket.close();
  }
}
