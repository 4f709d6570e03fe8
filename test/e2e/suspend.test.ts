// Suspended and resumed in the window: the words everywhere, and the marks in what went on.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { logEntry } from '../fakes/dockerd/logs';
import { openWindow } from './window';
import type { TestWindow, TestWindowOptions } from './window';

let open: TestWindow | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function begin(options: TestWindowOptions = {}): Promise<Page> {
  open = await openWindow({ suspend: true, ...options });
  await open.page.getByRole('heading', { name: /^(Running|运行中)$/ }).waitFor();
  return open.page;
}

/** For a person's eye; BERTH_PICTURES names the folder. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['BERTH_PICTURES'];
  if (folder !== undefined) {
    await sleep(300);
    await page.screenshot({ path: `${folder}/${name}.png` });
  }
}

describe('suspend and resume in the window', () => {
  test.each([
    ['en-US', 'light', ['Suspend', 'Suspended', 'Resume', 'Running', 'Shut down', 'Stopped']],
    ['zh-CN', 'dark', ['挂起', '已挂起', '恢复', '运行中', '关机', '已停止']],
  ] as const)(
    '%s, %s: suspend, resume, shut down',
    async (locale, colorScheme, [suspend, suspended, resume, running, shutDown, stopped]) => {
      const page = await begin({ phaseMs: 150, locale, colorScheme });
      await picture(page, `running-${locale}-${colorScheme}`);
      await page.getByRole('button', { name: suspend, exact: true }).click();
      await page.getByRole('heading', { name: suspended, exact: true }).waitFor();
      await picture(page, `suspended-${locale}-${colorScheme}`);
      await page.getByRole('button', { name: resume, exact: true }).click();
      await page.getByRole('heading', { name: running, exact: true }).waitFor();
      await page.getByRole('button', { name: /All 2 starts|全部 2 次启动/ }).click();
      const starts = page.locator('table').filter({ hasText: /How|方式/ });
      expect(await starts.locator('tbody tr').count()).toBe(2);
      await picture(page, `starts-${locale}-${colorScheme}`);
      await page.getByRole('button', { name: /More ways to stop|更多停止方式/ }).click();
      await page.getByRole('menuitem', { name: shutDown }).click();
      await page.getByRole('heading', { name: stopped, exact: true }).waitFor();
      expect(open?.complaints).toEqual([]);
    },
  );

  test('a cold boot in the place of a resume says why, and so does the list of starts', async () => {
    const page = await begin({ notResumed: () => ({ key: 'diskChanged', params: {} }) });
    await page.getByRole('button', { name: 'Suspend', exact: true }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    const why = 'Saved memory was not used: the data disk changed after it was saved';
    await page.getByText(`${why}.`).waitFor();
    await page.getByRole('button', { name: 'All 2 starts' }).click();
    expect(await page.locator('table').getByText(why).count()).toBe(1);
    await picture(page, 'not-resumed');
  });

  test('what nobody used is suspended, says so, and its setting is there', async () => {
    const page = await begin({ containers: 0 });
    await page.evaluate(() => (location.hash = '#/settings'));
    await page.getByRole('heading', { name: 'Suspend when idle' }).waitFor();
    await page.getByText('5 min', { exact: true }).click();
    await page.getByRole('switch', { name: 'Although containers run' }).press('Space');
    await picture(page, 'settings');
    await page.reload();
    await page.getByRole('heading', { name: 'Suspend when idle' }).waitFor();
    expect(await page.getByRole('switch', { name: 'Although containers run' }).isChecked()).toBe(true);
    expect(await page.getByRole('radio', { name: '5 min', exact: true }).isChecked()).toBe(true);
  });

  test('a container’s log and its terminal go on behind a mark, nothing lost and nothing twice', async () => {
    const stamp = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString().replace('Z', '000000Z');
    const history = Array.from({ length: 5 }, (_, index) => logEntry(`before ${String(index)}\n`, 'stdout', stamp(index - 10)));
    const page = await begin({
      containers: 0,
      phaseMs: 100,
      seed: (dockerd) => {
        dockerd.model.addContainer({ name: 'box', state: 'running', startedAt: Date.now() - 60_000 });
        dockerd.logs.set('box', { history });
      },
    });
    const id = open?.dockerd.model.findContainer('box')?.id ?? '';
    const go = (hash: string): Promise<void> => page.evaluate((to) => void (location.hash = to), hash);
    const vm = async (name: 'Suspend' | 'Resume', then: 'Suspended' | 'Running'): Promise<void> => {
      // A terminal takes the keys for itself.
      await page.getByRole('button', { name: 'Search or run an action' }).click();
      await page.getByRole('textbox', { name: 'Search or run an action' }).fill(name);
      await page.keyboard.press('Enter');
      await page.getByRole('contentinfo').getByText(then, { exact: true }).waitFor();
    };

    await go(`#/containers/${id}/logs`);
    const view = page.getByRole('region', { name: 'Log of box' });
    await view.getByText('before 4').waitFor();
    await vm('Suspend', 'Suspended');
    history.push(logEntry('after\n', 'stdout', stamp(1)));
    await vm('Resume', 'Running');
    await view.getByText('after').waitFor();
    expect(await view.getByText(/^Paused from .* to /).count()).toBe(1);
    const rows = await view.locator('[data-seq], [data-mark]').allTextContents();
    expect(rows.map((row) => /before \d|Paused|after/.exec(row)?.[0])).toEqual([
      ...['before 0', 'before 1', 'before 2', 'before 3', 'before 4'],
      ...['Paused', 'after'],
    ]);
    expect(await page.locator('[data-lines]').getAttribute('data-lines')).toBe('6');
    await picture(page, 'log-mark');

    await go(`#/containers/${id}/terminal`);
    const screen = page.locator('.xterm-rows');
    const shows = (text: string): Promise<void> => expect.poll(() => screen.textContent(), { timeout: 20_000 }).toContain(text);
    await shows('box:/#');
    await page.keyboard.type('first\r');
    await shows('sh: first: not found');
    await vm('Suspend', 'Suspended');
    await page.getByText('A new shell goes on here when it resumes.').waitFor();
    await picture(page, 'terminal-suspended');
    await vm('Resume', 'Running');
    await shows('Paused from');
    await page.locator('.xterm-screen').click();
    await page.keyboard.type('second\r');
    await shows('sh: second: not found');
    expect(await screen.textContent()).toContain('sh: first: not found');
    await picture(page, 'terminal-mark');
  });
});
