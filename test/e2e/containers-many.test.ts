// A thousand containers and a hundred changes a second: they cost the page's main thread less than scrolling does by itself, in its own CPU time;
// and only the rows in sight exist.
import { afterEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

const watchedMs = 4000;
/** A machine that is busy with other things takes its time over each frame, and so over each answer of the page. */
const PATIENCE_MS = 240_000;

test('a thousand containers that change a hundred times a second leave the page free', async () => {
  current = await openWindow({ containers: 1000, images: 20 });
  const { page, dockerd, complaints } = current;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.evaluate(() => {
    location.hash = '#/containers';
  });
  await page.locator('tbody tr[data-key]').first().waitFor();
  expect(await page.locator('tbody tr[data-key]').count()).toBeLessThan(80);

  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async (): Promise<number> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };

  const scroller = page.getByRole('treegrid', { name: 'Containers' });
  await scroller.hover();
  /** Share of one core that the page's main thread takes while somebody scrolls. */
  const scrolling = async (): Promise<number> => {
    const before = await spent();
    const from = Date.now();
    while (Date.now() - from < watchedMs) {
      await page.mouse.wheel(0, 700);
      await page.waitForTimeout(200);
    }
    return ((await spent()) - before) / ((Date.now() - from) / 1000);
  };

  const quiet = await scrolling();
  const stop = dockerd.storm(100);
  const changes = dockerd.calls.length;
  await page.waitForTimeout(500);
  const storm = await scrolling();
  expect(dockerd.calls.length).toBeGreaterThan(changes);
  console.info(`of one core: ${quiet.toFixed(2)} scrolled, ${storm.toFixed(2)} with the storm`);
  expect(quiet).toBeGreaterThan(0);
  // A ratio, because a slow machine spends more on both.
  expect(storm).toBeLessThan(2 * quiet);
  expect(await page.locator('tbody tr[data-key]').count()).toBeLessThan(80);

  // It still does what it is told, in the middle of all that.
  await page.getByRole('textbox', { name: 'Name, image, label, port' }).fill('shop-9');
  // Of many, because the storm takes containers away too.
  await page.waitForFunction(() => {
    const names = [...document.querySelectorAll('tbody tr[data-key] a[title][href^="#/containers/"]')].map(
      (link) => link.getAttribute('title') ?? '',
    );
    return names.length > 0 && names.every((name) => name.includes('shop-9'));
  });
  stop();
  expect(complaints).toEqual([]);
}, 600_000);
