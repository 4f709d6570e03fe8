// The slow half of the guest, kept as a result of its own: Debian by mmdebstrap → system.erofs, its kernel and modules.
// A change of init or of the module list does not build it again.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot, cached, hashInputs } from './cache.mjs';
import { enginePackages, mmdebstrap, packageVersions } from './debian.mjs';
import { extractImage, extractVmlinux } from './kernel.mjs';
import { step } from './steps.mjs';

const files = ['image/sshd_config', 'image/containerd.toml', 'image/customize.sh'];

const quote = (path) => `'${path.replaceAll("'", `'\\''`)}'`;

const lines = (text) => text.split('\n').filter((line) => line && !line.startsWith('#'));

function hooks(base, work) {
  return [
    ...['man', 'info', 'locale', 'doc', 'lintian', 'bug'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    '--customize-hook=mkdir "$1/berth-in"',
    ...files.map((path) => `--customize-hook=upload ${quote(join(base, path))} /berth-in/${path.replace('image/', '')}`),
    '--customize-hook=sh "$1/berth-in/customize.sh" "$1"',
    ...['vmlinuz', 'status', 'system.erofs'].map((name) => `--customize-hook=download /berth-out/${name} ${quote(join(work, name))}`),
    `--customize-hook=copy-out /berth-out/modules ${quote(work)}`,
    '--customize-hook=rm -rf "$1/berth-out"',
  ];
}

async function make(base, arch, log, folder) {
  const work = await mkdtemp(join(folder, 'work-'));
  const packages = [arch.kernelPackage, ...enginePackages, ...lines(await readFile(join(base, 'image/packages'), 'utf8'))];
  const logFile = join(cacheRoot(), `guest-${arch.name}.log`);
  const source = await step(log, 'guest: Debian, its kernel and the engine', (progress) =>
    mmdebstrap({
      arch,
      variant: 'minbase',
      packages,
      hooks: hooks(base, work),
      target: '/dev/null',
      temporary: work,
      progress,
      log,
      logFile,
    }),
  );
  await step(log, 'guest: unpacking the kernel', async () => {
    const extract = arch.kernelFile === 'Image' ? extractImage : extractVmlinux;
    await writeFile(join(folder, arch.kernelFile), await extract(join(work, 'vmlinuz')));
  });
  const versions = packageVersions(await readFile(join(work, 'status'), 'utf8'));
  await rename(join(work, 'system.erofs'), join(folder, 'system.erofs'));
  await rename(join(work, 'modules'), join(folder, 'modules'));
  await rm(work, { recursive: true, force: true });
  return { engine: { version: versions['docker.io'], source }, packages: versions };
}

/** The folder with system.erofs, the kernel and modules/. */
export async function buildSystem({ base, arch, log, force }) {
  const hash = await hashInputs(base, [...files, 'image/packages', 'build/system.mjs', 'build/debian.mjs', 'build/arch.mjs'], {
    arch: arch.name,
  });
  return cached({ kind: 'system', arch: arch.name, hash, log, force, make: (folder) => make(base, arch, log, folder) });
}
