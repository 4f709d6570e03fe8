// The port board in a real Chromium: ports that real listeners of this host serve, one that is taken, the probe's hops, the setting.
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
const servers: Server[] = [];
afterEach(async () => {
  await current?.close();
  current = undefined;
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(): Promise<number> {
  const server = createServer((socket) =>
    socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nhello from inside')),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function free(): Promise<number> {
  const port = await listen();
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return port;
}

/** `inside`: where the container's program listens. */
async function open() {
  const [inside, served, lan, silent, nothing, taken] = [
    await listen(),
    await free(),
    await free(),
    await free(),
    await free(),
    await listen(),
  ];
  const publish = (PublicPort: number, PrivatePort: number, asked = '') => [
    { IP: asked === '' ? '0.0.0.0' : asked, PrivatePort, PublicPort, Type: 'tcp' as const, asked },
  ];
  current = await openWindow({
    seed: ({ model }) => {
      model.containers.clear();
      const add = (name: string, ports: ReturnType<typeof publish>, project?: string): void => {
        const labels = project === undefined ? {} : { 'com.docker.compose.project': project };
        model.addContainer({ name, state: 'running', startedAt: Date.now() - 60_000, address: '127.0.0.1', ports, labels });
      };
      add('web', publish(served, inside), 'shop');
      add('open', publish(lan, inside, '0.0.0.0'));
      add('mute', publish(silent, nothing));
      add('late', publish(taken, inside));
    },
  });
  const { page, complaints } = current;
  await page.evaluate(() => {
    location.hash = '#/ports';
  });
  const row = (name: string) => page.locator('tbody tr').filter({ has: page.getByRole('link', { name, exact: true }) });
  await row('web').waitFor();
  return { page, row, complaints, served, lan, taken };
}

test('every port with its address, and its figures as they change', async () => {
  const { page, row, served, lan, complaints } = await open();
  expect(await row('web').textContent()).toContain(`127.0.0.1:${served}`);
  expect(await row('web').textContent()).toContain('shop / web');
  expect(await row('open').textContent()).toContain(`0.0.0.0:${lan}LAN`);
  expect(await (await fetch(`http://127.0.0.1:${served}/`)).text()).toBe('hello from inside');
  // What the container sent, headers and all.
  await row('web').getByText('36 B').waitFor();
  await page.getByRole('button', { name: /^LAN/ }).click();
  expect(await page.locator('tbody tr').count()).toBe(1);
  expect(complaints).toEqual([]);
});

test('a port that another program has comes first, with its owner, and is taken when it is free', async () => {
  const { page, row, taken } = await open();
  expect(await page.locator('tbody tr').first().textContent()).toContain(`127.0.0.1:${taken}`);
  await page
    .getByRole('alert')
    .filter({ hasText: String(process.pid) })
    .waitFor();
  await new Promise((resolve) => servers.at(-1)?.close(resolve));
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await row('late').getByText('Open', { exact: true }).waitFor();
});

test('the probe stops where the way is broken', async () => {
  const { page, row } = await open();
  await row('web')
    .getByRole('button', { name: /^Probe/ })
    .click();
  const panel = page.getByRole('complementary', { name: /^Probe of/ });
  await panel.getByText('All the way through').waitFor();
  expect(await panel.locator('li[data-state="ok"]').count()).toBe(3);
  await row('mute')
    .getByRole('button', { name: /^Probe/ })
    .click();
  await panel.getByText('nothing in mute listens').waitFor();
  expect(await panel.locator('li').evaluateAll((all) => all.map((li) => (li as HTMLElement).dataset['state']))).toEqual([
    'ok',
    'ok',
    'failed',
  ]);
  await row('mute').getByText('Stops on the way').waitFor();
});

test('the setting opens what was published without an address to the LAN, and closes it again', async () => {
  const { page, row, served } = await open();
  const choice = page.getByRole('radiogroup', { name: /without an address/ });
  await choice.getByText('LAN').click();
  await row('web').getByText(`0.0.0.0:${served}`).waitFor();
  await choice.getByText('This machine only').click();
  await row('web').getByText(`127.0.0.1:${served}`).waitFor();
});
