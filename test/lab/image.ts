// An image as a registry keeps it: blobs, a manifest for each platform and an index, made of Debian's busybox-static and as many random bytes as asked.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

export interface ImageOptions {
  /** A second layer of this many bytes that no compression makes smaller. */
  readonly extraBytes?: number;
  /** `created` of its configuration. */
  readonly created?: string;
  /** A file `/label` with this in it, so that images differ. */
  readonly label?: string;
}

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer<ArrayBuffer>;
}

export interface BuiltImage {
  readonly blobs: readonly Blob[];
  readonly manifests: readonly Blob[];
  readonly index: Blob;
}

const DOCKER_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
let busybox: Promise<Buffer> | undefined;

export async function buildImage({ extraBytes = 0, created = '2026-01-01T00:00:00Z', label = '' }: ImageOptions): Promise<BuiltImage> {
  busybox ??= tarOf(async (root) => {
    await mkdir(join(root, 'bin'));
    await copyFile('/bin/busybox', join(root, 'bin/busybox'));
    await Promise.all(['sh', 'cat', 'echo', 'sleep', 'ls'].map((applet) => symlink('busybox', join(root, 'bin', applet))));
  });
  const tars = [
    await busybox,
    await tarOf(async (root) => {
      await writeFile(join(root, 'label'), label);
      await writeFile(join(root, 'extra'), randomBytes(extraBytes));
    }),
  ];
  const layers = tars.map((tar) => blobOf(gzipSync(tar, { level: 1 })));
  const platforms = ['amd64', 'arm64'].map((architecture) => {
    const config = json({
      architecture,
      os: 'linux',
      created,
      config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    });
    const manifest = json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.bytes.length },
      layers: layers.map(({ digest, bytes }) => ({ mediaType: DOCKER_LAYER, digest, size: bytes.length })),
    });
    return { architecture, config, manifest };
  });
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: platforms.map(({ architecture, manifest }) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: manifest.digest,
      size: manifest.bytes.length,
      platform: { architecture, os: 'linux' },
    })),
  });
  return {
    blobs: [...layers, ...platforms.map(({ config }) => config)],
    manifests: platforms.map(({ manifest }) => manifest),
    index,
  };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function blobOf(bytes: Buffer): Blob {
  return { digest: digestOf(bytes), bytes: Buffer.from(bytes) };
}

function json(value: unknown): Blob {
  return blobOf(Buffer.from(JSON.stringify(value)));
}

async function tarOf(fill: (root: string) => Promise<void>): Promise<Buffer> {
  const root = await mkdtemp(join(tmpdir(), 'berth-lab-image-'));
  try {
    await fill(root);
    const options = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
    const { stdout } = await promisify(execFile)('tar', ['-C', root, ...options, '-c', '.'], {
      encoding: 'buffer',
      maxBuffer: 256 * 2 ** 20,
    });
    return stdout;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
