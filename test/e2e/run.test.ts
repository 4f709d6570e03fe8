// From an image to a container in a real Chromium: a pasted line, errors at their fields, the pull before, the engine's refusals.
import { afterEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow, TestWindowOptions } from './window';

let current: TestWindow | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

async function open(options: TestWindowOptions = {}, route = '#/run') {
  current = await openWindow({
    containers: 0,
    seed: (dockerd) => {
      dockerd.model.addContainer({
        name: 'db-1',
        state: 'running',
        ports: [{ IP: '0.0.0.0', PrivatePort: 5432, PublicPort: 5432, Type: 'tcp' }],
      });
    },
    ...options,
  });
  const { page, dockerd, complaints } = current;
  await page.evaluate((hash) => {
    location.hash = hash;
  }, route);
  await page.getByRole('textbox', { name: 'A docker run line' }).waitFor();
  const line = page.locator('[data-testid="run-line"]');
  const button = (name: string) => page.getByRole('main').getByRole('button', { name, exact: true });
  return { page, dockerd, complaints, line, button };
}

test('a pasted line fills the form, names what it leaves out, and its port is corrected with one click', async () => {
  const { page, dockerd, line, button, complaints } = await open();
  await page
    .getByRole('textbox', { name: 'A docker run line' })
    .fill(
      "docker run -d --name pg -p 5432:5432 -e POSTGRES_PASSWORD='a b' -v pgdata:/var/lib/postgresql --memory 512m --restart unless-stopped postgres:17 -c 'x y'",
    );
  await page.getByText('--memory 512m', { exact: true }).waitFor();
  await page.getByText('5432 is taken by container db-1.').waitFor();
  expect(await line.textContent()).toContain('POSTGRES_PASSWORD=••••••');
  await button('Run').click();
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-field'))).toBe('ports.1.host');
  await page.getByRole('button', { name: 'Use 5433' }).click();
  await expect.poll(() => line.textContent()).toContain('-p 5433:5432');
  await button('Run').click();
  await page.getByRole('tab', { name: 'Logs', selected: true }).waitFor();
  const made = dockerd.model.findContainer('pg');
  expect(made).toMatchObject({ state: 'running', image: 'postgres:17', restartPolicy: 'unless-stopped', command: ['-c', 'x y'] });
  expect(made?.env).toContain('POSTGRES_PASSWORD=a b');
  expect(complaints).toEqual([]);
});

test('an image that is not here is pulled first; create only does not start', async () => {
  const { page, dockerd, button } = await open({}, '#/run?image=fresh:2');
  await page.getByText('not here, will be pulled').waitFor();
  await page.getByText('Pull fresh:2').waitFor();
  dockerd.pulls.set('fresh:2', { layers: 2, layerBytes: 1_000_000, bytesPerSecond: 4_000_000 });
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('made');
  await button('Create only').click();
  await page.getByRole('tab', { name: 'Overview', selected: true }).waitFor();
  expect(dockerd.model.findContainer('made')?.state).toBe('created');
  expect(dockerd.model.findImage('fresh:2')).toBeDefined();
});

test('what runs is what the form said, and who has left is not led back', async () => {
  const { page, dockerd, button } = await open({}, '#/run?image=fresh:2');
  dockerd.pulls.set('fresh:2', { layers: 1, layerBytes: 2_000_000, bytesPerSecond: 1_000_000 });
  dockerd.fault({ match: /^POST \/containers\/create/, times: 1, effect: { kind: 'delay', ms: 1500 } });
  const name = page.getByRole('textbox', { name: 'Name', exact: true });
  await name.fill('made');
  await button('Run').click();
  await page.getByRole('complementary', { name: /./ }).getByText(/^\d+%/).waitFor();
  expect(await name.isDisabled()).toBe(true);
  await expect.poll(() => dockerd.calls.some((call) => call.startsWith('POST /containers/create'))).toBe(true);
  await page.evaluate(() => {
    location.hash = '#/images';
  });
  await expect.poll(() => dockerd.model.findContainer('made')?.state).toBe('running');
  await page.getByRole('navigation').getByText('2', { exact: true }).waitFor();
  expect(await page.evaluate(() => location.hash)).toBe('#/images');
});

test('create only that was refused is tried again as such', async () => {
  const { page, dockerd, button } = await open();
  dockerd.fault({
    match: /^POST \/containers\/create/,
    times: 1,
    effect: { kind: 'status', status: 500, message: 'dial tcp: i/o timeout' },
  });
  await page.getByRole('combobox', { name: 'Image' }).fill('nginx:1.29');
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('made');
  await button('Create only').click();
  await page.getByRole('main').getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('tab', { name: 'Overview', selected: true }).waitFor();
  expect(dockerd.model.findContainer('made')?.state).toBe('created');
});

test('errors stand at their fields', async () => {
  const { page, button } = await open();
  await button('Run').click();
  await page.getByText('Name an image').waitFor();
  await page.getByRole('combobox', { name: 'Image' }).fill('Nginx');
  await page.getByRole('button', { name: 'Use nginx' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('db-1');
  await page.getByRole('button', { name: 'Use db-1-2' }).waitFor();
  await page.getByRole('button', { name: 'Add a port' }).click();
  await page.getByRole('textbox', { name: 'Port on this computer' }).fill('99999');
  await page.getByText('99999 is no port').waitFor();
  await page.getByRole('button', { name: 'Add a volume' }).click();
  await page.getByRole('textbox', { name: 'Volume name' }).fill('./data');
  await page.getByText('./data: a folder of this computer is written from the root on').waitFor();
  await page.getByRole('textbox', { name: 'Command' }).fill('echo "x');
  await page.getByText('is not closed').waitFor();
});

test('the engine’s refusal is said with what is kept, and the form stays', async () => {
  const { page, button, line } = await open({}, '#/run?image=denied/app');
  await button('Run').click();
  const notice = page.getByRole('main').getByRole('alert');
  await notice.filter({ hasText: 'denied/app' }).waitFor();
  expect(await line.textContent()).toContain('denied/app');
  await page.getByRole('combobox', { name: 'Image' }).fill('nginx:1.29');
  await notice.waitFor({ state: 'detached' });
});
