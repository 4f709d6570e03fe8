// The mirrors' page in a real Chromium, over the real backend: real curl against real registries on loopback; only the VM and dockerd are fakes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { localExec } from '../lab/local-exec';
import { startProxy } from '../lab/proxy';
import type { LabProxy } from '../lab/proxy';
import { startOrigin } from '../lab/registry';
import type { Origin } from '../lab/registry';
import { openWindow } from './window';
import type { TestWindow, TestWindowOptions } from './window';

const [A, B, C] = ['https://a.example', 'https://b.example', 'https://c.example'] as const;

let folder: string;
let origin: Origin;
let hub: LabProxy;
let good: LabProxy;
let bad: LabProxy;
let exec: TestWindowOptions['exec'];
let current: TestWindow | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-mirrors-e2e-'));
  origin = await startOrigin();
  await origin.push('library/busybox', 'latest', { extraBytes: 700_000 });
  [hub, good, bad] = await Promise.all([startProxy(origin), startProxy(origin), startProxy(origin)]);
  const local = localExec({ authorityFile: '/dev/null', certificatesFolder: join(folder, 'certs.d') });
  exec = (command, options = {}) =>
    local.exec(command, { ...options, stdin: String(options.stdin ?? '').replaceAll('https://registry-1.docker.io', hub.url) });
  const preset = (id: string, name: string, url: string, more = {}): unknown => ({
    id,
    name: { en: name, 'zh-CN': `${name}站` },
    url,
    operator: name,
    audience: { en: 'Us', 'zh-CN': '自己人' },
    state: 'open',
    personal: false,
    proposable: true,
    checked: '2026-10-01',
    ...more,
  });
  const presets = [
    preset('good', 'Cellar', good.url),
    preset('bad', 'Attic', bad.url),
    preset('own', 'Personal', 'https://{id}.mirror.example', {
      personal: true,
      proposable: false,
      help: { en: 'Ask the desk.', 'zh-CN': '问前台。' },
    }),
    preset('gone', 'Gone', 'https://gone.example', { state: 'closed', proposable: false }),
  ];
  await writeFile(join(folder, 'presets.json'), JSON.stringify({ format: 1, presets }));
});
afterAll(async () => {
  await Promise.all([hub.close(), good.close(), bad.close()]);
  await origin.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await current?.close();
  current = undefined;
  await Promise.all([hub.behave({}), good.behave({}), bad.behave({})]);
});

async function open(options: TestWindowOptions = {}) {
  current = await openWindow({ exec, ...options });
  const { page, dockerd, headless, complaints } = current;
  await go(page);
  return { page, dockerd, headless, complaints, inForce: () => dockerd.configuration.inForce['registry-mirrors'] };
}

async function go(page: Page): Promise<void> {
  await page.evaluate(() => {
    location.hash = '#/mirrors';
  });
  await page.getByRole('heading', { name: 'Presets' }).waitFor();
}

async function leave(page: Page): Promise<void> {
  await page.evaluate(() => {
    location.hash = '#/images';
  });
  await page.getByRole('button', { name: 'Pull', exact: true }).first().waitFor();
}

const rows = (page: Page): Locator => page.getByRole('list', { name: 'Mirrors of Docker Hub, in order' }).locator('li[data-sort]');
const row = (page: Page, name: string): Locator => rows(page).and(page.getByRole('listitem', { name, exact: true }));
const grip = (page: Page, name: string): Locator => page.getByRole('button', { name: new RegExp(`^Move ${name}`) });
const order = (page: Page): Promise<readonly (string | null)[]> =>
  rows(page).evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')));
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('main').getByRole('button', { name, exact: true }).first().click();

async function paste(page: Page, text: string, button: RegExp): Promise<void> {
  await press(page, 'Paste');
  await page.getByRole('dialog').getByRole('textbox').fill(text);
  await page.getByRole('dialog').getByRole('button', { name: button }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** Puts the draft in force and waits for the end of its steps. */
async function apply(page: Page, end = 'In force'): Promise<void> {
  const bar = page.getByRole('region', { name: 'Changes to apply' });
  await bar.getByRole('button', { name: 'Apply', exact: true }).click();
  await bar.getByText(end).waitFor();
  await bar.getByRole('button', { name: 'Close the result' }).click();
  await bar.waitFor({ state: 'detached' });
}

async function usePresets(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Another list…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill(join(folder, 'no-such-file.json'));
  await dialog.getByRole('button', { name: 'Use this file' }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByRole('textbox').fill(join(folder, 'presets.json'));
  await dialog.getByRole('button', { name: 'Use this file' }).click();
  await dialog.waitFor({ state: 'detached' });
}

test('from nothing to tested mirrors in force: set up for me', async () => {
  await bad.behave({ page: true, status: 403 });
  await hub.behave({ connection: 'reset' });
  const { page, inForce, complaints } = await open();
  await usePresets(page);
  await press(page, 'Set up for me');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 works.').waitFor();
  const tested = dialog.getByRole('list', { name: 'Tested mirrors' }).locator('> li');
  expect((await tested.allInnerTexts()).map((text) => text.split('\n').slice(0, 2).join(' '))).toEqual([
    '1 Cellar',
    '– Attic',
    'Last Docker Hub itself',
  ]);
  await tested.nth(1).getByText('403').first().waitFor();
  await tested.nth(2).getByText('Refuses connections').waitFor();
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await page.getByRole('region', { name: 'Changes to apply' }).getByText('In force').waitFor();
  expect(inForce()).toEqual([good.url]);
  await row(page, 'Cellar').getByText('Works').waitFor();
  await page.getByRole('link', { name: '1 mirror in force' }).waitFor();
  expect(complaints).toEqual([]);
});

test('add with errors at the field, a personal preset, paste of a daemon.json, edit, remove and undo', async () => {
  const { page, inForce, complaints } = await open();
  await usePresets(page);
  const dialog = page.getByRole('dialog');
  await press(page, 'Add');
  const address = dialog.getByRole('textbox', { name: 'Address' });
  await address.fill(`${A}/v2/`);
  await dialog.getByText(/The address goes on after the host/).waitFor();
  await address.fill('HTTPS://A.example/');
  await dialog.getByText('Kept as').waitFor();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Aunt');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  expect(await order(page)).toEqual(['Aunt']);

  await press(page, 'Add');
  await address.fill(A);
  await dialog.getByText('It is in the list already, at place 1.').waitFor();
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Add Personal' }).click();
  await dialog.getByText('Ask the desk.').waitFor();
  await dialog.getByRole('textbox', { name: 'Your id' }).fill('https://abc.mirror.example/');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  expect(await order(page)).toEqual(['Aunt', 'Personal']);

  await press(page, 'Paste');
  await dialog.getByRole('textbox').fill(`{\n  "registry-mirrors": ["${B}", "${A}/",\n    "ftp://c.example"]\n}`);
  await dialog.getByText(/line 3, column/).waitFor();
  await dialog.getByText('already in the list').waitFor();
  await dialog.getByRole('button', { name: 'Add 1 mirror' }).click();
  expect(await order(page)).toEqual(['Aunt', 'Personal', 'b.example']);

  await page.getByRole('button', { name: 'More about b.example' }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await dialog.getByRole('textbox', { name: 'Note' }).fill('behind the house');
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await row(page, 'b.example').getByText('behind the house').waitFor();
  await page.getByRole('button', { name: 'More about Aunt' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  expect(await order(page)).toEqual(['Personal', 'b.example']);
  await page.keyboard.press('Control+z');
  expect(await order(page)).toEqual(['Aunt', 'Personal', 'b.example']);
  await page.getByText('3 added').waitFor();
  await apply(page);
  expect(inForce()).toEqual([A, 'https://abc.mirror.example', B]);
  expect(complaints).toEqual([]);
});

test('order by key, by grab and by drag; switched off without losing; applied live', async () => {
  const { page, dockerd, inForce, complaints } = await open();
  await paste(page, `${A}\n${B}\n${C}`, /Add 3/);
  await apply(page);
  const starts = dockerd.configuration.starts;
  await grip(page, 'c.example').focus();
  await page.keyboard.press('Alt+ArrowUp');
  await page.getByText('c.example is now at place 2 of 3').waitFor({ state: 'attached' });
  expect(await order(page)).toEqual(['a.example', 'c.example', 'b.example']);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Space');
  await page.getByText('c.example put down at place 1 of 3').waitFor({ state: 'attached' });
  expect(await order(page)).toEqual(['c.example', 'a.example', 'b.example']);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  expect(await order(page)).toEqual(['c.example', 'a.example', 'b.example']);

  const from = await grip(page, 'b.example').boundingBox();
  const to = await row(page, 'c.example').boundingBox();
  if (from === null || to === null) {
    throw new Error('no rows');
  }
  await page.mouse.move(from.x + 8, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(from.x + 8, from.y - 10, { steps: 3 });
  await page.mouse.move(from.x + 8, to.y + 4, { steps: 3 });
  await page.mouse.up();
  expect(await order(page)).toEqual(['b.example', 'c.example', 'a.example']);
  await row(page, 'c.example').getByRole('switch').press('Space');
  await page.getByText('order, 1 switched').waitFor();
  await page.getByText(/No restart; \d+ containers? (is|are) not touched/).waitFor();
  await apply(page);
  expect(inForce()).toEqual([B, A]);
  expect(await order(page)).toEqual(['b.example', 'c.example', 'a.example']);
  expect(dockerd.configuration.starts).toBe(starts);
  expect(complaints).toEqual([]);
});

test('test all: steps, verdicts and the order by result; cancelled ones; another image', async () => {
  await good.behave({ delayMs: 150 });
  await bad.behave({ status: 401, auth: 'login' });
  const { page, complaints } = await open();
  await paste(page, `${bad.url}\n${good.url}`, /Add 2/);
  await press(page, 'Test all');
  const [first, second] = [rows(page).nth(0), rows(page).nth(1)];
  await first.getByText('Wants a login').waitFor();
  await second.getByText('Works').waitFor();
  await second.getByText('Manifest').waitFor();
  await second.getByText(/MB\/s/).waitFor();
  await page.getByText(/3 at once/).waitFor();
  await press(page, 'Order by result');
  await expect.poll(() => rows(page).nth(0).getByText('Works').count()).toBe(1);

  await good.behave({ connection: 'silent' });
  await press(page, 'Test all');
  await first.getByText('Testing').waitFor();
  await press(page, 'Cancel tests');
  await first.getByText('Testing').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: /^Image: / }).click();
  const image = page.getByRole('textbox', { name: 'Image to test with' });
  await image.fill('ghcr.io/not/hub');
  await page.keyboard.press('Enter');
  await page
    .getByText(/is no image|not a|reference/i)
    .first()
    .waitFor();
  await image.fill('alpine:3');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /Image: .*alpine:3/ }).waitFor();
  expect(complaints).toEqual([]);
});

test('a change that dockerd refuses or does not take is undone, in dockerd’s words', async () => {
  const { page, dockerd, inForce, complaints } = await open();
  await paste(page, A, /Add 1/);
  await apply(page);
  await paste(page, B, /Add 1/);
  const { configuration } = dockerd;
  const validate = configuration.validate.bind(configuration);
  configuration.validate = () => ({ code: 1, words: 'unable to configure the Docker daemon: the moon is full' });
  const bar = page.getByRole('region', { name: 'Changes to apply' });
  await bar.getByRole('button', { name: 'Apply', exact: true }).click();
  await bar
    .getByText(/the moon is full/)
    .first()
    .waitFor();
  expect(inForce()).toEqual([A]);

  configuration.validate = validate;
  configuration.ignores.add('registry-mirrors');
  await bar.getByRole('button', { name: 'Apply again' }).click();
  await bar.getByRole('listitem').filter({ hasText: 'Roll back' }).waitFor();
  expect(inForce()).toEqual([A]);

  configuration.ignores.clear();
  await bar.getByRole('button', { name: 'Apply again' }).click();
  await bar.getByText('In force').waitFor();
  expect(inForce()).toEqual([A, B]);
  // An edit takes the place of the result.
  await row(page, 'b.example').getByRole('switch').press('Space');
  await bar.getByText('1 switched').waitFor();
  // It stays while its result is not dismissed: when the window comes back to the front, and when the page does.
  dockerd.configuration.file = JSON.stringify({ 'registry-mirrors': [C] });
  dockerd.configuration.reload();
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await page.getByText('The list differs from what is in force').waitFor();
  await bar.getByText('1 switched').waitFor();
  await leave(page);
  await go(page);
  await bar.getByText('1 switched').waitFor();
  expect(complaints).toEqual([]);
});

test('two windows: the second sees what the first saved, and either takes it or goes over it', async () => {
  const { page, headless, inForce, complaints } = await open();
  await paste(page, `${A}\n${B}`, /Add 2/);
  await apply(page);
  const other = await page.context().newPage();
  await other.goto(await headless.address(60_000));
  await go(other);
  await grip(other, 'b.example').focus();
  await other.keyboard.press('Alt+ArrowUp');
  await paste(page, C, /Add 1/);
  await apply(page);

  const conflict = other.getByRole('alert').filter({ hasText: 'The list was changed elsewhere meanwhile' });
  await conflict.waitFor();
  expect(await conflict.getByRole('listitem').filter({ hasText: 'c.example' }).innerText()).toMatch(/only here/);
  await conflict.getByRole('button', { name: 'Apply mine over it' }).click();
  await other.getByRole('region', { name: 'Changes to apply' }).getByText('In force').waitFor();
  expect(inForce()).toEqual([B, A]);
  await expect.poll(() => order(page)).toEqual(['b.example', 'a.example']);

  await grip(page, 'a.example').focus();
  await page.keyboard.press('Alt+ArrowUp');
  await other.getByRole('button', { name: 'Close the result' }).click();
  await row(other, 'a.example').getByRole('switch').press('Space');
  await apply(other);
  await page.getByRole('button', { name: 'Take theirs' }).click();
  expect(await order(page)).toEqual(['b.example', 'a.example']);
  expect(await row(page, 'a.example').getByRole('switch').isChecked()).toBe(false);
  expect(complaints).toEqual([]);
});

test('what is in force and not in the list is shown, and what a hand did is not run over', async () => {
  const { page, dockerd, inForce } = await open();
  await paste(page, `${A}\n${B}`, /Add 2/);
  await apply(page);
  // Somebody edits the file in the guest and has dockerd read it.
  dockerd.configuration.file = JSON.stringify({ 'registry-mirrors': [C] });
  dockerd.configuration.reload();
  expect(inForce()).toEqual([C]);
  await leave(page);
  await go(page);
  await page.getByText('The list differs from what is in force').waitFor();
  await page.getByRole('button', { name: 'Show difference' }).click();
  const difference = page.getByRole('region', { name: 'Difference' });
  expect(await difference.getByText('only here').count()).toBe(3);
  await difference.getByRole('button', { name: 'Take over what is in force' }).click();
  expect(await order(page)).toEqual(['c.example', 'a.example', 'b.example']);
  await page.getByRole('button', { name: 'Discard' }).click();
  await difference.getByRole('button', { name: 'Put the list in force' }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'Somebody edited the engine’s file in the VM' });
  await notice.getByRole('button', { name: 'Settle it in the engine’s settings' }).click();
  await expect.poll(() => page.url()).toMatch(/#\/settings\/engine/);
  expect(inForce()).toEqual([C]);
});

test('while the engine is off the list is edited and kept; a test starts the engine', async () => {
  let starts = 0;
  const { page, inForce, complaints } = await open({
    stopped: true,
    failure: () => (++starts === 1 ? new BerthError('rpc.cancelled', {}) : undefined),
  });
  await page.getByText('The list can be edited; it takes effect when the engine starts.').waitFor();
  await paste(page, good.url, /Add 1/);
  const bar = page.getByRole('region', { name: 'Changes to apply' });
  await bar.getByRole('button', { name: 'Keep for the start' }).click();
  await bar.getByText('Kept; takes effect when the engine starts').waitFor();
  await press(page, 'Start engine and test');
  // That start is cancelled, and the button there for the next one.
  await expect.poll(() => starts).toBe(1);
  await press(page, 'Start engine and test');
  await rows(page).nth(0).getByText('Works').waitFor();
  await expect.poll(inForce).toEqual([good.url]);
  expect(complaints).toEqual([]);
});

test('who closes the setup while the engine starts has nothing tested', async () => {
  const { page, complaints } = await open({ stopped: true, phaseMs: 100 });
  await usePresets(page);
  await paste(page, good.url, /Add 1/);
  const before = bad.requests.length;
  await press(page, 'Set up for me');
  await page.getByRole('dialog').getByText('The engine is starting').waitFor();
  await page.keyboard.press('Escape');
  await press(page, 'Test all');
  await rows(page).nth(0).getByText('Works').waitFor();
  expect(bad.requests.length).toBe(before);
  expect(complaints).toEqual([]);
});

test('a prefix mirror is written, refused where it cannot be, and offered in the pull', async () => {
  const { page, dockerd, complaints } = await open();
  await page.getByRole('button', { name: /^Other registries/ }).click();
  await press(page, 'Add a prefix');
  const line = page.getByRole('listitem', { name: 'Prefix mirror 1' });
  await line.getByRole('textbox', { name: 'Prefix' }).fill('no host');
  await press(page, 'Save');
  await line.getByText(/A prefix is a host/).waitFor();
  // What is not saved yet is there again after a look at another page.
  await leave(page);
  await go(page);
  await page.getByRole('button', { name: /^Other registries/ }).click();
  expect(await line.getByRole('textbox', { name: 'Prefix' }).inputValue()).toBe('no host');
  await line.getByRole('textbox', { name: 'Prefix' }).fill('https://mirror.example/ghcr.io/');
  await line.getByText('On demand').click();
  await press(page, 'Save');
  await page.getByRole('region', { name: 'Changes to save' }).waitFor({ state: 'detached' });

  await page.evaluate(() => {
    location.hash = '#/images';
  });
  await press(page, 'Pull');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Image' }).fill('quay.io/owner/name:1');
  expect(await dialog.getByRole('radio').count()).toBe(0);
  await dialog.getByRole('textbox', { name: 'Image' }).fill('ghcr.io/owner/name:1');
  expect(await dialog.getByRole('radio', { name: 'Straight from ghcr.io' }).isChecked()).toBe(true);
  await dialog.getByRole('radio', { name: /Through mirror.example/ }).check();
  dockerd.pulls.set('mirror.example/ghcr.io/owner/name:1', { layers: 1, layerBytes: 1000, bytesPerSecond: 1_000_000 });
  await dialog.getByRole('button', { name: 'Pull', exact: true }).click();
  await page.locator('tr[data-key="ghcr.io/owner/name:1"]').waitFor();
  expect(complaints).toEqual([]);
});

test('in Chinese and narrow, presets lie in a drawer; forced colours keep the page whole', async () => {
  current = await openWindow({ exec, locale: 'zh-CN', viewport: { width: 800, height: 600 }, forcedColors: 'active' });
  const { page, complaints } = current;
  await page.getByRole('contentinfo').getByText('运行中').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('textbox').fill('粘贴镜像');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: '粘贴加速地址' });
  await dialog.getByRole('textbox').fill(`${A}，${B}`);
  await dialog.getByRole('button', { name: '添加 2 个' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('新增 2 个').waitFor();
  await page.getByRole('button', { name: '预设' }).click();
  await page.getByRole('dialog', { name: '预设' }).getByText('DaoCloud').first().waitFor();
  await page.keyboard.press('Escape');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(overflow).toBe(false);
  expect(complaints).toEqual([]);
});
