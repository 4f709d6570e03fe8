// The disk's page as a user meets it: what takes what, a prune that takes no volume unless it is chosen, and what it gave back in bytes of this computer.
import { afterEach, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { FakeDockerd } from '../fakes/dockerd/server';
import { openWindow } from './window';
import type { TestWindow, TestWindowOptions } from './window';

const MB = 2 ** 20;
const ANONYMOUS = 'f'.repeat(64);
let opened: TestWindow | undefined;

afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

function seed({ model }: FakeDockerd): void {
  model.addImage(['postgres:17'], 4 * MB);
  model.addImage([], 3 * MB);
  model.addContainer({ name: 'db', image: 'postgres:17', state: 'running', binds: ['db-data:/v'] });
  model.buildCache.set('step', 2 * MB);
  model.volumes.clear();
  model.volumes.set('db-data', { createdAt: 0, bytes: 2 * MB });
  model.volumes.set('diary', { createdAt: 0, bytes: MB });
  model.volumes.set('photos', { createdAt: 0, bytes: 2 * MB });
  model.volumes.set(ANONYMOUS, { createdAt: 0, bytes: MB, anonymous: true });
}

async function begin(options: TestWindowOptions = {}): Promise<{ page: Page; dockerd: FakeDockerd }> {
  opened = await openWindow({ disk: true, containers: 0, images: 0, seed, ...options });
  await opened.page.getByRole('navigation').locator('a[href="#/disk"]').click();
  return opened;
}

const volumes = ({ model }: FakeDockerd): string[] => [...model.volumes.keys()];

test('a prune takes what was chosen, no volume by itself, and says what the data disk gave back', async () => {
  const { page, dockerd } = await begin();
  await page.getByRole('heading', { name: '27 MB of this computer' }).waitFor();
  await page.getByRole('row', { name: /^Volumes 4, kept unless chosen/ }).waitFor();
  await page.getByRole('button', { name: 'Prune…' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByLabel('1 unused anonymous volume').isChecked()).toBe(false);
  await dialog.getByText('All volumes, running containers and their images').waitFor();
  await dialog.getByRole('button', { name: 'Delete 5 MB' }).click();
  // The image and the cache, and what an earlier removal had left.
  await page.getByText('13 MB given back to this computer').waitFor();
  await page.getByText('The data disk took 27 MB and takes 14 MB now.').waitFor();
  expect(volumes(dockerd)).toEqual(['db-data', 'diary', 'photos', ANONYMOUS]);
  expect([dockerd.model.images.size, dockerd.model.buildCache.size]).toEqual([1, 0]);
  expect(opened?.complaints).toEqual([]);
});

test('an anonymous volume is one choice; a named one is chosen by its name and typed; one in use is not offered', async () => {
  const { page, dockerd } = await begin({ locale: 'zh-CN' });
  await page.getByRole('button', { name: '清理…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('1 个未使用的匿名数据卷').check();
  await dialog.getByLabel('2 个未使用的命名数据卷…').check();
  expect(await dialog.getByLabel('db-data').count()).toBe(0);
  await dialog.getByLabel('diary').check();
  const go = dialog.getByRole('button', { name: '删除 7 MB' });
  expect(await go.isDisabled()).toBe(true);
  await dialog.getByLabel('输入 diary 确认').fill('diary');
  await dialog.getByText('数据卷及其数据：diary').waitFor();
  await go.click();
  await page.getByText('已归还本机 15 MB').waitFor();
  expect(volumes(dockerd)).toEqual(['db-data', 'photos']);
});

test('a volume that came into use meanwhile stays, is named, and what else was given back is said', async () => {
  const { page, dockerd } = await begin();
  await page.getByRole('button', { name: 'Prune…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('1 unused anonymous volume').check();
  dockerd.model.addContainer({ name: 'late', state: 'exited', binds: [`${ANONYMOUS}:/v`] });
  await dialog.getByRole('button', { name: 'Delete 6 MB' }).click();
  await page
    .getByRole('alert')
    .getByText(/^These volumes were not deleted: f/)
    .waitFor();
  await page.getByText('13 MB given back to this computer').waitFor();
  expect(volumes(dockerd)).toContain(ANONYMOUS);
});

test('an engine that refuses to count is quoted, and the rest of the page stands', async () => {
  const { page } = await begin({
    seed: (dockerd) => {
      seed(dockerd);
      dockerd.fault({ match: /^GET \/system\/df$/, effect: { kind: 'status', status: 404, message: 'page not found' } });
    },
  });
  const notice = page.getByRole('alert');
  await notice.getByText('The engine answered with error 404').waitFor();
  expect(await page.getByText('There is no container').count()).toBe(0);
  await page.getByRole('heading', { name: '27 MB of this computer' }).waitFor();
});

test('a computer whose disk is full: said above everything, and the prune that helps can be had', async () => {
  const { page } = await begin({ hostSpace: 'paused' });
  await page.getByRole('status').getByText('The virtual machine waits until this computer has disk space again').waitFor();
  await page.getByRole('button', { name: 'Prune…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 5 MB' }).waitFor();
});

test('a size or a place that is refused keeps its dialog and what was typed, and says why in it', async () => {
  const { page } = await begin();
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Grow…' }).click();
  const size = dialog.getByRole('textbox', { name: 'New size in GB' });
  await size.fill('4000000');
  await dialog.getByRole('button', { name: 'Grow', exact: true }).click();
  await dialog.getByRole('alert').waitFor();
  expect(await size.inputValue()).toBe('4000000');
  // Beside the dialog is not in it.
  await page.mouse.click(5, 5);
  await size.fill('65');
  await dialog.getByRole('button', { name: 'Grow', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.getByRole('alert').count()).toBe(0);

  await page.getByRole('button', { name: 'Move…' }).click();
  await dialog.getByRole('textbox').fill('/no/such/folder');
  await dialog.getByRole('button', { name: 'Shut down and move' }).click();
  await dialog.getByRole('alert').waitFor();
  expect(await dialog.getByRole('textbox').inputValue()).toBe('/no/such/folder');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.getByRole('alert').count()).toBe(0);
});
