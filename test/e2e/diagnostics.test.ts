// A report gathered, looked at and saved in a real Chromium over the real backend; reached from a failure and from the settings.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BerthError } from '../../preload/contract';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-saved-'));
});
afterEach(async () => {
  await current?.close();
  current = undefined;
  rmSync(folder, { recursive: true, force: true });
});

test('gathered, shown word for word, then saved where it was said, and never over what lies there', async () => {
  current = await openWindow({ containers: 2 });
  const { page } = current;
  await page.evaluate(() => {
    location.hash = '#/settings';
  });
  await page.getByRole('link', { name: 'Diagnostics' }).click();
  await page.getByRole('button', { name: /^containers\.json/ }).click();
  const preview = page.getByRole('region', { name: 'containers/containers.json' });
  await preview.getByText('"Image":').first().waitFor();
  const shown = await preview.locator('pre').innerText();
  await page.getByLabel('Folder', { exact: true }).fill(folder);
  const save = page.getByRole('button', { name: 'Save', exact: true });
  await vi.waitFor(async () => expect(await save.isEnabled()).toBe(true), { timeout: 60_000 });
  await save.click();
  await page.getByText('Saved,').waitFor();
  const [name = ''] = readdirSync(folder);
  expect(name).toMatch(/^berth-diagnostics-[\d-]+\.tar\.gz$/);
  expect(gunzipSync(await readFile(join(folder, name))).toString('utf8')).toContain(shown.trim());
  await save.click();
  await page.getByText('The report was not saved').waitFor();
  expect(readdirSync(folder)).toEqual([name]);
  await page.getByLabel('Folder', { exact: true }).fill('relative');
  await save.click();
  await page.getByText('not an absolute path').waitFor();
  expect(current.complaints).toEqual([]);
});

test('from a start that failed, without an engine', async () => {
  current = await openWindow({
    stopped: true,
    locale: 'zh-CN',
    colorScheme: 'dark',
    failure: () => new BerthError('vm.exited', { detail: 'Kernel panic' }),
  });
  const { page } = current;
  await page.getByRole('button', { name: '启动' }).first().click();
  await page.getByRole('button', { name: '收集', exact: true }).click();
  await page.getByRole('button', { name: /^status\.json/ }).click();
  await page.getByRole('region', { name: 'vm/status.json' }).getByText('vm.exited').waitFor();
  const again = page.getByRole('button', { name: '重新收集' });
  await vi.waitFor(async () => expect(await again.isEnabled()).toBe(true), { timeout: 60_000 });
  // The guest cannot answer, and that is said in its place.
  await page.getByText('notRunning').first().waitFor();
  expect(await page.title()).toContain('诊断');
  await again.click();
  await vi.waitFor(async () => expect(await again.isEnabled()).toBe(true), { timeout: 60_000 });
  expect(current.complaints).toEqual([]);
});
