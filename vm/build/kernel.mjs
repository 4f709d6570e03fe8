// Debian's kernel made ready for a direct boot: the uncompressed ELF out of its vmlinuz, modules that need no work at load
// time and their order, and the cpio archive of the initramfs.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './steps.mjs';

const packings = [
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), program: 'zstd', args: ['-dcq'] },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), program: 'xz', args: ['-dcq', '--single-stream'] },
  { magic: Buffer.from([0x1f, 0x8b, 0x08]), program: 'gzip', args: ['-dcq'] },
];

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

/** The kernel inside a bzImage: QEMU starts the ELF by PVH and so spares firmware, set-up code and decompression. */
export async function extractVmlinux(vmlinuz) {
  const packed = await readFile(vmlinuz);
  for (const { magic, program, args } of packings) {
    for (let at = packed.indexOf(magic); at >= 0; at = packed.indexOf(magic, at + 1)) {
      // What lies behind the stream makes the program complain after it has written all of it.
      const found = await run(program, args, { input: packed.subarray(at), accept: [0, 1, 2] }).catch(() => null);
      if (found?.subarray(0, 4).equals(ELF)) {
        return found;
      }
    }
  }
  throw new Error('no compressed ELF found in the kernel');
}

/** arm64's vmlinuz is its Image, perhaps packed as gzip. */
export async function extractImage(vmlinuz) {
  const packed = await readFile(vmlinuz);
  return packed[0] === 0x1f && packed[1] === 0x8b ? run('gzip', ['-dc'], { input: packed }) : packed;
}

const SIGNED = Buffer.from('~Module signature appended~\n');

function withoutSignature(module) {
  if (!module.subarray(-SIGNED.length).equals(SIGNED)) {
    return module;
  }
  const tail = module.length - SIGNED.length;
  return module.subarray(0, tail - 12 - module.readUInt32BE(tail - 4));
}

const plain = (name) => name.replaceAll('-', '_');

/** Reads "stage module" lines and writes `order` and the .ko files, each module behind those it depends on. */
export async function prepareModules(modulesFolder, list, target, objcopy) {
  const paths = new Map();
  for (const entry of await readdir(modulesFolder, { recursive: true, withFileTypes: true })) {
    if (/\.ko(\.xz|\.zst)?$/.test(entry.name)) {
      paths.set(plain(entry.name.replace(/\.ko.*/, '')), join(entry.parentPath ?? entry.path, entry.name));
    }
  }
  const done = new Set();
  const order = [];
  const add = async (stage, name) => {
    const path = paths.get(name);
    if (done.has(name)) {
      return;
    }
    done.add(name);
    // A module that is built into this kernel has no file; one that is misspelt has none either, so say it.
    if (!path) {
      return void order.push(`# ${name} is not a module of this kernel`);
    }
    const raw = path.endsWith('.xz')
      ? await run('xz', ['-dc', path])
      : path.endsWith('.zst')
        ? await run('zstd', ['-dcq', path])
        : await readFile(path);
    const module = withoutSignature(raw);
    const depends = /\0depends=([^\0]*)\0/.exec(module.toString('latin1'))?.[1] ?? '';
    for (const needed of depends.split(',').filter(Boolean)) {
      await add(stage, plain(needed));
    }
    const file = join(target, `${name}.ko`);
    await writeFile(file, module);
    await run(objcopy, ['--strip-debug', '-R', '.BTF', '-R', '.BTF.base', file]);
    order.push(`${stage} ${name}`);
  };
  for (const line of list.split('\n')) {
    const [stage, name] = line.trim().split(/\s+/);
    if (stage && !stage.startsWith('#')) {
      await add(stage, plain(name));
    }
  }
  await writeFile(join(target, 'order'), `${order.filter((line) => !line.startsWith('#')).join('\n')}\n`);
  return order.filter((line) => line.startsWith('#'));
}

function cpioEntry(index, name, mode, data, device = [0, 0]) {
  const hex = (value) => value.toString(16).padStart(8, '0').toUpperCase();
  const header = ['070701', ...[index, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, name.length + 1, 0].map(hex)];
  const pad = (length) => Buffer.alloc((4 - (length % 4)) % 4);
  const head = Buffer.from(`${header.join('')}${name}\0`);
  return Buffer.concat([head, pad(head.length), data, pad(data.length)]);
}

/** A newc archive, written here because a device node in it must not need root. */
export async function initramfs(initFile, modulesFolder) {
  const folder = 0o040755;
  const file = 0o100644;
  const entries = [
    ['dev', folder, Buffer.alloc(0)],
    ['dev/console', 0o020600, Buffer.alloc(0), [5, 1]],
    ['init', 0o100755, await readFile(initFile)],
    ['modules', folder, Buffer.alloc(0)],
  ];
  for (const name of (await readdir(modulesFolder)).sort()) {
    entries.push([`modules/${basename(name)}`, file, await readFile(join(modulesFolder, name))]);
  }
  entries.push(['TRAILER!!!', 0, Buffer.alloc(0)]);
  return Buffer.concat(entries.map(([name, mode, data, device], i) => cpioEntry(i + 1, name, mode, data, device)));
}
