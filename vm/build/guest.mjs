// The guest: Debian by mmdebstrap → system.erofs; kernel → vmlinux; init and modules → initramfs.cpio.
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { architecture, toolchain } from './arch.mjs';
import { cacheRoot, cached, hashInputs } from './cache.mjs';
import { enginePackages, mmdebstrap, packageVersions } from './debian.mjs';
import { extractImage, extractVmlinux, initramfs, prepareModules } from './kernel.mjs';
import { run, step } from './steps.mjs';

/** What spares time or noise on every accelerator. `lsm=capability`: no AppArmor profile is used in the guest. */
const cmdline = (arch) =>
  [
    `console=${arch.console}`,
    'quiet',
    'loglevel=0',
    'panic=-1',
    'audit=0',
    'lsm=capability',
    'nowatchdog',
    'random.trust_cpu=on',
    'cryptomgr.notests',
    ...(arch.name === 'x86_64' ? ['8250.nr_uarts=1'] : []),
    'initcall_blacklist=jent_mod_init,load_system_certificate_list,crypto_kdf108_init,init_encrypted,bpf_tcp_ca_kfunc_init,init_ima,init_evm,slab_sysfs_init',
  ].join(' ');

/** Only under software emulation: there are no other guests whose secrets could leak, and the time source is QEMU's. */
const cmdlineTcg = (arch) => ['mitigations=off', 'nokaslr', ...(arch.name === 'x86_64' ? ['tsc=reliable', 'no_timer_check'] : [])].join(' ');

const quote = (path) => `'${path.replaceAll("'", `'\\''`)}'`;

const lines = (text) => text.split('\n').filter((line) => line && !line.startsWith('#'));

async function compile(source, output, arch) {
  const { cc } = toolchain(arch);
  const files = (await readdir(source)).filter((name) => name.endsWith('.c')).map((name) => join(source, name));
  await run(cc, ['-O2', '-static', '-Wall', '-Wextra', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-s', '-o', output, ...files]);
}

async function installDebian({ base, arch, work, log, progress }) {
  const image = join(base, 'image');
  const taken = ['vmlinuz', 'status', 'system.erofs'];
  const hooks = [
    ...['man', 'info', 'locale', 'doc', 'lintian', 'bug'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    '--customize-hook=mkdir "$1/berth-in"',
    ...['sshd_config', 'containerd.toml', 'customize.sh'].map((name) => `--customize-hook=upload ${quote(join(image, name))} /berth-in/${name}`),
    '--customize-hook=sh "$1/berth-in/customize.sh" "$1"',
    ...taken.map((name) => `--customize-hook=download /berth-out/${name} ${quote(join(work, name))}`),
    `--customize-hook=copy-out /berth-out/modules ${quote(work)}`,
    '--customize-hook=rm -rf "$1/berth-out"',
  ];
  const packages = [arch.kernelPackage, ...enginePackages, ...lines(await readFile(join(image, 'packages'), 'utf8'))];
  return mmdebstrap({ arch, variant: 'minbase', packages, hooks, target: '/dev/null', temporary: work, progress, log, logFile: join(cacheRoot(), `guest-${arch.name}.log`) });
}

async function make(base, arch, log, folder) {
  const work = await mkdtemp(join(folder, 'work-'));
  // Seconds first: a mistake in the C sources shows before the long download.
  await step(log, 'guest: compiling init', () => compile(join(base, 'guest'), join(work, 'init'), arch));
  const source = await step(log, 'guest: Debian, its kernel and the engine', (progress) => installDebian({ base, arch, work, log, progress }));
  await step(log, 'guest: kernel and initramfs', async () => {
    const vmlinuz = join(work, 'vmlinuz');
    await writeFile(join(folder, arch.kernelFile), await (arch.kernelFile === 'Image' ? extractImage(vmlinuz) : extractVmlinux(vmlinuz)));
    const modules = join(work, 'initramfs-modules');
    await mkdir(modules);
    const notes = await prepareModules(join(work, 'modules'), await readFile(join(base, 'image/modules'), 'utf8'), modules, toolchain(arch).objcopy);
    for (const note of notes) log(`  ${note}`);
    await writeFile(join(folder, 'initramfs.cpio'), await initramfs(join(work, 'init'), modules));
  });
  const packages = packageVersions(await readFile(join(work, 'status'), 'utf8'));
  await run('mv', [join(work, 'system.erofs'), folder]);
  await rm(work, { recursive: true, force: true });
  return { cmdline: cmdline(arch), cmdlineTcg: cmdlineTcg(arch), engine: { version: packages['docker.io'], source }, packages };
}

/** The guest's folder, built when there is none for these inputs. */
export async function buildGuest({ base, arch: name, log, force }) {
  const arch = architecture(name);
  const hash = await hashInputs(base, ['guest', 'image', 'build'], { arch: name });
  return cached({ kind: 'guest', arch: name, hash, log, force, make: (folder) => make(base, arch, log, folder) });
}
