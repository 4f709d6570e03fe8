// What differs between the guests' architectures. x86_64 is proved; aarch64 is laid out and has not been seen to boot.
// QEMU's own arguments (machine, devices) are main/vm's; here is only what the build and the kernel need.
export const architectures = {
  x86_64: {
    debian: 'amd64',
    kernelPackage: 'linux-image-cloud-amd64',
    kernelFile: 'vmlinux',
    console: 'ttyS0',
    qemuPackage: 'qemu-system-x86',
    qemuProgram: 'qemu-system-x86_64',
    triplet: 'x86_64-linux-gnu',
    loader: 'ld-linux-x86-64.so.2',
  },
  aarch64: {
    debian: 'arm64',
    kernelPackage: 'linux-image-cloud-arm64',
    kernelFile: 'Image',
    console: 'ttyAMA0',
    qemuPackage: 'qemu-system-arm',
    qemuProgram: 'qemu-system-aarch64',
    triplet: 'aarch64-linux-gnu',
    loader: 'ld-linux-aarch64.so.1',
  },
};

const ofNode = { x64: 'x86_64', arm64: 'aarch64' };

export const hostArch = () => ofNode[process.arch] ?? process.arch;

export function architecture(name) {
  const found = architectures[name];
  if (!found) {
    throw new Error(`unknown architecture ${name}; known: ${Object.keys(architectures).join(', ')}`);
  }
  return { name, ...found };
}

/** The compiler and binutils of an architecture: the machine's own, or Debian's cross tools. */
export function toolchain(arch) {
  const prefix = arch.name === hostArch() ? '' : `${arch.triplet}-`;
  return { cc: `${prefix}gcc`, objcopy: `${prefix}objcopy`, strip: `${prefix}strip` };
}
