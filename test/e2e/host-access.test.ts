// Who of the containers reaches this computer, chosen in a real Chromium over the real backend; the VM is a fake, and this bundle has no passt.
import { afterEach, expect, test, vi } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

async function open(locale: string, colorScheme: 'light' | 'dark'): Promise<TestWindow['page']> {
  current = await openWindow({ locale, colorScheme });
  await current.page.evaluate(() => {
    location.hash = '#/settings';
  });
  return current.page;
}

test('a list is chosen, typed and kept, and what is not enforced is said plainly', async () => {
  const page = await open('en', 'light');
  const section = page.locator('section', { has: page.getByRole('heading', { name: 'This computer from containers' }) });
  await section.getByText('Every service can be reached.').waitFor();
  await section.getByText('List', { exact: true }).click();
  await section.getByText('Containers reach this computer’s own services, whatever is set').waitFor();
  const ports = section.getByLabel('Ports', { exact: true });
  await ports.fill('5432, x');
  expect(await section.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
  await ports.fill('5432 6379');
  await section.getByRole('button', { name: 'Save' }).click();
  await vi.waitFor(async () => expect(await section.getByLabel('Ports', { exact: true }).inputValue()).toBe('5432, 6379'), {
    timeout: 10_000,
  });
  await page.reload();
  await vi.waitFor(async () => expect(await section.getByLabel('Ports', { exact: true }).inputValue()).toBe('5432, 6379'), {
    timeout: 20_000,
  });
  expect(current?.complaints).toEqual([]);
});
