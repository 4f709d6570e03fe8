// The guest: the Debian system (system.mjs), and over it what is Berth's own: init, initramfs, command line.
import { copyFile, link, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { architecture, toolchain } from './arch.mjs';
import { cached, hashInputs } from './cache.mjs';
import { initramfs, prepareModules } from './kernel.mjs';
import { run, step } from './steps.mjs';
import { buildSystem } from './system.mjs';

/**
 * What spares time or noise on every accelerator. `loglevel=1`: with 0 not even a panic raises it, and nobody would learn of the cause.
 * `lsm=capability`: no AppArmor profile is used in the guest. `page_reporting_order=5`: free blocks of 128 KiB go back to the host too, and not only
 * those of 2 MiB, of which few are left after a while.
 */
const cmdline = (arch) =>
  [
    `console=${arch.console}`,
    'quiet',
    'loglevel=1',
    'panic=-1',
    'audit=0',
    'lsm=capability',
    'nowatchdog',
    'random.trust_cpu=on',
    'cryptomgr.notests',
    'page_reporting.page_reporting_order=5',
    ...(arch.name === 'x86_64' ? ['8250.nr_uarts=1'] : []),
    'initcall_blacklist=jent_mod_init,load_system_certificate_list,crypto_kdf108_init,init_encrypted,bpf_tcp_ca_kfunc_init,init_ima,init_evm,slab_sysfs_init',
  ].join(' ');

/**
 * Only under software emulation: there are no other guests whose secrets could leak. Not `tsc=reliable`: on a machine under
 * heavy load the kernel now and then measures the TSC wrong by a factor, and only its watchdog finds out.
 * `maxcpus=1`: guest/cpus.c; without `noreplace-smp` the kernel would patch itself for one processor and back.
 * `lpj`: what the kernel would measure of each further processor for a second and then not believe: the TSC's ticks in 4 ms (CONFIG_HZ=250), at 2.5 GHz.
 * That is the host's TSC, so a wait of a microsecond takes half or twice that; emulated devices need none.
 */
const cmdlineTcg = (arch) =>
  ['mitigations=off', 'nokaslr', 'maxcpus=1', ...(arch.name === 'x86_64' ? ['no_timer_check', 'noreplace-smp', 'lpj=10000000'] : [])].join(
    ' ',
  );

async function compile(source, output, arch) {
  const files = (await readdir(source)).filter((name) => name.endsWith('.c')).map((name) => join(source, name));
  const flags = ['-O2', '-static', '-Wall', '-Wextra', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-s'];
  await run(toolchain(arch).cc, [...flags, '-o', output, ...files]);
}

/** One copy on the disk where the file system can; the cache may lie on one that cannot. */
const share = (from, to) => link(from, to).catch(() => copyFile(from, to));

async function make(base, arch, log, force, folder) {
  const work = await mkdtemp(join(folder, 'work-'));
  // Seconds first: a mistake in the C sources shows before the long download.
  await step(log, 'guest: compiling init', () => compile(join(base, 'guest'), join(work, 'init'), arch));
  const system = await buildSystem({ base, arch, log, force });
  await step(log, 'guest: initramfs', async () => {
    const modules = join(work, 'modules');
    await mkdir(modules);
    const notes = await prepareModules(
      join(system, 'modules'),
      await readFile(join(base, 'image/modules'), 'utf8'),
      modules,
      toolchain(arch).objcopy,
    );
    for (const note of notes) {
      log(`  ${note}`);
    }
    await writeFile(join(folder, 'initramfs.cpio'), await initramfs(join(work, 'init'), modules));
  });
  for (const name of ['system.erofs', arch.kernelFile]) {
    await share(join(system, name), join(folder, name));
  }
  await rm(work, { recursive: true, force: true });
  const { engine, packages } = JSON.parse(await readFile(join(system, 'manifest.json'), 'utf8'));
  return { cmdline: cmdline(arch), cmdlineTcg: cmdlineTcg(arch), engine, packages };
}

/** The guest's folder, built when there is none for these inputs. */
export async function buildGuest({ base, arch: name, log, force }) {
  const arch = architecture(name);
  const hash = await hashInputs(base, ['guest', 'image', 'build'], { arch: name });
  return cached({ kind: 'guest', arch: name, hash, log, force, make: (folder) => make(base, arch, log, force, folder) });
}
