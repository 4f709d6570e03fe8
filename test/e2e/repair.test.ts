// The repair ladder as a user climbs it: what it says before, what it did after, and that nothing goes without the typed word.
import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { createFakeRepairGuest } from '../fakes/repair-guest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let window: TestWindow | undefined;

afterEach(async () => {
  expect(window?.complaints ?? []).toEqual([]);
  await window?.close();
  window = undefined;
});

test('from the error of a start to the advised step, and a report that stays', async () => {
  const repair = createFakeRepairGuest({ uuid: '-', state: 'superblock' });
  let broken = true;
  window = await openWindow({
    stopped: true,
    repair,
    failure: () => (broken ? new BerthError('disk.damaged', { path: '/home/data.raw', detail: 'no ext4 superblock' }) : undefined),
  });
  const { page } = window;
  await page.getByRole('button', { name: 'Start', exact: true }).first().click();
  await page.getByRole('alert').getByRole('button', { name: 'Repair' }).click();
  const row = page.getByRole('row', { name: /Check the data disk/ });
  await row.getByText('Advised').waitFor();
  expect(await page.getByRole('button', { name: 'Reconnect: Reconnect' }).isDisabled()).toBe(true);

  await row.getByRole('button').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The virtual machine is shut down').waitFor();
  await dialog.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByText('The data disk is damaged').first().waitFor();
  await page.getByText('Nothing was mended and nothing was written').waitFor();
  expect(repair.boots).toEqual(['throwaway']);

  broken = false;
  await row.getByRole('button').click();
  await dialog.getByLabel('Without a copy').check();
  expect(await dialog.getByRole('button', { name: 'Mend' }).isDisabled()).toBe(true);
  await dialog.getByLabel(/^Type .* to confirm$/).fill((await dialog.getByText(/^Type .* to confirm$/).textContent())?.split(' ')[1] ?? '');
  await dialog.getByRole('button', { name: 'Mend' }).click();
  await page.getByText('e2fsck mended the data disk').waitFor();
  expect(repair.boots).toEqual(['throwaway', 'throwaway', 'writable']);
});

test('a folder may have a space in its name, and a disk that cannot be deleted stays in its dialog with the reason', async () => {
  window = await openWindow({ disk: true });
  const { page } = window;
  await page.evaluate(() => {
    location.hash = '#/repair';
  });
  const dialog = page.getByRole('dialog');
  await page
    .getByRole('row', { name: /Export from the data disk/ })
    .getByRole('button')
    .click();
  const folder = dialog.getByRole('textbox', { name: 'Folder on this computer' });
  await folder.pressSequentially('/media/my disk');
  expect(await folder.inputValue()).toBe('/media/my disk');
  await page.keyboard.press('Escape');

  await page
    .getByRole('row', { name: /Sets the disk aside/ })
    .getByRole('button')
    .click();
  await dialog.getByLabel(/^Type .* to confirm$/).fill((await dialog.getByText(/^Type .* to confirm$/).textContent())?.split(' ')[1] ?? '');
  await dialog.getByRole('button', { name: 'Reset', exact: true }).click();
  const remove = page.getByRole('button', { name: /^Delete data-/ });
  await remove.waitFor();
  const path = (await page.getByTitle(/data-.*\.raw$/).getAttribute('title')) ?? '';
  // What stands in its place cannot be removed as a file.
  renameSync(path, `${path}.away`);
  mkdirSync(path);
  await remove.click();
  await dialog.getByRole('textbox').fill(path.split('/').at(-1) ?? '');
  await dialog.getByRole('button', { name: 'Delete…' }).click();
  await dialog.getByRole('alert').waitFor();
  rmdirSync(path);
  renameSync(`${path}.away`, path);
  await dialog.getByRole('button', { name: 'Delete…' }).click();
  await dialog.waitFor({ state: 'detached' });
  await remove.waitFor({ state: 'detached' });
});
