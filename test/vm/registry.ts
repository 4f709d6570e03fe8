// A registry of the test's own, on the host's loopback, as slow as a test wants it; the guest reaches it as localhost:PORT, which dockerd
// trusts without TLS, through a relay that runs in a container on the guest's network.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Transform } from 'node:stream';
import { freePort } from '../../main/vm/qemu/launch';
import { TEST_IMAGE } from './images';
import type { Box } from './harness';

const GUEST_PORT = 5055;
const RELAY = 'berth-test-registry-relay';

export interface Registry {
  /** As the guest names it: `localhost:5055`. */
  readonly host: string;
  /** Of answers, per connection; 0 = as fast as it goes. */
  slow(bytesPerSecond: number): void;
  /** Connections that carry an answer now. */
  busy(): number;
  close(): Promise<void>;
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/v2/`).then(
    (response) => response.ok,
    () => false,
  );
}

/** Debian's docker-registry is among the packages that set-up installs for the tests. */
export async function startRegistry(box: Pick<Box, 'docker'>): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'));
  const port = await freePort();
  const config = join(folder, 'config.yml');
  await writeFile(config, `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${folder}/data\nhttp:\n  addr: 127.0.0.1:${port}\n`);
  const registry = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  let rate = 0;
  let busy = 0;

  const throttle = (): Transform =>
    new Transform({
      highWaterMark: 16 * 1024,
      transform(chunk: Buffer, _encoding, done) {
        void (rate === 0 ? Promise.resolve() : sleep((chunk.length * 1000) / rate)).then(() => done(null, chunk));
      },
    });
  const proxy: Server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    busy += 1;
    client.on('close', () => {
      busy -= 1;
      upstream.destroy();
    });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream);
    upstream.pipe(throttle()).pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const proxyPort = (proxy.address() as AddressInfo).port;
  while (!(await answers(port))) {
    await sleep(50);
  }
  await box.docker('rm', '--force', RELAY);
  await box.docker(
    'run',
    '--detach',
    '--name',
    RELAY,
    '--network',
    'host',
    TEST_IMAGE,
    'nc',
    '-ll',
    '-p',
    String(GUEST_PORT),
    '-e',
    'nc',
    '10.0.2.2',
    String(proxyPort),
  );
  return {
    host: `localhost:${GUEST_PORT}`,
    slow: (bytesPerSecond) => (rate = bytesPerSecond),
    busy: () => busy,
    async close() {
      await box.docker('rm', '--force', RELAY);
      proxy.close();
      registry.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
