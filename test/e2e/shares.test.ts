// Shared folders in a real Chromium, over the real backend and real folders of this computer; only the VM that would mount them is a fake.
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
let root: string;
const at = (path: string): string => join(root, path);

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'berth-folders-')));
  await mkdir(at('code/app'), { recursive: true });
  await mkdir(at('data'));
  await writeFile(at('notes.txt'), '');
});
afterEach(async () => {
  await current?.close();
  current = undefined;
  await rm(root, { recursive: true, force: true });
});

async function open(hash: string) {
  current = await openWindow({
    seed: ({ model }) => {
      model.containers.clear();
      model.addContainer({ name: 'db', state: 'running', startedAt: Date.now() - 60_000, binds: [`${at('data')}/pg:/var/lib/data`] });
      model.addContainer({ name: 'site', state: 'exited', binds: [`${at('code/app')}:/app`] });
    },
  });
  const { page, complaints } = current;
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
  const row = (path: string) => page.locator(`tr[data-path="${at(path)}"]`);
  /** Types the path and sends it. */
  const ask = async (path: string): Promise<void> => {
    await page.getByLabel('Folder on this computer').fill(path);
    await page.keyboard.press('Enter');
  };
  const add = async (path: string): Promise<void> => {
    await page.evaluate(() => {
      location.hash = '#/settings/shares?do=add';
    });
    await ask(path);
    await page.getByLabel('Folder on this computer').waitFor({ state: 'detached' });
  };
  return { page, complaints, row, ask, add };
}

test('a folder is shared, made read-only, and no longer shared; one that is used asks first', async () => {
  const { page, complaints, row, add } = await open('#/settings/shares');
  await page.getByText('Nothing else was chosen').waitFor();
  await add(at('code'));
  await row('code').getByText('Mounted').waitFor();
  await add(at('data'));
  await row('data').getByText('Mounted').waitFor();
  expect(await row('data').locator('td').nth(2).innerText()).toBe('db');

  // The one that was added is the chosen one.
  const panel = page.getByRole('complementary', { name: at('data') });
  await row('code').click();
  await page
    .getByRole('complementary', { name: at('code') })
    .getByRole('switch', { name: 'Read only' })
    .click({ force: true });
  await row('code').getByText('Read only').waitFor();
  await row('code').getByText('Mounted').waitFor();

  await row('data').click();
  await panel.getByRole('button', { name: 'Stop sharing…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('db').waitFor();
  expect(await dialog.getByRole('button', { name: 'Cancel' }).evaluate((button) => button === document.activeElement)).toBe(true);
  await dialog.getByRole('button', { name: 'Stop sharing' }).click();
  await row('data').waitFor({ state: 'detached' });

  await row('code').click();
  await page.getByRole('button', { name: 'Stop sharing', exact: true }).click();
  await row('code').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).first().waitFor();
  expect(complaints).toEqual([]);
});

test('what cannot be shared is said at the field, and a file leads to its folder', async () => {
  const { page, row, ask } = await open('#/settings/shares?do=add');
  const field = page.getByLabel('Folder on this computer');
  const problem = page.getByRole('form', { name: 'Share a folder' }).getByRole('alert');
  for (const [path, words] of [
    ['code/app', 'is not a whole path'],
    [at('nowhere'), 'does not exist'],
    ['/etc', 'virtual machine’s own place'],
    [at('notes.txt'), 'is not a folder'],
  ] as const) {
    await ask(path);
    await problem.getByText(words).waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
  }
  await problem.getByRole('button', { name: `Share ${root}` }).click();
  expect(await field.inputValue()).toBe(root);
  await field.press('Enter');
  await page.locator(`tr[data-path="${root}"]`).waitFor();
  expect(await row('code').count()).toBe(0);
});

test('a folder that goes away is told, and comes back by itself', async () => {
  const { row, add, page } = await open('#/settings/shares');
  await add(at('code'));
  await row('code').getByText('Mounted').waitFor();
  await rename(at('code'), at('gone'));
  await row('code').getByText('Not there').waitFor();
  await page.getByText('mounted again by itself').waitFor();
  await rename(at('gone'), at('code'));
  await row('code').getByText('Mounted').waitFor();
});

test('a run that binds what is not shared is refused with the button that shares it and runs', async () => {
  const { page, row } = await open(`#/run?paste`);
  await page
    .getByRole('textbox')
    .first()
    .fill(`docker run -d --name web -v ${at('code')}:/code nginx:1.29`);
  await page.getByLabel('Name', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'is not in a shared folder' });
  await notice.waitFor();
  expect(await notice.innerText()).toContain(`berth shares add "${at('code')}"`);
  await notice.getByRole('button', { name: 'Share this folder and try again' }).click();
  await page.waitForURL(/#\/containers\/.*\/logs/);
  await page.evaluate(() => {
    location.hash = '#/settings/shares';
  });
  await row('code').getByText('web').waitFor();
});

test('a container whose folder is no longer shared does not start before it is again', async () => {
  const { page } = await open('#/containers');
  const site = page.getByRole('row').filter({ hasText: 'site' });
  await site.getByRole('button', { name: /^Start/ }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'is not in a shared folder' });
  await notice.getByRole('button', { name: 'Share this folder and try again' }).click();
  await site.getByRole('button', { name: /^Stop/ }).waitFor();
});

test('the way of serving is said with what it means; the palette knows the words that people have for it', async () => {
  const { page } = await open('#/settings/shares');
  await page.getByText('The fastest that this computer has. virtiofs').waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('bind -v share');
  await page.getByText('Share a folder…').click();
  await page.getByLabel('Folder on this computer').waitFor();
});
