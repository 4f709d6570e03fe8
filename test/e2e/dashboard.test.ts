// The overview and the frame, as a user meets them: start, failure, languages, themes, keys, a lost connection.
import { request } from 'node:http';
import type { Page, WebSocketRoute } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { openWindow } from './window';
import type { TestWindow, TestWindowOptions } from './window';

let opened: TestWindow | undefined;

async function open(options?: TestWindowOptions): Promise<TestWindow> {
  opened = await openWindow(options);
  return opened;
}

afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

const goto = (page: Page, hash: string): Promise<void> =>
  page.evaluate((to) => {
    location.hash = to;
  }, hash);
const headline = (page: Page) => page.locator('main h2').first();
const waterline = (page: Page) => page.locator('footer[data-water]');

test('a start is shown in the frame of the click, phase by phase, and ends as running because the engine answered', async () => {
  const { page, complaints } = await open({ stopped: true, phaseMs: 150 });
  await headline(page).getByText('Stopped').waitFor();
  expect(await waterline(page).getAttribute('data-water')).toBe('off');

  const atOnce = await page
    .getByRole('main')
    .getByRole('button', { name: 'Start' })
    .evaluate(async (button) => {
      (button as HTMLButtonElement).click();
      await new Promise((resolve) => requestAnimationFrame(resolve));
      return document.querySelector('main h2')?.textContent ?? '';
    });
  expect(atOnce).toContain('Starting');

  await page.getByRole('cell', { name: 'dockerd', exact: true }).waitFor();
  expect(await waterline(page).getAttribute('data-water')).toBe('busy');
  await page.getByRole('img', { name: 'done' }).first().waitFor();

  await headline(page).getByText('Running').waitFor();
  expect(await waterline(page).getAttribute('data-water')).toBe('running');
  await page.getByText('This start').waitFor();
  await page.getByRole('button', { name: 'Show all phases' }).click();
  // The charts' table, which comes some seconds later, is not meant.
  const phases = page.getByRole('table').filter({ has: page.getByRole('cell', { name: 'dockerd', exact: true }) });
  expect(await phases.getByRole('row').count()).toBe(10);
  expect(complaints).toEqual([]);
});

test('a start that fails says what happened, what is kept and how to go on, and can be tried again', async () => {
  let broken = true;
  const failure = (): BerthError | undefined => (broken ? new BerthError('engine.notAnswering', { seconds: 60 }) : undefined);
  const { page } = await open({ stopped: true, failure });
  await page.getByRole('main').getByRole('button', { name: 'Start' }).first().click();
  const notice = page.getByRole('main').getByRole('alert');
  await notice.getByText('The engine has not answered for 60 s').waitFor();
  await notice.getByText('Containers that run go on.').waitFor();
  expect(await waterline(page).getAttribute('data-water')).toBe('failed');
  broken = false;
  await page.getByRole('main').getByRole('button', { name: 'Start' }).first().click();
  await headline(page).getByText('Running').waitFor();
  expect(await notice.count()).toBe(0);
});

test('a stop that fails is told on every page, and tried again as the stop that it was', async () => {
  const failures = [new BerthError('vm.stopTimeout', { seconds: 90 })];
  const { page } = await open({ stopFailure: () => failures.pop() });
  await headline(page).getByText('Running').waitFor();
  await goto(page, '#/images');
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Search or run an action').fill('Stop the engine');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor();
  await goto(page, '#/overview');
  await headline(page).getByText('Running').waitFor();
  const again = page.getByRole('button', { name: 'Try again' });
  expect(await again.count()).toBe(1);
  await again.click();
  await headline(page).getByText('Stopped').waitFor();
  expect(await again.count()).toBe(0);
});

test('stop and start again: counts stay as last known, dimmed, with their time', async () => {
  const { page } = await open({ containers: 6 });
  await headline(page).getByText('Running').waitFor();
  await page.getByRole('link', { name: 'Containers' }).first().getByText('6').waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Stop' }).click();
  await headline(page).getByText('Stopped').waitFor();
  await page.getByRole('complementary').getByText('last known').waitFor();
});

test('the window speaks the system’s language, and another one as soon as it is chosen', async () => {
  const { page } = await open({ locale: 'zh-CN' });
  await headline(page).getByText('运行中').waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
  await goto(page, '#/settings');
  await page.getByText('English', { exact: true }).click();
  await page.getByRole('heading', { name: 'Virtual machine' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  await page.reload();
  await page.getByRole('heading', { name: 'Virtual machine' }).waitFor();
});

test('the theme follows the system until one is chosen', async () => {
  const { page } = await open({ colorScheme: 'dark' });
  await headline(page).waitFor();
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await ground()).toBe('rgb(11, 20, 24)');
  await goto(page, '#/settings');
  await page.getByText('Light', { exact: true }).click();
  await expect.poll(ground).toBe('rgb(238, 242, 243)');
  await page.reload();
  await page.getByRole('heading', { name: 'Virtual machine' }).waitFor();
  expect(await ground()).toBe('rgb(238, 242, 243)');
});

test('settings of the machine are checked with the figures of this computer, and the fix is one click', async () => {
  const { page } = await open();
  await goto(page, '#/settings');
  const cpus = page.getByLabel('CPUs');
  const save = page.getByRole('button', { name: 'Save' });
  await cpus.fill('99');
  await page.getByText('99 CPUs are not possible here').waitFor();
  expect(await cpus.getAttribute('aria-invalid')).toBe('true');
  expect(await save.isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Use 8' }).click();
  expect(await cpus.inputValue()).toBe('8');
  await page.getByText('Applies at the next start.').waitFor();
  await save.click();
  await expect.poll(() => save.isDisabled()).toBe(true);
  await page.reload();
  await expect.poll(() => page.getByLabel('CPUs').inputValue()).toBe('8');
});

test('everything is reached by keys, in reading order, with a ring that can be seen', async () => {
  const { page } = await open();
  await headline(page).getByText('Running').waitFor();
  const names: string[] = [];
  for (let step = 0; step < 24; step += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const name = element?.getAttribute('aria-label') ?? element?.textContent ?? '';
      return {
        name: name.trim().replace(/:.*/, ''),
        ring: element === null ? 0 : Number.parseFloat(getComputedStyle(element).outlineWidth),
        body: element === document.body,
      };
    });
    if (focused.body) {
      break;
    }
    expect(focused.ring, focused.name).toBeGreaterThanOrEqual(2);
    names.push(focused.name);
  }
  const order = ['Overview', 'Containers', 'Images', 'Settings', 'Search or run an action', 'Notices', 'Stop', 'Restart engine'];
  expect(names.filter((name) => order.includes(name)).slice(0, order.length)).toEqual(order);
});

test('keys: the palette opens a page, the map opens and closes, the page numbers work', async () => {
  const { page, complaints } = await open();
  await headline(page).getByText('Running').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Search or run an action').fill('settings');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Virtual machine' }).waitFor();
  await page.keyboard.press('Control+1');
  await headline(page).getByText('Running').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('Search or run an action').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(complaints).toEqual([]);
});

test('a lost connection is said at once, and the window finds back by itself with everything new', async () => {
  const sockets: WebSocketRoute[] = [];
  let refuse = false;
  const { page, dockerd } = await open({
    containers: 3,
    prepare: (page) =>
      page.routeWebSocket('**/api/ws', (socket) => {
        if (refuse) {
          void socket.close();
          return;
        }
        socket.connectToServer();
        sockets.push(socket);
      }),
  });
  await page.getByRole('link', { name: 'Containers' }).first().getByText('3').waitFor();
  refuse = true;
  await Promise.all(sockets.map((socket) => socket.close()));
  await page.getByRole('alert').getByText('The connection to the backend is lost.').waitFor();
  expect(await waterline(page).getAttribute('data-water')).toBe('off');
  // What happens meanwhile is there afterwards.
  const [id = ''] = dockerd.model.containers.keys();
  await new Promise((resolve, reject) => {
    request({ socketPath: dockerd.socket, method: 'DELETE', path: `/containers/${id}?force=1` }, resolve)
      .on('error', reject)
      .end();
  });
  await page.getByRole('button', { name: 'Try now' }).click();
  refuse = false;
  await headline(page).getByText('Running').waitFor();
  await page.getByRole('alert').waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: 'Containers' }).first().getByText('2').waitFor();
});

test('an address that was used already opens nothing and says how to get another', async () => {
  const { page, headless } = await open();
  await headline(page).waitFor();
  const address = await headless.address(600_000);
  const first = await page.context().newPage();
  await first.goto(address);
  await first.locator('main h2').first().waitFor();
  const second = await page.context().newPage();
  await second.goto(address);
  await second.getByText('This window has no session with the backend').waitFor();
  await second.getByText('berth open').waitFor();
});

test('a narrow window keeps every page and every action', async () => {
  const { page } = await open({ viewport: { width: 800, height: 600 } });
  await headline(page).getByText('Running').waitFor();
  for (const name of ['Overview', 'Containers', 'Images', 'Settings']) {
    expect(await page.getByRole('navigation').getByRole('link', { name }).isVisible()).toBe(true);
  }
  expect(await page.getByRole('main').getByRole('button', { name: 'Stop' }).isVisible()).toBe(true);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});
