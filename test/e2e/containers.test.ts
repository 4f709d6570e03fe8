// The containers' list in a real Chromium: one click, its failure, several at once, removal, keys, hostile words.
import { afterEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow, TestWindowOptions } from './window';
import type { FakeContainer } from '../fakes/dockerd/model';

let current: TestWindow | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

async function open(options: TestWindowOptions = {}) {
  current = await openWindow(options);
  const { page, dockerd, complaints } = current;
  await page.evaluate(() => {
    location.hash = '#/containers';
  });
  await page.locator('tbody tr[data-key]').first().waitFor();
  const row = (name: string) => page.locator(`tr[data-key]:has(a[title="${name}"])`);
  return {
    page,
    dockerd,
    complaints,
    row,
    state: (name: string, state: string) => row(name).locator(`[data-state="${state}"]`),
    container: (name: string): FakeContainer => {
      const found = dockerd.model.findContainer(name);
      if (found === undefined) {
        throw new Error(`no ${name}`);
      }
      return found;
    },
  };
}

function three(dockerd: TestWindow['dockerd']): void {
  dockerd.model.containers.clear();
  dockerd.model.addContainer({ name: 'web', state: 'running', startedAt: Date.now() });
  dockerd.model.addContainer({ name: 'db', image: 'postgres:17', state: 'running', startedAt: Date.now(), labels: { team: 'blue' } });
  dockerd.model.addContainer({ name: 'idle', state: 'exited', exitCode: 0 });
}

test('one click starts: the mark turns in the same frame, the engine confirms; another click stops', async () => {
  const { page, dockerd, row, state, complaints } = await open({ seed: three });
  dockerd.fault({ match: /^POST .*\/start$/, times: 1, effect: { kind: 'delay', ms: 700 } });
  const atOnce = await row('idle')
    .getByRole('button', { name: 'Start: idle' })
    .evaluate(async (button) => {
      (button as HTMLButtonElement).click();
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const line = button.closest('tr');
      return [line?.querySelector('.mk')?.classList.contains('busy'), line?.querySelector('[data-state]')?.getAttribute('data-state')];
    });
  expect(atOnce).toEqual([true, 'starting']);
  await state('idle', 'running').waitFor();
  await row('idle').getByRole('button', { name: 'Stop: idle' }).click();
  await state('idle', 'exited').waitFor();
  expect(dockerd.calls.filter((call) => /\/(start|stop)$/.test(call))).toHaveLength(2);
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('a paused container goes on by its button and by S, and its menu stops it', async () => {
  const { page, row, state } = await open({ seed: three });
  const menu = async (item: string): Promise<void> => {
    await row('web').getByRole('button', { name: 'More: web' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await menu('Pause');
  await state('web', 'paused').waitFor();
  await row('web').getByRole('button', { name: 'Unpause: web' }).click();
  await state('web', 'running').waitFor();
  await menu('Pause');
  await state('web', 'paused').waitFor();
  await row('web').focus();
  await page.keyboard.press('s');
  await state('web', 'running').waitFor();
  await menu('Pause');
  await state('web', 'paused').waitFor();
  await row('web').getByRole('checkbox').click();
  await page.getByRole('toolbar', { name: '1 selected' }).getByRole('button', { name: 'Unpause' }).click();
  await state('web', 'running').waitFor();
  await menu('Pause');
  await state('web', 'paused').waitFor();
  await menu('Stop');
  await state('web', 'exited').waitFor();
});

test('a start that fails goes back, with the notice on its row', async () => {
  const { page, dockerd, row, state } = await open({ seed: three });
  dockerd.fault({
    match: /^POST .*\/start$/,
    times: 1,
    effect: { kind: 'status', status: 500, message: 'Bind for 0.0.0.0:8080 failed: port is already allocated' },
  });
  await row('idle').getByRole('button', { name: 'Start: idle' }).click();
  const notice = page.getByRole('alert').filter({ hasText: '8080' });
  await notice.waitFor();
  await state('idle', 'exited').waitFor();
  await notice.getByRole('button', { name: 'The engine’s own words' }).or(notice.locator('button.link')).first().click();
  await notice.getByText('port is already allocated').waitFor();
  await notice.getByRole('button', { name: 'Dismiss' }).click();
  await notice.waitFor({ state: 'detached' });
});

test('several at once: one summary, one line for each failure', async () => {
  const { page, dockerd, row, state, container } = await open({ seed: three });
  dockerd.fault({
    match: new RegExp(`^POST /containers/${container('db').id}/stop$`),
    effect: { kind: 'status', status: 500, message: 'tried to kill container, but did not receive an exit event' },
  });
  await row('web').getByRole('checkbox').click();
  await row('db').getByRole('checkbox').click();
  const bar = page.getByRole('toolbar', { name: '2 selected' });
  await bar.getByRole('button', { name: 'Stop' }).click();
  const summary = page.getByRole('alert').filter({ hasText: '1 container stopped, 1 failed' });
  await summary.waitFor();
  expect(await summary.getByRole('listitem').count()).toBe(1);
  expect(await summary.getByRole('listitem').textContent()).toContain('db');
  await state('web', 'exited').waitFor();
  await state('db', 'running').waitFor();
  await bar.getByRole('button', { name: 'Clear selection' }).click();
  await bar.waitFor({ state: 'detached' });
});

test('many at once never reaches what the search hides', async () => {
  const { page, row, state } = await open({ seed: three });
  await row('web').getByRole('checkbox').click();
  await row('db').getByRole('checkbox').click();
  await page.getByRole('toolbar', { name: '2 selected' }).waitFor();
  const search = page.getByLabel('Name, image, label, port');
  await search.fill('web');
  await page.getByRole('toolbar', { name: '1 selected' }).getByRole('button', { name: 'Stop' }).click();
  await state('web', 'exited').waitFor();
  await search.fill('');
  await page.getByRole('toolbar', { name: '2 selected' }).waitFor();
  await state('db', 'running').waitFor();
});

test('removal says what goes and what stays, and cancels by default', async () => {
  const { page, dockerd, row, container } = await open({
    seed: (dockerd) => {
      three(dockerd);
      dockerd.model.addContainer({ name: 'keeper', state: 'running', binds: ['precious:/data'] });
    },
  });
  const { id } = container('keeper');
  await row('keeper').focus();
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('keeper is running: it is killed first').waitFor();
  await dialog.getByText('Volume precious').waitFor();
  expect(await dialog.getByRole('button', { name: 'Cancel' }).evaluate((button) => button === document.activeElement)).toBe(true);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  expect(dockerd.model.containers.has(id)).toBe(true);

  await row('keeper').focus();
  await page.keyboard.press('Delete');
  await dialog.getByRole('switch', { name: 'Remove anonymous volumes too' }).click();
  await dialog.getByRole('button', { name: 'Kill and remove' }).click();
  await row('keeper').waitFor({ state: 'detached' });
  expect(dockerd.model.containers.has(id)).toBe(false);
});

test('the keyboard reaches everything: one tab stop, arrows, selection, verbs, search', async () => {
  const { page, dockerd, row, state } = await open({ seed: three });
  expect(await page.locator('tbody tr[tabindex="0"]').count()).toBe(1);
  await row('db').focus();
  await page.keyboard.press('ArrowDown');
  expect(await row('idle').evaluate((line) => line === document.activeElement)).toBe(true);
  await page.keyboard.press('Shift+ArrowDown');
  await page.getByRole('toolbar', { name: '2 selected' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('s');
  await state('idle', 'running').waitFor();
  await page.keyboard.press('r');
  await expect.poll(() => dockerd.calls.some((call) => call.endsWith('/restart'))).toBe(true);
  await page.keyboard.press('/');
  await page.keyboard.type('team=blue');
  await row('web').waitFor({ state: 'detached' });
  expect(await page.locator('tbody tr[data-key]').count()).toBe(1);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'Overview', selected: true }).waitFor();
});

test('filters count what they show, projects fold', async () => {
  const { page } = await open({ containers: 30 });
  const running = page.getByRole('group', { name: 'Show' }).getByRole('button', { name: /^Running/ });
  const count = Number(/\d+/.exec((await running.textContent()) ?? '')?.[0]);
  await running.click();
  expect(await page.locator('tbody tr[data-key]:not([data-key^="group:"])').count()).toBe(count);
  const group = page.locator('tr[data-key="group:shop-0"]');
  await group.getByText('shop-0').click();
  expect(await group.getAttribute('aria-expanded')).toBe('false');
  expect(await page.locator('tbody tr[data-key]:not([data-key^="group:"])').count()).toBeLessThan(count);
  await page.getByRole('button', { name: 'By project' }).click();
  expect(await page.locator('tr[data-key^="group:"]').count()).toBe(0);
});

test('words of containers are text, never markup', async () => {
  const evil = '<img src=x onerror="document.title=1">';
  const { page, dockerd, row, container, complaints } = await open({
    seed: (dockerd) => {
      three(dockerd);
      dockerd.model.addContainer({
        name: 'evil',
        image: evil,
        state: 'running',
        labels: { note: evil, 'com.docker.compose.project': evil },
        env: [`X=${evil}`],
      });
    },
  });
  await row('evil').getByText(evil).waitFor();
  await page.evaluate((id) => {
    location.hash = `#/containers/${id}`;
  }, container('evil').id);
  await page.getByRole('definition').getByText(evil).first().waitFor();
  expect(await page.locator('main img').count()).toBe(0);
  expect(dockerd.calls.length).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
});

test('an engine that goes away leaves the list with its time, and nothing can be pressed', async () => {
  const { page, row, dockerd } = await open({ seed: three });
  await dockerd.stop();
  await page.getByRole('status').getByText('The engine is away').waitFor();
  await row('web').waitFor();
  expect(await row('web').getByRole('button', { name: 'Stop: web' }).isDisabled()).toBe(true);
});
