// A container's log in a real Chromium: every line counted, following and stopping, search, the download, and a flood.
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { logEntry } from '../fakes/dockerd/logs';
import type { LogEntry } from '../fakes/dockerd/logs';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

const stamp = (index: number): string => new Date(Date.UTC(2026, 0, 1) + index).toISOString().replace('Z', '000000Z');
const line = (index: number, text = `line ${String(index)} of this log`): LogEntry =>
  logEntry(`${text}\n`, index % 10 === 3 ? 'stderr' : 'stdout', stamp(index));

/** Lines that the test sends when it likes. */
function tap() {
  let wake: () => void = () => undefined;
  const waiting: LogEntry[] = [];
  return {
    send(entries: readonly LogEntry[]): void {
      waiting.push(...entries);
      wake();
    },
    async *live(gone: AbortSignal): AsyncIterable<LogEntry> {
      while (!gone.aborted) {
        yield* waiting.splice(0);
        await new Promise<void>((resolve) => {
          wake = resolve;
          gone.addEventListener('abort', () => {
            resolve();
          });
        });
      }
    },
  };
}

async function open(history: readonly LogEntry[], live?: (gone: AbortSignal) => AsyncIterable<LogEntry>) {
  current = await openWindow({
    containers: 0,
    // The picker of files is the system's window, which no test can press; the plain download differs in its target only.
    prepare: async (page) => {
      await page.addInitScript('delete window.showSaveFilePicker');
    },
    seed: (dockerd) => {
      dockerd.model.addContainer({ name: 'talker', state: 'running', startedAt: Date.now() });
      dockerd.logs.set('talker', { history, ...(live === undefined ? {} : { live }) });
    },
  });
  const { page, dockerd, complaints } = current;
  await page.evaluate(
    (id) => {
      location.hash = `#/containers/${id}/logs`;
    },
    dockerd.model.findContainer('talker')?.id ?? '',
  );
  const count = page.locator('[data-received]');
  await count.waitFor();
  const view = page.getByRole('region', { name: 'Log of talker' });
  return { page, view, complaints, received: async () => Number(await count.getAttribute('data-received')) };
}

test('follows, stops when scrolled up and counts what comes, goes on at the end', async () => {
  const source = tap();
  const { page, view, received, complaints } = await open(
    Array.from({ length: 300 }, (_, index) => line(index)),
    source.live,
  );
  await view.getByText('line 299 of this log').waitFor();
  source.send([line(300)]);
  await view.getByText('line 300 of this log').waitFor();

  await view.hover();
  await page.mouse.wheel(0, -2000);
  const pill = page.getByRole('button', { name: /^Stopped here/ });
  await pill.waitFor();
  source.send(Array.from({ length: 25 }, (_, index) => line(301 + index)));
  await page.getByRole('button', { name: 'Stopped here, 25 new lines below' }).waitFor();
  expect(await view.getByText('line 325 of this log').count()).toBe(0);
  await pill.click();
  await view.getByText('line 325 of this log').waitFor();
  await pill.waitFor({ state: 'detached' });
  expect(await received()).toBe(326);
  expect(complaints).toEqual([]);
});

test('wrapped lines follow too, and stay where one scrolls up to', async () => {
  const source = tap();
  const { page, view } = await open(
    Array.from({ length: 400 }, (_, index) => line(index, `${String(index)} ${'word '.repeat(60)}end-${String(index)}`)),
    source.live,
  );
  await page.getByRole('switch', { name: 'Wrap' }).click();
  await view.getByText('end-399').waitFor();
  expect(await view.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
  await view.hover();
  await page.mouse.wheel(0, -600);
  await page.getByRole('button', { name: /^Stopped here/ }).waitFor();
  await page.mouse.wheel(0, -4000);
  await expect.poll(() => view.getByText('end-399').count()).toBe(0);
  const first = () => view.locator('[data-seq]').first().getAttribute('data-seq');
  // A wheel's scroll comes to rest some frames later.
  let seen: string | null = null;
  await expect
    .poll(
      async () => {
        const before = seen;
        seen = await first();
        return seen === before;
      },
      { interval: 200 },
    )
    .toBe(true);
  // 4,600 px of lines three rows high, and those drawn beyond the edge: as far as the wheel went, although no height was known.
  expect(Number(seen)).toBeGreaterThan(300);
  source.send([line(400, 'end-400')]);
  await page.getByRole('button', { name: 'Stopped here, 1 new line below' }).waitFor();
  expect(await first()).toBe(seen);
  await view.press('End');
  await view.getByText('end-400').waitFor();
});

test('search: text, regular expression, steps both ways, and an expression that is none', async () => {
  const words = (index: number): string => (index % 100 === 7 ? `needle ${String(index)} (x)` : `hay ${String(index)}`);
  const { page, view } = await open(Array.from({ length: 900 }, (_, index) => line(index, words(index))));
  const field = page.getByRole('textbox', { name: 'Search the log' });
  await field.fill('needle');
  await page.getByText('9', { exact: true }).waitFor();
  await field.press('Enter');
  await view.locator('[data-current]').getByText('needle').first().waitFor();
  expect(await view.locator('[data-current]').textContent()).toContain('needle 807');
  await field.press('Shift+Enter');
  await expect.poll(() => view.locator('[data-current]').textContent()).toContain('needle 707');
  await page.getByText('8 / 9').waitFor();
  await field.fill('(x');
  await page.getByText('9', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Regular expression' }).click();
  await page.getByText('not a regular expression').waitFor();
  await field.fill('needle \\d07 \\(');
  // Line 7 has no digit before its 07.
  await page.getByText('8', { exact: true }).waitFor();
  // Another range is another buffer, and the search goes on in it: 100 lines from 800 on.
  await page.locator('input[aria-label="How many lines"]').click();
  await page.getByRole('option', { name: 'Last 100', exact: true }).click();
  await page.getByRole('status').filter({ hasText: /^1$/ }).waitFor();
  await field.press('Enter');
  await expect.poll(() => view.locator('[data-current]').textContent()).toContain('needle 807');
});

test('what a container writes cannot act on the page', async () => {
  const { page, view, complaints } = await open([
    line(0, '<img src=x onerror="document.title=1">'),
    line(1, '\u001b[31mERROR\u001b[0m \u001b]52;c;ZXZpbA==\u0007red \u202Etxt.exe'),
    line(2, 'WARN slow'),
  ]);
  await view.getByText('<img src=x').waitFor();
  expect(await page.locator('main img').count()).toBe(0);
  const red = view.locator('[data-level="error"]');
  expect(await red.textContent()).toContain('ERROR red \ufffdtxt.exe');
  await page.getByText('1 error').waitFor();
  expect(complaints).toEqual([]);
});

test('the download has every line, although the view does not', async () => {
  const total = 3000;
  const { page, received } = await open(Array.from({ length: total }, (_, index) => line(index)));
  await expect.poll(received).toBe(1000);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the whole log' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('talker.log');
  const lines = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\n');
  expect(lines).toHaveLength(total);
  expect(lines[0]).toContain('line 0 of this log');
  expect(lines.at(-1)).toContain(`line ${String(total - 1)} of this log`);
});

test('a flood: every line arrives, memory stays bounded, the page answers', async () => {
  const total = 400_000;
  const { page, view, received, complaints } = await open([], async function* () {
    for (let index = 0; index < total; index += 1) {
      yield line(index);
    }
    await new Promise(() => undefined);
  });
  // The page's own CPU time: other work on the machine does not count.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async (): Promise<number> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
  /** Of the page for each line, until so many are there. */
  const microseconds = async (until: number): Promise<number> => {
    const [cpu, lines] = [await spent(), await received()];
    await expect.poll(received, { timeout: 240_000, interval: 250 }).toBeGreaterThanOrEqual(until);
    return (((await spent()) - cpu) / ((await received()) - lines)) * 1e6;
  };
  const early = await microseconds(total / 2);
  const late = await microseconds(total);
  expect(await received()).toBe(total);
  await view.getByText(`line ${String(total - 1)} of this log`).waitFor();
  const held = Number(await page.locator('[data-lines]').getAttribute('data-lines'));
  expect(held).toBeLessThanOrEqual(100_000);
  await page.getByText('older lines left the view').waitFor();
  expect(await view.locator('[data-seq]').count()).toBeLessThan(200);
  // About 14 where it was measured; what matters on any machine is that no line's cost grows with those before it.
  console.info(`a flood: ${early.toFixed(1)} µs a line, then ${late.toFixed(1)}`);
  expect(early).toBeGreaterThan(0);
  expect(late).toBeLessThan(2 * early);
  expect(complaints).toEqual([]);
}, 600_000);
