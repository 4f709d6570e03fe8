// Suspended and resumed in the window: the words everywhere, and the marks in what went on.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
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
    expect(await page.getByRole('radio', { name: '5 min' }).isChecked()).toBe(true);
  });
});
