// Where the guest and the QEMU bundle are, and whether they are whole.
export interface Resources {
  /** Folder of vmlinux, initramfs.cpio, system.erofs and manifest.json. */
  readonly guest: string;
  /** Folder of QEMU and the docker CLI, started through bin/. */
  readonly bundle: string;
}
