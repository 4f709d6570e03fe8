// Whether bytes can be a tar, or one that dockerd decompresses itself: told from the first block, before gigabytes travel.
// Pure.

const BLOCK = 512;
const MAGICS: readonly (readonly number[])[] = [
  [0x1f, 0x8b], // gzip
  [0x42, 0x5a, 0x68], // bzip2
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], // xz
  [0x28, 0xb5, 0x2f, 0xfd], // zstd
];

export const TAR_HEAD_BYTES = BLOCK;

export function looksLikeTar(head: Uint8Array): boolean {
  if (MAGICS.some((magic) => magic.every((byte, index) => head[index] === byte))) {
    return true;
  }
  if (head.length < BLOCK) {
    return false;
  }
  // The header's checksum counts its own eight bytes as spaces.
  const field = Buffer.from(head.subarray(148, 156)).toString('latin1').replace(/\0.*$/, '').trim();
  let sum = 0;
  for (let index = 0; index < BLOCK; index++) {
    sum += index >= 148 && index < 156 ? 32 : (head[index] ?? 0);
  }
  return /^[0-7]+$/.test(field) && parseInt(field, 8) === sum;
}
