// A real registry of images on loopback: Debian's docker-registry with a folder of its own. The guest reaches the host's loopback as 10.0.2.2,
// which dockerd treats as insecure only where its configuration says so (`insecure-registries`).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Registry {
  readonly port: number;
  /** As the guest names it, e.g. for `docker push`. */
  readonly fromGuest: string;
  dispose(): Promise<void>;
}

const DEADLINE_MS = 20_000;

export async function startRegistry(): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'));
  const port = await freePort();
  const config = join(folder, 'config.yml');
  await writeFile(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${JSON.stringify(join(folder, 'data'))}}, delete: {enabled: true}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  for (const limit = Date.now() + DEADLINE_MS; ;) {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    if (answer?.ok) {
      break;
    }
    if (child.exitCode !== null || Date.now() > limit) {
      throw new Error('docker-registry did not start');
    }
    await sleep(50);
  }
  return {
    port,
    fromGuest: `10.0.2.2:${port}`,
    async dispose() {
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
