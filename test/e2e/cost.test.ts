// The card of what Berth costs: this machine's own figures of the backend, the guest's beside them, and a remedy with one click.
import { afterEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let opened: TestWindow | undefined;

afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

test('what is really used beside what the guest says, by part, and memory given back with one click', async () => {
  opened = await openWindow();
  const { page, complaints } = opened;
  const card = page.locator('aside section', { hasText: 'What it costs this computer' });
  const memory = card.getByRole('row', { name: 'Memory, now' });
  // The second look, five seconds after the first.
  await memory
    .getByRole('cell', { name: /^[\d.]+ [MG]B$/ })
    .first()
    .waitFor();
  expect(await memory.getByRole('cell').last().textContent()).toBe('819 MB');
  expect(await card.getByRole('row', { name: 'CPU, last hour' }).getByRole('cell').first().textContent()).toMatch(/^\d+(\.\d)?%$/);
  await page
    .getByRole('contentinfo')
    .getByText(/^Host cost [\d.]+ [MG]B · \d+(\.\d)?%$/)
    .waitFor();
  await card.getByRole('button', { name: 'By part' }).click();
  await card.getByRole('row', { name: /^Virtual machine \d/ }).waitFor();

  await card.getByRole('button', { name: 'Give back 1 GB' }).click();
  await card.getByText('1.1 GB given back').waitFor();
  await card.getByRole('button', { name: /^Give back/ }).waitFor({ state: 'detached' });

  const chart = page.locator('section', { has: page.getByRole('heading', { name: 'CPU and memory' }) }).last();
  await chart
    .getByRole('table', { name: 'CPU and memory' })
    .getByRole('row', { name: /^\d\d:\d\d \d+(\.\d)?%/ })
    .last()
    .waitFor();
  const plot = chart.locator('.u-over').first();
  const { width } = (await plot.boundingBox()) ?? { width: 0 };
  await plot.hover({ position: { x: 1, y: 20 } });
  // The left edge is before anybody looked: no figure, and no 0.
  await chart.getByText('In the VM –').first().waitFor();
  await plot.hover({ position: { x: width - 1, y: 20 } });
  await chart.getByText(/^In the VM \d+(\.\d)?%$/).waitFor();

  await card.getByText('24 h').click();
  await card.getByRole('row', { name: 'CPU, last day' }).waitFor();
  expect(complaints).toEqual([]);
});
