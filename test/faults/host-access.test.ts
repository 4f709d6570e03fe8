// Access to this computer limited: a VM over passt, what a privileged container then reaches and does not, passt killed, and the list changed
// live. One boot.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runDocker } from '../vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../vm/images';
import { openBackend, quiet } from '../vm/open-backend';
import type { OpenBackend } from '../vm/open-backend';
import { makeHome } from '../vm/open-vm';

const PATIENCE = { timeout: 60_000, interval: 500 };
let home: string;
let box: OpenBackend;
const services: Server[] = [];

async function service(): Promise<number> {
  const server = createServer((_request, response) => response.end('reached'));
  services.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
let [listed, other] = [0, 0];

beforeAll(async () => {
  home = await makeHome('berth-host-');
  [listed, other] = [await service(), await service()];
  const settings = { format: 1, vm: { memoryBytes: 2 ** 30 }, shares: { folders: [] }, host: { access: 'list', ports: [listed] } };
  await writeFile(join(home, 'settings.json'), JSON.stringify(settings));
  box = await openBackend(home);
  await box.handlers['vm.start']({}, quiet);
  await ensureTestImage(box);
});
afterAll(async () => {
  await box.close({ keepVm: false });
  services.forEach((server) => server.close());
  await rm(home, { recursive: true, force: true });
});

const status = () => box.first((context) => box.handlers['host.changes']({}, context));

/** What a privileged container in the guest's own network gets of each `address:port`. */
async function reached(...places: readonly string[]): Promise<Record<string, boolean>> {
  const ask = (place: string): string =>
    `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${place.replace(':', ' ')} 2>/dev/null | tail -1; echo`;
  const script = places.map(ask).join('; ');
  const { stdout } = await runDocker(box, ['run', '--rm', '--privileged', '--network', 'host', TEST_IMAGE, 'sh', '-c', script]);
  // The answer has no line's end of its own, so each place is one line.
  const lines = stdout.split('\n');
  return Object.fromEntries(places.map((place, at) => [place, lines[at]?.trim() === 'reached']));
}

test('only the listed port of the host’s loopback is reached, by any address and with every right in the guest', async () => {
  // Its listener comes a moment after the engine.
  await expect.poll(status).toMatchObject({
    enforced: true,
    network: { backend: 'passt' },
    address: '10.0.2.4',
    ports: [{ port: listed, state: 'open' }],
  });
  expect(await reached(`10.0.2.4:${listed}`, `10.0.2.4:${other}`, `10.0.2.2:${listed}`, `10.0.2.2:${other}`, `10.0.2.3:${other}`)).toEqual({
    [`10.0.2.4:${listed}`]: true,
    [`10.0.2.4:${other}`]: false,
    // Where containers that were made with another setting have the host: the same way, by the guest's rule.
    [`10.0.2.2:${listed}`]: true,
    [`10.0.2.2:${other}`]: false,
    [`10.0.2.3:${other}`]: false,
  });
  // By the name, from the default bridge, and by host-gateway.
  const script = `wget -qO- http://host.docker.internal:${listed}/; wget -qO- http://mine:${listed}/`;
  const { stdout } = await runDocker(box, ['run', '--rm', '--add-host', 'mine:host-gateway', TEST_IMAGE, 'sh', '-c', script]);
  expect(stdout).toBe('reachedreached');
});

test('even a packet for 127.0.0.1 that root of the guest sends out leads nowhere', async () => {
  const script = [
    'ip rule add pref 32000 lookup local; ip rule del pref 0',
    'ip rule add pref 10 to 127.0.0.1/32 lookup 100; ip route add 127.0.0.1/32 via 10.0.2.2 dev eth0 src 10.0.2.15 table 100',
    `curl -s -m 3 --interface eth0 http://127.0.0.1:${other}/; curl -s -m 3 --interface eth0 'http://[fec0::2]:${other}/'`,
    'ip rule del pref 10; ip rule add pref 0 lookup local; ip rule del pref 32000',
  ].join('; ');
  expect((await box.backend.vm.exec(script)).stdout).not.toContain('reached');
});

test('the list changes without a restart; `none` closes what it opened, `all` waits for one', async () => {
  await box.handlers['settings.set']({ host: { ports: [other] } }, quiet);
  await vi.waitFor(
    async () =>
      expect(await reached(`10.0.2.4:${listed}`, `10.0.2.4:${other}`)).toEqual({
        [`10.0.2.4:${listed}`]: false,
        [`10.0.2.4:${other}`]: true,
      }),
    PATIENCE,
  );
  await box.handlers['settings.set']({ host: { access: 'none' } }, quiet);
  await vi.waitFor(async () => expect(await reached(`10.0.2.4:${other}`)).toEqual({ [`10.0.2.4:${other}`]: false }), PATIENCE);
  expect(await status()).toMatchObject({ enforced: true, pendingRestart: false });
  await box.handlers['settings.set']({ host: { access: 'all' } }, quiet);
  expect(await status()).toMatchObject({ enforced: false, pendingRestart: true });
  await box.handlers['settings.set']({ host: { access: 'list' } }, quiet);
});

test('passt killed: another takes its place under the VM, whose containers run on', async () => {
  const pidOf = async (): Promise<number> => Number(await readFile(join(box.files.run.folder, 'net.pid'), 'utf8').catch(() => '0'));
  const before = await pidOf();
  process.kill(before, 'SIGKILL');
  await vi.waitFor(async () => expect([0, before]).not.toContain(await pidOf()), PATIENCE);
  await vi.waitFor(async () => expect((await box.backend.vm.exec(['echo', 'back'])).stdout).toBe('back\n'), PATIENCE);
  // Once sshd has let go of the connection that died with passt, 45 s later at most.
  await vi.waitFor(async () => expect(await reached(`10.0.2.4:${other}`)).toEqual({ [`10.0.2.4:${other}`]: true }), {
    timeout: 150_000,
    interval: 1000,
  });
});
