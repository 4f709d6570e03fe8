// The images' list in a real Chromium: a pull by layers and its end, refusals, archives that are loaded, removal.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pack } from 'tar-stream';
import { afterEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow, TestWindowOptions } from './window';

let current: TestWindow | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

async function open(options: TestWindowOptions = {}) {
  current = await openWindow(options);
  const { page, dockerd, complaints } = current;
  await page.evaluate(() => {
    location.hash = '#/images';
  });
  await page.getByRole('grid', { name: 'Images' }).waitFor();
  const row = (reference: string) => page.locator(`tr[data-key="${reference}"]`);
  const pull = async (reference: string): Promise<void> => {
    await page.getByRole('main').getByRole('button', { name: 'Pull', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Image' }).fill(reference);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
  };
  return { page, dockerd, complaints, row, pull };
}

test('a pull shows each layer, and ends as a row', async () => {
  const { page, dockerd, row, pull, complaints } = await open();
  dockerd.pulls.set('busybox:1', { layers: 3, layerBytes: 4_000_000, bytesPerSecond: 8_000_000 });
  await pull('docker pull busybox:1');
  const card = page.getByRole('region', { name: 'Pulling busybox:1' });
  await card.waitFor();
  await expect.poll(() => card.getByRole('listitem').count()).toBe(3);
  await card.getByText('done').first().waitFor();
  await row('busybox:1').waitFor();
  await card.waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
});

test('tasks that are no pull and no load have no card here', async () => {
  const { page, dockerd } = await open({ disk: true, seed: ({ model }) => model.buildCache.set('step', 2_000_000) });
  dockerd.fault({ match: /^POST \/images\/prune/, times: 1, effect: { kind: 'delay', ms: 60_000 } });
  await page.getByRole('navigation').locator('a[href="#/disk"]').click();
  await page.getByRole('button', { name: 'Prune…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: /^Delete/ }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('navigation').locator('a[href="#/images"]').click();
  await page.getByRole('grid', { name: 'Images' }).waitFor();
  await page.getByRole('region', { name: 'Tasks' }).getByText('Pruning').waitFor();
  expect(await page.getByRole('main').getByRole('progressbar').count()).toBe(0);
});

test('a pull can be cancelled, and goes on while another page is open', async () => {
  const { page, dockerd, row, pull } = await open();
  dockerd.pulls.set('slow:1', { layers: 4, layerBytes: 50_000_000, bytesPerSecond: 2_000_000 });
  await pull('slow:1');
  const card = page.getByRole('region', { name: 'Pulling slow:1' });
  await card.waitFor();
  await page.evaluate(() => {
    location.hash = '#/containers';
  });
  await card.waitFor({ state: 'detached' });
  await page.evaluate(() => {
    location.hash = '#/images';
  });
  await card.getByRole('button', { name: 'Cancel' }).click();
  await card.waitFor({ state: 'detached' });
  expect(await row('slow:1').count()).toBe(0);
});

test('a refused pull says why and what is kept', async () => {
  const { page, pull } = await open();
  await pull('denied/secret:1');
  const notice = page.getByRole('main').getByRole('alert');
  await notice.filter({ hasText: 'denied/secret:1' }).waitFor();
  await notice.getByRole('button', { name: 'Dismiss' }).click();
  await notice.waitFor({ state: 'detached' });
});

test('an archive is loaded as a stream; what is none is said', async () => {
  const { page, row } = await open();
  const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
  try {
    const archive = pack();
    archive.entry({ name: 'layer' }, Buffer.alloc(24_000_000, 7));
    archive.finalize();
    const parts: Buffer[] = [];
    for await (const part of archive) {
      parts.push(part as Buffer);
    }
    const bytes = Buffer.concat(parts);
    writeFileSync(join(folder, 'good.tar'), bytes);
    writeFileSync(join(folder, 'bad.tar'), 'no tar at all '.repeat(100));
    const input = page.locator('input[type=file]');
    await input.setInputFiles(join(folder, 'good.tar'));
    // The fake names it after what arrived: every byte did.
    await row(`loaded:${String(bytes.length)}`).waitFor();
    await input.setInputFiles(join(folder, 'bad.tar'));
    await page.getByRole('main').getByRole('alert').waitFor();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('removal: who uses it is named, a running one cannot go, a failure is told on the row', async () => {
  const { page, dockerd, row } = await open({
    containers: 0,
    seed: (dockerd) => {
      dockerd.model.addContainer({ name: 'old', image: 'postgres:17', state: 'exited' });
      dockerd.model.addContainer({ name: 'busy', image: 'nginx:1.29', state: 'running' });
    },
  });
  const dialog = page.getByRole('dialog');
  const press = async (reference: string): Promise<void> => {
    await row(reference).focus();
    await page.keyboard.press('Delete');
  };
  await press('nginx:1.29');
  await dialog.getByText('busy is running from it').waitFor();
  expect(await dialog.getByRole('button', { name: 'Remove anyway' }).isDisabled()).toBe(true);
  await page.keyboard.press('Escape');

  await press('postgres:17');
  await dialog.getByText('Container old was made from it').waitFor();
  await dialog.getByRole('button', { name: 'Remove anyway' }).click();
  await row('postgres:17').waitFor({ state: 'detached' });

  dockerd.fault({
    match: /^DELETE \/images/,
    times: 1,
    effect: { kind: 'status', status: 409, message: 'conflict: unable to delete: image has dependent child images' },
  });
  await press('node:24');
  await dialog.getByRole('button', { name: 'Remove image' }).click();
  await page.getByRole('main').getByRole('alert').waitFor();
  await row('node:24').waitFor();
});
