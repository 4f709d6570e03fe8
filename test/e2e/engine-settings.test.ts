// The engine's settings in a real Chromium over the real backend: forms and JSON as one draft, checks at their place, a change on its way into
// force and back, what others changed meanwhile.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let shared: TestWindow;
beforeAll(async () => {
  shared = await openWindow({
    containers: 0,
    seed: ({ model }) => model.addContainer({ name: 'harbour', image: 'nginx:1.29', state: 'running' }),
  });
});
afterAll(() => shared.close());
beforeEach(() => {
  shared.dockerd.configuration.failStart = () => undefined;
});

/** All but one test share a window, each with keys of its own. */
async function open(section: string) {
  const { page, dockerd, complaints, headless } = shared;
  page.setDefaultTimeout(15_000);
  // From another page: whatever the last test left open is gone.
  await page.evaluate(() => {
    location.hash = '#/overview';
  });
  await editor(page).waitFor({ state: 'detached' });
  await visit(page, section);
  const discard = page.getByRole('button', { name: 'Discard' });
  if ((await discard.count()) > 0) {
    await discard.click();
  }
  return { page, dockerd, complaints, headless, configuration: dockerd.configuration };
}

async function visit(page: Page, section: string): Promise<void> {
  await page.evaluate((name) => {
    location.hash = `#/settings/engine/${name}`;
  }, section);
  await editor(page).waitFor();
}

const editor = (page: Page) => page.getByRole('textbox', { name: 'daemon.json' });
const apply = (page: Page) => page.getByRole('button', { name: 'Apply', exact: true });
const result = (page: Page) => page.getByRole('region', { name: 'Putting into force' });
const document = async (page: Page): Promise<unknown> => JSON.parse((await editor(page).locator('.cm-line').allInnerTexts()).join('\n'));

/** As a hand does it: all of it selected, then typed over. */
async function write(page: Page, text: string): Promise<void> {
  await editor(page).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

test('a form changes the JSON at one place and comes into force live; containers run on', async () => {
  const { page, configuration, complaints, dockerd } = await open('logging');
  const running = (): number => [...dockerd.model.containers.values()].filter(({ state }) => state === 'running').length;
  const before = { starts: configuration.starts, running: running() };
  await page.getByRole('switch', { name: /debug/i }).click({ force: true });
  await expect.poll(() => document(page)).toMatchObject({ debug: true, 'live-restore': true });
  await page.getByText('Takes effect at once; nothing stops.').waitFor();
  await apply(page).click();
  await result(page).getByText('In force').waitFor();
  await result(page).getByText('Reload').waitFor();
  expect(configuration.inForce['debug']).toBe(true);
  expect({ starts: configuration.starts, running: running() }).toEqual(before);
  expect(await apply(page).count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('the JSON is checked by line and column, completed from the table, and shown as a difference', async () => {
  const { page, complaints } = await open('network');
  await write(page, '{\n  "live-restore": true,\n  "bip": "10.0.0.300/24"\n}');
  const problem = page.getByRole('list', { name: 'Problems' }).getByRole('button');
  await problem.filter({ hasText: '3:10' }).waitFor();
  // The same place in both: the field says it too, and the line is wavy.
  await page.getByRole('form').getByRole('alert').filter({ hasText: '10.0.0.300/24' }).waitFor();
  await editor(page).locator('.cm-lintRange-error').waitFor();
  expect(await apply(page).count()).toBe(0);

  await write(page, '{\n  "live-restore": true,\n  "debug": tru\n}');
  await problem.filter({ hasText: '3:12' }).first().click();
  await page.getByText('The JSON cannot be read at line 3, column 12').waitFor();
  expect(await page.getByRole('textbox', { name: /mtu/i }).isDisabled()).toBe(true);
  // The click put the cursor on what is wrong.
  await page.keyboard.insertText('true,\n  "max-concurrent-d"');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Control+Space');
  await page.getByRole('option', { name: /max-concurrent-downloads/ }).click();
  await expect.poll(() => document(page)).toEqual({ 'live-restore': true, debug: true, 'max-concurrent-downloads': 3 });

  await page.getByText('Difference').click();
  const difference = page.getByRole('region', { name: 'Difference' });
  await difference.getByText('"max-concurrent-downloads": 3').waitFor();
  expect(complaints).toEqual([]);
});

test('what stops containers names them and waits for a yes', async () => {
  const { page, configuration } = await open('network');
  await page.getByRole('textbox', { name: /bip/ }).fill('10.99.0.1/16');
  await page.getByText('stops 1 container').waitFor();
  await apply(page).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('harbour').waitFor();
  await dialog.getByText('Set bip to the earlier value').waitFor();
  await expect
    .poll(() => dialog.getByRole('button', { name: 'Cancel' }).evaluate((button) => button === button.ownerDocument.activeElement))
    .toBe(true);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  expect(configuration.inForce['bip']).toBeUndefined();
  await apply(page).click();
  await dialog.getByRole('button', { name: 'Stop one container and apply' }).click();
  await result(page).getByText('In force').waitFor();
  expect(configuration.inForce['bip']).toBe('10.99.0.1/16');
});

test('an engine that does not start goes back; its words stand at the field, the draft stays, and history restores what was', async () => {
  const { page, configuration } = await open('limits');
  const words = 'cgroup-parent "/none" is not supported';
  configuration.failStart = (values) => (values['cgroup-parent'] === '/none' ? words : undefined);
  await page.getByRole('button', { name: /more keys/ }).click();
  const field = page.getByRole('textbox', { name: /cgroup-parent/ });
  await field.fill('/none');
  await page.getByText('The engine restarts; the running container goes on.').waitFor();
  await apply(page).click();
  await result(page).getByRole('alert').waitFor();
  await result(page).getByText('Roll back').waitFor();
  await result(page).getByText(words).waitFor();
  await page.getByRole('form').getByText(`dockerd refused it: ${words}`).waitFor();
  expect(configuration.inForce).not.toHaveProperty('cgroup-parent');
  expect(await field.inputValue()).toBe('/none');

  configuration.failStart = () => undefined;
  await apply(page).click();
  await result(page).getByText('In force').waitFor();
  expect(configuration.inForce['cgroup-parent']).toBe('/none');
  await field.fill('');
  await apply(page).click();
  await result(page).getByText('In force').waitFor();
  expect(configuration.inForce).not.toHaveProperty('cgroup-parent');

  await page.getByRole('button', { name: 'History' }).click();
  const entries = page.getByRole('dialog').getByRole('listitem');
  await entries.filter({ hasText: 'Rolled back' }).getByText(words).waitFor();
  await entries.nth(1).getByRole('button', { name: 'Restore' }).click();
  await expect.poll(() => configuration.inForce['cgroup-parent']).toBe('/none');
  await expect.poll(() => document(page)).toMatchObject({ 'cgroup-parent': '/none' });
});

test('of two windows one wins; the other sees what changed and puts its own on top', async () => {
  const { page, headless, configuration } = await open('other');
  const other = await (await page.context().browser()!.newContext({ locale: 'en-US' })).newPage();
  await other.goto(await headless.address(600_000));
  await visit(other, 'other');
  await page.getByRole('textbox', { name: /metrics-addr/ }).fill('127.0.0.1:9323');
  await other.getByRole('textbox', { name: /^Labels of the engine, entry 1/ }).fill('site=shanghai');
  await apply(other).click();
  await result(other).getByText('In force').waitFor();
  const banner = page.getByRole('alert').filter({ hasText: 'changed elsewhere meanwhile' });
  await banner.getByText('site=shanghai').waitFor();
  expect(await apply(page).isDisabled()).toBe(true);
  await banner.getByRole('button', { name: 'Put mine on top' }).click();
  await banner.waitFor({ state: 'detached' });
  await apply(page).click();
  await expect.poll(() => configuration.inForce).toMatchObject({ labels: ['site=shanghai'], 'metrics-addr': '127.0.0.1:9323' });
});

test('an edit made inside the guest is shown and dropped, and the draft waits', async () => {
  const { page, configuration } = await open('other');
  const ours = configuration.file;
  configuration.file = JSON.stringify({ ...(JSON.parse(ours) as object), 'max-download-attempts': 9 });
  await page.getByRole('textbox', { name: /^Labels of the engine, entry 1/ }).fill('a=b');
  await apply(page).click();
  const banner = page.getByRole('alert').filter({ hasText: 'edited inside the virtual machine' });
  await banner.getByText('max-download-attempts').waitFor();
  await banner.getByRole('button', { name: 'Drop it' }).click();
  await banner.waitFor({ state: 'detached' });
  expect(JSON.parse(configuration.file)).toEqual(JSON.parse(ours));
  await expect.poll(() => document(page)).toMatchObject({ labels: ['a=b'] });
});

test('while the engine is off the forms work, and a change is kept for the next start', async () => {
  const { page, dockerd, close } = await openWindow({ stopped: true });
  try {
    await visit(page, 'logging');
    await page.getByRole('switch', { name: /debug/i }).click({ force: true });
    await page.getByText('The engine is off: takes effect at the next start.').waitFor();
    await page.getByRole('button', { name: 'Save for the next start' }).click();
    await result(page).getByText('Saved for the next start').waitFor();
    expect(dockerd.configuration.inForce['debug']).toBeUndefined();
  } finally {
    await close();
  }
});
