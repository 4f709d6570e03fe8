// Real registries on the host's loopback, of Debian's docker-registry: an origin that stands for Docker Hub, and pull-through mirrors of it.
// Images are pushed by HTTP, so no engine is needed to make them.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../main/vm/qemu/launch';
import { buildImage } from './image';
import type { Blob, ImageOptions } from './image';

export interface LabRegistry {
  /** `http://127.0.0.1:PORT`; the guest reaches the same port at 10.0.2.2. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface Origin extends LabRegistry {
  /** A multi-arch image (amd64 and arm64); returns the digest of its index. */
  push(repository: string, tag: string, options?: ImageOptions): Promise<string>;
}

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
};

/** Empty; `origin.push('library/busybox', 'latest')` fills it. */
export async function startOrigin(): Promise<Origin> {
  const registry = await startRegistry('');
  const upload = async (repository: string, blob: Blob): Promise<void> => {
    const begun = await send(`${registry.url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', registry.url);
    location.searchParams.set('digest', blob.digest);
    await send(location, { method: 'PUT', body: blob.bytes, headers: { 'Content-Type': 'application/octet-stream' } });
  };
  const put = (repository: string, name: string, type: string, blob: Blob): Promise<Response> =>
    send(`${registry.url}/v2/${repository}/manifests/${name}`, { method: 'PUT', body: blob.bytes, headers: { 'Content-Type': type } });
  return {
    ...registry,
    async push(repository, tag, options = {}) {
      const image = await buildImage(options);
      for (const blob of image.blobs) {
        await upload(repository, blob);
      }
      for (const manifest of image.manifests) {
        await put(repository, manifest.digest, TYPES.manifest, manifest);
      }
      await put(repository, tag, TYPES.index, image.index);
      return image.index.digest;
    },
  };
}

/** A pull-through cache, as mirrors are. */
export function startMirror(origin: LabRegistry): Promise<LabRegistry> {
  return startRegistry(`proxy:\n  remoteurl: ${origin.url}\n`);
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) {
    throw new Error(`${init.method ?? 'GET'} ${String(url)}: ${response.status} ${await response.text()}`);
  }
  return response;
}

async function startRegistry(more: string): Promise<LabRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-lab-'));
  const port = await freePort();
  const config = join(folder, 'config.yml');
  await mkdir(join(folder, 'data'));
  await writeFile(
    config,
    `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${folder}/data\nhttp:\n  addr: 127.0.0.1:${port}\n${more}`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(`exit ${code ?? 'by a signal'}`));
  });
  const url = `http://127.0.0.1:${port}`;
  const answers = (): Promise<boolean> =>
    fetch(`${url}/v2/`).then(
      (response) => response.ok,
      () => false,
    );
  while (!(await answers())) {
    const ended = await Promise.race([exited, sleep(20)]);
    if (ended !== undefined) {
      throw new Error(`docker-registry did not start: ${ended}`);
    }
  }
  return {
    url,
    port,
    async close() {
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
