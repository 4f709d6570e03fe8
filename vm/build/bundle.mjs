// The bundle: QEMU 10 of Debian 13 and docker's command line, unpacked (never installed) into a folder that can be moved.
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile, readlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { architecture, toolchain } from './arch.mjs';
import { cacheRoot, cached, hashInputs } from './cache.mjs';
import { mmdebstrap } from './debian.mjs';
import { run, step } from './steps.mjs';

const packages = (arch) => [arch.qemuPackage, 'qemu-utils', 'virtiofsd', 'passt', 'docker-cli', 'docker-buildx', 'docker-compose'];

const PLUGINS = 'usr/libexec/docker/cli-plugins';
// buildx looks for none.
const pluginUsers = ['usr/bin/docker', `${PLUGINS}/docker-compose`];

/** What is kept of the unpacked files; the rest are tools of Debian's that nothing here starts. */
const kept = (arch) => [
  ...pluginUsers,
  `${PLUGINS}/docker-buildx`,
  `usr/bin/${arch.qemuProgram}`,
  'usr/bin/qemu-img',
  'usr/libexec/virtiofsd',
  'usr/bin/passt',
  `usr/lib/${arch.triplet}`,
  'usr/share/qemu',
  'usr/share/seabios',
];
const droppedLibraries = ['gconv', 'perl-base', 'security'];

// docker looks for plug-ins in the user's folder and in fixed ones. One of the fixed ones becomes a descriptor that
// ../bundle/starter.c opens. The replacement has the same length, which Go's strings need.
const FIXED = Buffer.from(`/${PLUGINS}`);
const OPENED = Buffer.from('/proc/self/fd/63'.padEnd(FIXED.length, '/.').slice(0, FIXED.length));

/** ../bundle/owners.c, found by name among the libraries. */
const OWNERS = 'berth-owners.so';
/** Programs of our own beside the starters. */
const helpers = {
  'share-watch': ['share-watch.c', 'watch-tree.c', 'watch-out.c'],
  'share-keeper': ['share-keeper.c', 'guest-rings.c', 'vhost-user.c', 'orders.c'],
  'memory-file': ['memory-file.c'],
};

async function redirectPlugins(path) {
  const bytes = await readFile(path);
  let found = 0;
  for (let at = bytes.indexOf(FIXED); at >= 0; at = bytes.indexOf(FIXED, at + 1)) {
    OPENED.copy(bytes, at);
    found++;
  }
  if (!found) {
    throw new Error(`${path} does not name ${FIXED}: look how this version finds its plug-ins`);
  }
  await writeFile(path, bytes);
}

async function unpack(work, tar, progress) {
  progress('unpacking');
  await mkdir(join(work, 'unpacked'));
  await run('tar', ['-x', '-f', tar, '-C', join(work, 'unpacked'), '--no-same-owner', '--exclude=./dev/*']);
  return join(work, 'unpacked');
}

/** Links that lead outside the folder (Debian's are absolute) are made relative; those that lead nowhere go. */
async function mendLinks(root, folder = root) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await mendLinks(root, path);
    }
    if (!entry.isSymbolicLink()) {
      continue;
    }
    const target = await readlink(path);
    const mended = target.startsWith('/') ? relative(dirname(path), join(root, target)) : target;
    await rm(path);
    if (existsSync(join(dirname(path), mended))) {
      await symlink(mended, path);
    }
  }
}

async function takeLicenses(from, to) {
  await mkdir(to);
  for (const name of await readdir(join(from, 'usr/share/doc'))) {
    const copyright = join(from, 'usr/share/doc', name, 'copyright');
    if (existsSync(copyright)) {
      await copyFile(copyright, join(to, name));
    }
  }
  for (const name of ['GPL-2', 'GPL-3', 'LGPL-2', 'LGPL-2.1', 'LGPL-3', 'Apache-2.0', 'MPL-2.0', 'BSD', 'Artistic']) {
    const text = `/usr/share/common-licenses/${name}`;
    if (existsSync(text)) {
      await copyFile(text, join(to, `common-${name}`));
    }
  }
  await writeFile(
    join(to, 'CHANGES'),
    `Programs and libraries are Debian's, unchanged but for this: in docker and docker-compose the folder\n` +
      `${FIXED} reads ${OPENED}, so that they find their plug-ins in this bundle.\n` +
      `${OWNERS} is Berth's own: the starter in bin/ loads it into virtiofsd, whose file is Debian's.\n`,
  );
}

/** Debian's unpack-only variant keeps no list, so versions are read from the .deb files' own changelog of names. */
async function versions(unpacked) {
  const text = await readFile(join(unpacked, 'berth-packages'), 'utf8');
  return Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ')),
  );
}

// $1 is the new root: the .deb files lie in apt's archive folder until the end.
const VERSIONS_HOOK = `
set -eu
for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb --show --showformat='\${Package} \${Version}\\n' "$deb"; done | sort >"$1/berth-packages"
`;

async function make(base, arch, log, folder) {
  const work = await mkdtemp(join(folder, 'work-'));
  const { cc } = toolchain(arch);
  const inBundle = (name) => join(base, 'bundle', name);
  const starter = join(work, 'starter');
  await step(log, 'bundle: compiling the starter', () =>
    run(cc, [
      ...['-O2', '-static', '-Wall', '-Wextra', '-s', '-o', starter, ...['starter.c', 'orders.c'].map(inBundle)],
      ...[`-DQEMU_PROGRAM="${arch.qemuProgram}"`, `-DTRIPLET="${arch.triplet}"`, `-DLOADER="${arch.loader}"`],
    ]),
  );
  const owners = join(work, OWNERS);
  await step(log, 'bundle: compiling the owners of shared files', () =>
    run(cc, [
      ...['-O2', '-shared', '-fPIC', '-Wall', '-Wextra', '-s', '-o', owners],
      ...['owners.c', 'owners-record.c', 'owners-mode.c'].map(inBundle),
    ]),
  );
  await step(log, 'bundle: compiling the helpers', () =>
    Promise.all(
      Object.entries(helpers).map(([name, sources]) =>
        run(cc, ['-O2', '-static', '-Wall', '-Wextra', '-s', '-o', join(work, name), ...sources.map(inBundle)]),
      ),
    ),
  );
  const root = join(folder, 'root');
  const { source, unpacked } = await step(log, "bundle: QEMU and docker's command line", async (progress) => {
    const tar = join(work, 'bundle.tar');
    const hooks = [`--extract-hook=${VERSIONS_HOOK}`];
    const taken = await mmdebstrap({
      arch,
      variant: 'extract',
      packages: packages(arch),
      hooks,
      target: tar,
      temporary: work,
      progress,
      log,
      logFile: join(cacheRoot(), `bundle-${arch.name}.log`),
    });
    return { source: taken, unpacked: await unpack(work, tar, progress) };
  });
  await step(log, 'bundle: putting it together', async () => {
    for (const path of kept(arch)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await rename(join(unpacked, path), join(root, path));
    }
    for (const name of droppedLibraries) {
      await rm(join(root, 'usr/lib', arch.triplet, name), { recursive: true, force: true });
    }
    await copyFile(owners, join(root, 'usr/lib', arch.triplet, OWNERS));
    await mendLinks(root);
    for (const program of pluginUsers) {
      await redirectPlugins(join(root, program));
    }
    await takeLicenses(unpacked, join(folder, 'licenses'));
    const starters = {
      bin: [arch.qemuProgram, 'qemu-img', 'virtiofsd', 'passt', 'docker'],
      'cli-plugins': ['docker-buildx', 'docker-compose'],
    };
    for (const [place, names] of Object.entries(starters)) {
      await mkdir(join(folder, place));
      for (const name of names) {
        await copyFile(starter, join(folder, place, name));
        await chmod(join(folder, place, name), 0o755);
      }
    }
    for (const name of Object.keys(helpers)) {
      await copyFile(join(work, name), join(folder, 'bin', name));
      await chmod(join(folder, 'bin', name), 0o755);
    }
  });
  const found = await versions(unpacked);
  await rm(work, { recursive: true, force: true });
  return { engine: { version: found['docker-cli'], source }, packages: found };
}

/** The bundle's folder, built when there is none for these inputs. */
export async function buildBundle({ base, arch: name, log, force }) {
  const arch = architecture(name);
  const hash = await hashInputs(base, ['bundle', 'build/bundle.mjs', 'build/debian.mjs', 'build/arch.mjs'], { arch: name });
  return cached({ kind: 'bundle', arch: name, hash, log, force, make: (folder) => make(base, arch, log, folder) });
}
