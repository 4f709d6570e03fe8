// Command line and tools in a real Chromium: the context on real files, the system's socket in a folder of the test's own, with another engine on it.
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
let other: Server | undefined;
let folder: string;
const before = process.env['DOCKER_CONFIG'];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-tools-'));
  mkdirSync(join(folder, 'run'));
  process.env['DOCKER_CONFIG'] = folder;
});
afterEach(async () => {
  await current?.close();
  await new Promise((resolve) => (other === undefined ? resolve(undefined) : other.close(resolve)));
  other = undefined;
  process.env['DOCKER_CONFIG'] = before;
  rmSync(folder, { recursive: true, force: true });
});

const choice = (): unknown =>
  (JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { currentContext?: unknown }).currentContext;

async function open() {
  current = await openWindow({ systemSocket: join(folder, 'run', 'docker.sock') });
  const { page, complaints } = current;
  await page.evaluate(() => {
    location.hash = '#/settings/tools';
  });
  await page.getByText('The context “berth” leads here').waitFor();
  return { page, complaints };
}

test('the context is selected, given back, removed and created; a choice made elsewhere is seen', async () => {
  writeFileSync(join(folder, 'config.json'), '{"currentContext":"default"}');
  const { page, complaints } = await open();
  const use = page.getByRole('switch', { name: 'A plain docker uses it' });
  await use.click({ force: true });
  await page.getByText('docker ps', { exact: true }).waitFor();
  await page.getByText('context berth selected').waitFor();
  expect(choice()).toBe('berth');
  writeFileSync(join(folder, 'config.json'), '{}');
  await page.getByText('docker --context berth ps').waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('There is no context “berth”').waitFor();
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('The context “berth” leads here').waitFor();
  expect(complaints).toEqual([]);
});

test('lines for each shell, copied as shown', async () => {
  const { page } = await open();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const shells = page.getByRole('radiogroup', { name: 'Shell' });
  for (const [name, pattern] of [
    ['fish', /^set -gx DOCKER_HOST 'unix:.*docker\.sock'$/],
    ['.env', /^DOCKER_HOST=unix:.*docker\.sock$/],
    ['bash / zsh', /^export DOCKER_HOST=unix:.*docker\.sock$/],
  ] as const) {
    await shells.getByText(name, { exact: true }).click();
    await page.getByRole('region', { name: 'One shell only' }).getByRole('button', { name: 'Copy' }).first().click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(pattern);
  }
});

test('the system’s socket is taken and given back; another engine there is named, and left alone', async () => {
  const { page } = await open();
  const path = join(folder, 'run', 'docker.sock');
  await page.getByText('Nobody is there').waitFor();
  await page.getByRole('button', { name: 'Take it' }).click();
  await page.getByText('Leads to Berth').waitFor();
  expect(readlinkSync(path)).toMatch(/docker\.sock$/);
  await page.getByRole('button', { name: 'Give it back' }).click();
  await page.getByText('Nobody is there').waitFor();
  other = createServer((_request, response) => response.end('{"Version":"4.9.3","Components":[{"Name":"Podman Engine"}]}'));
  await new Promise<void>((resolve) => other?.listen(path, resolve));
  await page.getByText('Podman Engine 4.9.3 answers').waitFor();
  await page.getByText(`node (${process.pid})`).waitFor();
  expect(await page.getByRole('button', { name: 'Take it' }).count()).toBe(0);
});
