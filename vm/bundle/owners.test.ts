// Owners of shared files without a VM: the library is compiled for this machine and preloaded into ../test/owners-drive.c, which makes
// virtiofsd's calls as an ordinary user. What the guest would see is compared with what the host has.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const MAGIC = '-7770777 77707770';
const asRoot = process.getuid?.() === 0;
const user = asRoot ? 65534 : process.getuid!();
const group = asRoot ? 65534 : process.getgid!();
const host = `${user}:${group}`;

const built = mkdtempSync(join(tmpdir(), 'berth-owners-'));
const library = join(built, 'berth-owners.so');
const program = join(built, 'drive');
const drives = new Set<Drive>();
let share: string;

interface Drive {
  readonly child: ChildProcess;
  /** The answers to these lines. */
  readonly say: (...lines: readonly string[]) => Promise<string[]>;
  readonly errors: () => string;
  readonly end: (signal?: NodeJS.Signals) => Promise<void>;
}

beforeAll(() => {
  chmodSync(built, 0o755);
  const gcc = (...args: readonly string[]): unknown => execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-Werror', ...args]);
  const sources = ['owners.c', 'owners-record.c', 'owners-mode.c'].map((name) => join(import.meta.dirname, name));
  gcc('-shared', '-fPIC', '-o', library, ...sources);
  gcc('-o', program, join(import.meta.dirname, '../test/owners-drive.c'), '-lpthread');
});

afterAll(() => rmSync(built, { recursive: true, force: true }));

function makeShare(parent: string): string {
  const made = mkdtempSync(join(parent, 'berth-share-'));
  if (asRoot) {
    chownSync(made, user, group);
  }
  return made;
}

function start(
  options: { readonly wrap?: readonly string[]; readonly journal?: string; readonly home?: string; readonly args?: readonly string[] } = {},
): Drive {
  const ids = asRoot ? ['setpriv', '--reuid', `${user}`, '--regid', `${group}`, '--clear-groups'] : [];
  const command = [...ids, ...(options.wrap ?? []), 'env', `LD_PRELOAD=${library}`, program, ...(options.args ?? [])];
  const journal = options.journal ?? join(share, '.journal');
  const child = spawn('env', command, { cwd: options.home ?? share, env: { ...process.env, BERTH_OWNERS: journal }, stdio: 'pipe' });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const over = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const drive: Drive = {
    child,
    async say(...said) {
      child.stdin.write(`${said.join('\n')}\n`);
      const answers: string[] = [];
      for (const _ of said) {
        answers.push(String((await lines.next()).value));
      }
      return answers;
    },
    errors: () => errors,
    async end(signal) {
      if (signal) {
        child.kill(signal);
      } else {
        child.stdin.end();
      }
      await over;
      drives.delete(drive);
    },
  };
  drives.add(drive);
  return drive;
}

const onHost = (name: string): string => {
  const { uid, gid, mode } = lstatSync(join(share, name));
  return `${uid}:${gid} ${mode.toString(8)}`;
};

afterEach(async () => {
  await Promise.all([...drives].map((drive) => drive.end('SIGKILL')));
  execFileSync('chmod', ['-R', 'u+rwx', share]);
  rmSync(share, { recursive: true, force: true });
});

const places = [
  { name: 'ext4 or what the temporary folder is on', parent: tmpdir() },
  { name: 'tmpfs', parent: '/dev/shm' },
].filter(({ parent }) => existsSync(parent));

describe.each(places)('$name', ({ parent }) => {
  beforeEach(() => {
    share = makeShare(parent);
  });

  test('what a container makes is its creator’s in containers and the user’s on the host', async () => {
    const { say } = start();
    expect(
      await say('create . root 644', 'as 999 998', 'create . file 640', 'mkdir . folder 750', 'symlink . link file', 'mknod . pipe 10600'),
    ).toEqual(Array(6).fill('ok'));
    expect(await say('look root', 'look file', 'look folder', 'look link', 'look pipe')).toEqual([
      '0:0 100644 0',
      '999:998 100640 0',
      expect.stringMatching(/^999:998 40750 /),
      '999:998 120777 4',
      '999:998 10600 0',
    ]);
    expect(['root', 'file', 'folder', 'link', 'pipe'].map(onHost)).toEqual([
      `${host} 100644`,
      `${host} 100640`,
      `${host} 40750`,
      `${host} 120777`,
      `${host} 10600`,
    ]);
    writeFileSync(join(share, 'of-the-host'), '');
    chownSync(join(share, 'of-the-host'), user, group);
    expect(await say('look of-the-host')).toEqual([`${host} 100644 0`]);
  });

  test('chown is seen, survives a new server, and is gone when it gives the file back', async () => {
    const first = start();
    await first.say('create . file 644', 'mkdir . folder 755', 'chown file 999 -1', 'chown folder -1 77');
    expect(await first.say('look file', 'look folder')).toEqual(['999:0 100644 0', expect.stringMatching(/^0:77 /)]);
    await first.end();
    const { say } = start();
    expect(await say('look file')).toEqual(['999:0 100644 0']);
    expect(await say('get file user.berth.owner')).toEqual(['999:0']);
    expect(await say(`chown file ${user} ${group}`, 'look file', 'get file user.berth.owner')).toEqual([
      'ok',
      `${host} 100644 0`,
      'ENODATA',
    ]);
    expect(onHost('file')).toBe(`${host} 100644`);
  });

  test('a chown clears set-id bits as the kernel does, and changes the time of change', async () => {
    const { say } = start();
    await say(
      'create . program 644',
      'chmod program 6755',
      'create . locking 644',
      'chmod locking 2644',
      'mkdir . folder 755',
      'chmod folder 2755',
    );
    const before = lstatSync(join(share, 'program'), { bigint: true }).ctimeNs;
    expect(await say('chown program 999 999', 'chown locking 999 999', 'chown folder 999 999')).toEqual(['ok', 'ok', 'ok']);
    expect(await say('look program', 'look folder')).toEqual(['999:999 100755 0', expect.stringMatching(/^999:999 42755 /)]);
    expect(lstatSync(join(share, 'program'), { bigint: true }).ctimeNs).toBeGreaterThan(before);
  });

  test('a folder with the set-group-id bit gives its group to what is made in it', async () => {
    const { say } = start();
    await say(
      'mkdir . folder 755',
      'chown folder 5 77',
      'chmod folder 2777',
      'as 999 998',
      'create folder file 644',
      'mkdir folder below 755',
    );
    expect(await say('look folder/file', 'look folder/below')).toEqual(['999:77 100644 0', expect.stringMatching(/^999:77 42755 /)]);
  });

  test('no mode of the user’s stands in the way, and none stays changed', async () => {
    const { say } = start();
    expect(
      await say('mkdir . shut 755', 'create shut secret 600', 'create . locked 444', 'mkdir shut moving 755', 'create . other 644'),
    ).toEqual(Array(5).fill('ok'));
    expect(await say('chmod shut/secret 0', 'chmod shut/moving 0', 'chmod shut 0')).toEqual(['ok', 'ok', 'ok']);
    expect(
      await say(
        ...['open shut/secret w', 'write shut/secret word', 'look shut/secret', 'write locked word', 'chown shut/secret 999 999'],
        ...[
          'set locked user.note hello',
          'get locked user.note',
          'create shut made 400',
          'mkdir shut deep 0',
          'symlink shut link target',
          'mknod shut node 100000',
        ],
        ...[
          'link other shut hard',
          'rename shut made shut renamed',
          'rename shut moving . moved',
          'unlink shut renamed',
          'rmdir shut deep',
          'look shut/secret',
        ],
      ),
    ).toEqual([
      ...['ok', 'ok', '0:0 100000 4', 'ok', 'ok', 'ok', 'hello', 'ok', 'ok', 'ok', 'ok'],
      ...['ok', 'ok', 'ok', 'ok', 'ok', '999:999 100000 4'],
    ]);
    expect(onHost('shut')).toBe(`${host} 40000`);
    expect(onHost('moved')).toBe(`${host} 40000`);
    expect(onHost('locked')).toBe(`${host} 100444`);
    expect(readFileSync(join(share, 'locked'), 'utf8')).toBe('word');
    chmodSync(join(share, 'shut'), 0o700);
    expect(['shut/secret', 'shut/node'].map(onHost)).toEqual([`${host} 100000`, `${host} 100000`]);
  });

  test('a mode that a killed server left raised is lowered by the next one', async () => {
    const first = start();
    await first.say('mknod . pipe 10600', 'chmod pipe 0');
    // Opened with its mode raised, it waits for a writer that never comes.
    first.child.stdin?.write('open pipe r\n');
    while (onHost('pipe').endsWith(' 10000')) {
      await delay(5);
    }
    await first.end('SIGKILL');
    expect(onHost('pipe')).toBe(`${host} 10600`);
    const { say } = start();
    expect(await say('look pipe')).toEqual([`${host} 10000 0`]);
    expect(readFileSync(join(share, '.journal'), 'utf8')).toBe('');
  });

  test('on a read-only share no mode is raised, and owners are seen', async () => {
    const first = start();
    await first.say('create . file 644', 'chown file 5 6', 'create . shut 0');
    await first.end();
    const { say } = start({ args: ['--readonly'] });
    const before = lstatSync(join(share, 'shut'), { bigint: true });
    expect(await say('look file', 'open shut r')).toEqual(['5:6 100644 0', 'EACCES']);
    expect(lstatSync(join(share, 'shut'), { bigint: true })).toEqual(before);
  });

  test('the magic time of modification changes nothing on the host, and makes no event there', async () => {
    const { say } = start();
    mkdirSync(join(share, 'seen'));
    writeFileSync(join(share, 'seen/file'), 'words');
    execFileSync('chown', ['-R', `${user}:${group}`, join(share, 'seen')]);
    const before = lstatSync(join(share, 'seen/file'), { bigint: true });
    const events: string[] = [];
    const watcher = watch(join(share, 'seen'), (event, name) => events.push(`${event} ${name ?? ''}`));
    expect(await say(`touch seen/file ${MAGIC}`)).toEqual(['ok']);
    expect(lstatSync(join(share, 'seen/file'), { bigint: true })).toEqual(before);
    await delay(50);
    expect(events).toEqual([]);
    // Any other time is set, and seen by the same watcher.
    expect(await say('touch seen/file -7770777 77707771')).toEqual(['ok']);
    while (events.length === 0) {
      await delay(5);
    }
    watcher.close();
    expect(lstatSync(join(share, 'seen/file'), { bigint: true }).mtimeNs).toBe(-7770777n * 1_000_000_000n + 77707771n);
  });

  test('names are one component, and symlinks are never followed: nothing outside is touched', async () => {
    const outside = join(built, `outside-${process.hrtime.bigint()}`);
    mkdirSync(outside);
    writeFileSync(join(outside, 'file'), 'theirs');
    chownSync(outside, user, group);
    chownSync(join(outside, 'file'), user, group);
    const { say } = start();
    await say('mkdir . folder 755', `symlink . out ${outside}`, `symlink . name ${outside}/file`, 'create . own 644');
    const up = '../'.repeat(12).slice(0, -1);
    expect(
      await say(
        ...[
          `mkdir folder ${up}${outside}/made 755`,
          'create folder ../made 644',
          'unlink folder ../own',
          `symlink folder ../made x`,
          'mknod . a/b 100644',
        ],
        ...['rename folder ../own . taken', 'rename . own folder ../taken', 'link own folder ../hard', 'unlink . ..', 'mkdir . . 755'],
      ),
    ).toEqual(Array(10).fill('EINVAL'));
    expect(await say('look out/file', 'create out made 644', 'mkdir out made 755', 'unlink out file', 'open name r', 'look name')).toEqual([
      ...['ENOTDIR', 'ENOTDIR', 'ENOTDIR', 'ENOTDIR', 'ELOOP'],
      expect.stringMatching(/^0:0 120777 /),
    ]);
    expect(await say('chown name 5 5', 'chown out 5 5', 'look name')).toEqual(['ok', 'ok', expect.stringMatching(/^5:5 120777 /)]);
    expect(existsSync(join(outside, 'made'))).toBe(false);
    expect(lstatSync(join(outside, 'file')).mode & 0o7777).toBe(0o644);
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('theirs');
  });

  test('a thousand rounds leave no descriptor and no file', async () => {
    const { say } = start();
    const round = [
      'as 999 998',
      'create . file 0',
      'chown file 5 5',
      'open file rw',
      'mkdir . folder 0',
      'create folder inner 400',
      'symlink . link x',
      'look link',
    ];
    const after = ['rename . file folder file', 'unlink folder file', 'unlink folder inner', 'rmdir . folder', 'unlink . link', 'as 0 0'];
    const [before] = await say('handles');
    for (let i = 0; i < 1000; i++) {
      const answers = await say(...round, ...after);
      if (i === 999) {
        expect(answers).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', '999:998 120777 1', ...Array<string>(6).fill('ok')]);
      }
    }
    expect(await say('handles')).toEqual([before]);
    expect(execFileSync('ls', [share], { encoding: 'utf8' })).toBe('');
  });
});

describe('elsewhere', () => {
  beforeEach(() => {
    share = makeShare(tmpdir());
  });

  test('a file that is not the user’s stays so: chown is refused, its mode is not touched', async () => {
    const theirs = asRoot ? 'theirs' : '/etc/hostname';
    if (asRoot) {
      writeFileSync(join(share, theirs), 'x', { mode: 0o600 });
    }
    const { say } = start(asRoot ? {} : { home: '/etc' });
    const name = asRoot ? theirs : 'hostname';
    const [seen] = await say(`look ${name}`);
    expect(seen).toMatch(/^0:0 /);
    expect(await say(`chown ${name} 999 999`, `open ${name} rw`, `look ${name}`)).toEqual(['EPERM', 'EACCES', seen]);
  });

  test('without extended attributes owners are kept in memory, which one line says', async () => {
    // A file system that knows none, mounted where only this program sees it; inside, the user is one who is not root.
    const script = `mount -t ramfs none . && cd "$PWD" && exec unshare --user --map-user=1000 --map-group=1000 "$@"`;
    const { say, errors } = start({
      wrap: ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh'],
      journal: '/dev/null',
    });
    expect(await say('create . file 644', 'as 7 8', 'mkdir . folder 755', 'chown file 999 998')).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(await say('look file', 'look folder')).toEqual(['999:998 100644 0', expect.stringMatching(/^7:8 /)]);
    expect(await say('chown file 1000 1000', 'look file')).toEqual(['ok', '1000:1000 100644 0']);
    expect(errors()).toMatch(/^berth-owners: no extended attributes: \/.*\n$/);
  });

  test('as root ids are real, and the magic time is absorbed all the same', async () => {
    const { say } = start({ wrap: ['unshare', '--user', '--map-root-user'] });
    // The kernel knows no 999 there; the library does not answer in its place.
    expect(await say('create . file 644', 'chown file 999 998', 'look file')).toEqual(['ok', 'EINVAL', '0:0 100644 0']);
    const before = lstatSync(join(share, 'file'), { bigint: true });
    expect(await say(`touch file ${MAGIC}`, 'mkdir . ../up 755')).toEqual(['ok', 'EINVAL']);
    expect(lstatSync(join(share, 'file'), { bigint: true })).toEqual(before);
  });

  test('the errors of the host reach the guest', async () => {
    const { say } = start();
    expect(await say('mkdir . folder 755', 'mkdir . folder 755', 'rmdir . none', 'look none', 'groups')).toEqual([
      'ok',
      'EEXIST',
      'ENOENT',
      'ENOENT',
      'ok',
    ]);
  });
});
