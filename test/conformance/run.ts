// pjdfstest, fsx, locks and many files in containers on a bind mount of a real VM, its virtiofsd an ordinary user.
// node dist/conformance.cjs FOLDER, where FOLDER has the two programs; `npm run conformance` makes them. Writes a report to dist/.
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openBackend } from '../../bench/open-backend';
import { locateResources } from '../../main/vm/resources';
import { runDocker } from '../vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../vm/images';
import { makeHome } from '../vm/open-vm';
import { makeUserBundle } from '../vm/user-bundle';
import { judge } from './exceptions';

const FILES = 100_000;
const SEEDS = [1, 2, 3, 4];

const settings = `[features]
posix_fallocate = {}
rename_ctime = {}
utime_now = {}
utimensat = {}
[settings]
naptime = 0.05
allow_remount = false
[dummy_auth]
entries = [["nobody", "nogroup"], ["tests", "tests"]]
`;
const users = 'nobody:x:65534:65534::/:/bin/sh\ntests:x:4242:4242::/:/bin/sh\n';
const groups = 'nogroup:x:65534:\ntests:x:4242:\n';

interface Report {
  readonly pjdfstest: {
    readonly passed: number;
    readonly skipped: number;
    readonly explained: Readonly<Record<string, number>>;
    readonly unexplained: readonly string[];
  };
  readonly fsx: Readonly<Record<string, string>>;
  readonly locks: string;
  readonly files: { readonly count: number; readonly seconds: number; readonly wrong: string };
}

async function main(programs: string): Promise<number> {
  const dist = join(__dirname);
  const source = join(dist, '../test');
  // On a disk with extended attributes, as homes are.
  const folder = await mkdtemp('/var/tmp/berth-conformance-');
  // The user's home, which is what is shared by default.
  process.env['HOME'] = folder;
  await chmod(folder, 0o755);
  const home = await makeHome('berth-c-');
  const bundle = await makeUserBundle(await locateResources(process.env, [join(dist, 'resources.json')]));
  const box = await openBackend(home, bundle.resources);
  const contain = async (script: string): Promise<{ readonly code: number; readonly text: string }> => {
    const tools = 'mkdir -p /tools && busybox --install -s /tools && export PATH=/tools:$PATH';
    const mounts = ['-v', `${folder}:/shared`];
    const { code, stdout, stderr } = await runDocker(box, [
      'run',
      '--rm',
      '--privileged',
      ...mounts,
      TEST_IMAGE,
      'sh',
      '-c',
      `${tools}; ${script}`,
    ]);
    return { code, text: `${stdout}${stderr}` };
  };
  try {
    await ensureTestImage(box);
    for (const name of ['pjdfstest', 'fsx']) {
      await copyFile(join(programs, name), join(folder, name));
    }
    await copyFile(join(source, 'vm/files.sh'), join(folder, 'files.sh'));
    await writeFile(join(folder, 'settings.toml'), settings);
    await writeFile(join(folder, 'users'), users);
    await writeFile(join(folder, 'groups'), groups);
    await promisify(execFile)('cc', ['-O1', '-static', '-o', join(folder, 'locks'), join(source, 'conformance/locks.c')]);

    const work = ['pjd', 'files', 'meet'].map((name) => mkdir(join(folder, name)));
    await Promise.all(work);
    const { text } = await contain(
      'cat /shared/users >>/etc/passwd; cat /shared/groups >>/etc/group; cd /tmp; /shared/pjdfstest -c /shared/settings.toml -p /shared/pjd',
    );
    await writeFile(join(dist, 'conformance-pjdfstest.txt'), text);
    const results = (word: string): string[] =>
      [...text.matchAll(new RegExp(`^(\\S+::\\S+)\\s+${word}$`, 'gm'))].map((found) => found[1] ?? '');
    const { unexplained, explained } = judge(results('FAILED'));

    const fsx: Record<string, string> = {};
    for (const seed of SEEDS) {
      const run = await contain(`/shared/fsx -N 5000 -S ${seed} /shared/fsx-${seed}`);
      fsx[`seed ${seed}`] = run.code === 0 ? 'ok' : run.text;
    }

    const meet = ': >/shared/meet/$kind-$(hostname); until [ "$(ls /shared/meet | grep -c $kind)" = 2 ]; do :; done';
    const lock = `for kind in sqlite fcntl flock mmap; do ${meet}; /shared/locks $kind /shared/count-$kind 1000; done`;
    await Promise.all([contain(lock), contain(lock)]);
    const counted = await contain('cd /shared; cat count-sqlite count-fcntl count-flock; od -An -t d8 -N 8 count-mmap');

    const begun = performance.now();
    const many = await contain(`sh /shared/files.sh /shared/files ${FILES}; rm -rf /shared/files/many`);
    const report: Report = {
      pjdfstest: {
        passed: results('ok').length,
        skipped: results('skipped').length,
        explained: Object.fromEntries([...explained].map(([{ why }, count]) => [why, count])),
        unexplained,
      },
      fsx,
      locks: counted.text.trim().split(/\s+/).join(' '),
      files: { count: FILES, seconds: Math.round((performance.now() - begun) / 1000), wrong: many.text.trim() },
    };
    const good =
      report.pjdfstest.passed > 0 &&
      unexplained.length === 0 &&
      Object.values(fsx).every((word) => word === 'ok') &&
      report.locks === '2000 2000 2000 2000' &&
      report.files.wrong === '';
    await writeFile(join(dist, 'conformance.json'), `${JSON.stringify(report, undefined, 2)}\n`);
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n${good ? 'as expected' : 'NOT as expected'}\n`);
    return good ? 0 : 1;
  } finally {
    await box.close({ keepVm: false });
    await bundle.remove();
    await Promise.all([home, folder].map((path) => rm(path, { recursive: true, force: true })));
  }
}

void main(process.argv[2] ?? '').then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
