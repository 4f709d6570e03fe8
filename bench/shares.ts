// A bound folder against the guest's own disk: virtiofs with Berth's owners, virtiofs without them (the prototype of vm.md), and sshfs, which
// needs a start of the VM of its own. In containers, in turns; ratios are of medians within the run. virtiofsd runs as an ordinary user.
// npm run bench -- shares [rounds] [files of the repository] [no-sshfs]
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locateResources } from '../main/vm/resources';
import { runDocker } from '../test/vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../test/vm/images';
import { makeHome } from '../test/vm/open-vm';
import { makeUserBundle } from '../test/vm/user-bundle';
import { openBackend, type OpenBackend } from './open-backend';
import { print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 3);
const FILES = Number(process.argv[3] ?? 20_000);
const SSHFS = process.argv[4] !== 'no-sshfs';
const MEGABYTES = 128;
/** Of this checkout's packages: about what a middle-sized project installs. */
const PACKAGES = ['react-dom', '@mantine', 'zod', 'typescript-eslint', '@typescript-eslint', 'eslint', 'prettier', 'i18next', 'ssh2', 'ws'];

type Place = 'own disk' | 'virtiofs' | 'virtiofs without owners' | 'sshfs';
const run = promisify(execFile);

/** Each prints its seconds; `$1` is the folder. Caches are dropped before what reads, so that the share is asked. */
const drop = 'sync; echo 3 >/proc/sys/vm/drop_caches';
const now = 'now() { cut -d " " -f 1 /proc/uptime; }; took() { echo "$1 $2" | awk \'{ print $2 - $1 }\'; }';
const works = {
  'sequential write, MB/s': `a=$(now); dd if=/dev/zero of=$1/big bs=1M count=${MEGABYTES} conv=fsync 2>/dev/null; took $a $(now)`,
  'sequential read, MB/s': `${drop}; a=$(now); dd if=$1/big of=/dev/null bs=1M 2>/dev/null; took $a $(now); rm $1/big`,
  '2,000 small files, s':
    'mkdir $1/small; a=$(now); i=0; while [ $i -lt 2000 ]; do echo $i >$1/small/$i; i=$((i+1)); done; took $a $(now); rm -r $1/small',
  'git status, s': `${drop}; cd $1/repository; a=$(now); git status --porcelain >/dev/null; took $a $(now)`,
  'git status again, s': 'cd $1/repository; a=$(now); git status --porcelain >/dev/null; took $a $(now)',
  'unpack of packages, s': 'mkdir $1/packages; a=$(now); tar -x -f /cache/packages.tar -C $1/packages; took $a $(now); rm -r $1/packages',
} as const;
type Work = keyof typeof works;
const found = new Map<string, number[]>();

async function contain(box: OpenBackend, mounts: readonly string[], script: string): Promise<string> {
  const tools = `mkdir -p /tools && busybox --install -s /tools && export PATH=/usr/local/bin:/tools HOME=/tmp GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'; ${now}`;
  const { code, stdout, stderr } = await runDocker(box, [
    'run',
    '--rm',
    '--privileged',
    ...mounts,
    TEST_IMAGE,
    'sh',
    '-ec',
    `${tools}; ${script}`,
    'sh',
    '/work',
  ]);
  if (code !== 0) {
    throw new Error(`${script}: ${stderr}`);
  }
  return stdout.trim();
}

async function measure(box: OpenBackend, place: Place, mounts: readonly string[]): Promise<void> {
  for (const [work, script] of Object.entries(works)) {
    const seconds = Number(await contain(box, mounts, script));
    const value = work.endsWith('MB/s') ? MEGABYTES / seconds : seconds;
    const key = `${work}\n${place}`;
    found.set(key, [...(found.get(key) ?? []), value]);
    process.stderr.write(`${place}: ${work} ${value.toFixed(2)}\n`);
  }
}

/** git and what it is linked with, a repository, the archive: for every place the same. */
async function makeSource(folder: string): Promise<void> {
  await mkdir(join(folder, 'git/lib'), { recursive: true });
  await copyFile('/usr/bin/git', join(folder, 'git/git'));
  const { stdout } = await run('ldd', ['/usr/bin/git']);
  const libraries = [...stdout.matchAll(/(\/\S+\.so\S*)/g)].map((match) => match[1] ?? '');
  await Promise.all(libraries.map((path) => copyFile(path, join(folder, 'git/lib', path.split('/').at(-1) ?? ''))));
  const loader =
    libraries
      .find((path) => path.includes('/ld-linux'))
      ?.split('/')
      .at(-1) ?? '';
  await writeFile(join(folder, 'git/start'), `#!/bin/sh\nexec /git/lib/${loader} --library-path /git/lib /git/git "$@"\n`, { mode: 0o755 });
  const repository = join(folder, 'repository');
  for (let i = 0; i < FILES; i += 100) {
    const part = join(repository, `part-${(i / 1000) | 0}`, `some-${i}`);
    await mkdir(part, { recursive: true });
    await Promise.all(Array.from({ length: Math.min(100, FILES - i) }, (_, j) => writeFile(join(part, `file-${j}.txt`), `${i + j}\n`)));
  }
  const git = (...args: readonly string[]): Promise<unknown> =>
    run('git', ['-C', repository, '-c', 'user.name=b', '-c', 'user.email=b@b', ...args], { maxBuffer: 2 ** 28 });
  await git('init', '-q');
  await git('add', '.');
  await git('commit', '-q', '-m', 'all');
  await run('tar', ['-c', '-f', join(folder, 'packages.tar'), '-C', join(process.cwd(), 'node_modules'), ...PACKAGES]);
}

async function main(): Promise<void> {
  const folder = await mkdtemp('/var/tmp/berth-bench-');
  await chmod(folder, 0o755);
  // The default share; `plain` is one of its own, below it, whose virtiofsd is without the library.
  process.env['HOME'] = folder;
  const home = await makeHome('berth-b-');
  const [source, owned, plain] = ['source', 'owned', 'plain'].map((name) => join(folder, name)) as [string, string, string];
  await Promise.all([source, owned, plain].map((path) => mkdir(path)));
  await makeSource(source);
  const bundle = await makeUserBundle(await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]), {
    without: plain,
  });
  const common = ['-v', `${source}/git:/git:ro`, '-v', `${source}/git/start:/usr/local/bin/git:ro`, '-v', 'cache:/cache'];
  const at = (path: string): string[] => [...common, '-v', `${path}:/work`];
  const disk = [...common, '-v', 'disk:/work'];
  const fill = (box: OpenBackend, mounts: readonly string[]): Promise<string> =>
    contain(
      box,
      [...mounts, '-v', `${source}:/source:ro`],
      'rm -rf /work/*; cp /source/packages.tar /cache/; cp -a /source/repository /work/; cd /work/repository; git status >/dev/null',
    );
  try {
    let box = await openBackend(home, bundle.resources);
    try {
      await ensureTestImage(box);
      await box.client.call('shares.add', { path: plain, readOnly: false });
      for (const mounts of [disk, at(owned), at(plain)]) {
        await fill(box, mounts);
      }
      for (let round = 0; round < ROUNDS; round++) {
        await measure(box, 'own disk', disk);
        await measure(box, 'virtiofs', at(owned));
        await measure(box, 'virtiofs without owners', at(plain));
      }
      await box.client.call('settings.set', { shares: { driver: 'sshfs' } });
    } finally {
      await box.close({ keepVm: false });
    }
    if (SSHFS) {
      process.stderr.write('again with sshfs\n');
      box = await openBackend(home, bundle.resources);
      try {
        for (let round = 0; round < ROUNDS; round++) {
          await measure(box, 'sshfs', at(owned));
        }
      } finally {
        await box.close({ keepVm: false });
      }
    }
  } finally {
    await bundle.remove();
    await Promise.all([home, folder].map((path) => rm(path, { recursive: true, force: true })));
  }
  const places: readonly Place[] = ['own disk', 'virtiofs', 'virtiofs without owners', ...(SSHFS ? (['sshfs'] as const) : [])];
  const median = (work: Work, place: Place): number => summarise(found.get(`${work}\n${place}`) ?? []).median;
  /** Above 1: faster with owners. */
  const ratio = (work: Work): number => {
    const pair = [median(work, 'virtiofs'), median(work, 'virtiofs without owners')] as const;
    return work.endsWith('MB/s') ? pair[0] / pair[1] : pair[1] / pair[0];
  };
  const names = Object.keys(works) as Work[];
  const rows = names.map((work) => [work, ...places.map((place) => median(work, place)), ratio(work)]);
  print('shares', [['median', ...places, 'speed with owners'], ...rows], {
    rounds: ROUNDS,
    files: FILES,
    found: Object.fromEntries(found),
  });
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
