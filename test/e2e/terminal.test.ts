// Terminals inside a container, in a real Chromium: keys and answers, several sessions, a change of tabs, paste, a flood, the end.
import { afterEach, expect, test } from 'vitest';
import { openWindow } from './window';
import type { TestWindow } from './window';

let current: TestWindow | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

async function open() {
  current = await openWindow({
    containers: 0,
    seed: (dockerd) => {
      dockerd.model.addContainer({ name: 'box', state: 'running', startedAt: Date.now() });
    },
  });
  const { page, dockerd, complaints } = current;
  const id = dockerd.model.findContainer('box')?.id ?? '';
  const go = (tab: string): Promise<void> =>
    page.evaluate((hash) => {
      location.hash = hash;
    }, `#/containers/${id}/${tab}`);
  await go('terminal');
  const screen = page.locator('.xterm-rows');
  const shows = (text: string): Promise<void> => expect.poll(() => screen.textContent(), { timeout: 20_000 }).toContain(text);
  await shows('box:/#');
  return { page, dockerd, complaints, go, screen, shows };
}

test('keys go in, answers come out, the shell knows its size', async () => {
  const { page, shows, complaints } = await open();
  await page.keyboard.type('hello\r');
  await shows('sh: hello: not found');
  const size = (await page.getByText(/^\d+ × \d+$/).textContent()) ?? '';
  await page.keyboard.type('size\r');
  await shows(size.replace(' × ', 'x'));
  await page.setViewportSize({ width: 1000, height: 640 });
  await page.getByText(size).waitFor({ state: 'detached' });
  await page.getByText('docker exec -it box ash').waitFor();
  expect(complaints).toEqual([]);
});

test('survives a change of tabs, also with a second session', async () => {
  const { page, dockerd, go, shows, screen } = await open();
  await page.keyboard.type('first\r');
  await shows('sh: first: not found');
  await page.getByRole('button', { name: 'New terminal' }).click();
  await expect.poll(() => page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab').count()).toBe(2);
  await shows('box:/#');
  await page.keyboard.type('second\r');
  await shows('sh: second: not found');
  const opened = dockerd.execs.size;
  await go('overview');
  await screen.waitFor({ state: 'detached' });
  await go('terminal');
  await shows('sh: second: not found');
  await page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab').first().click();
  await shows('sh: first: not found');
  // Nothing was opened anew: the sessions are the backend's.
  expect(dockerd.execs.size).toBe(opened);
});

test('what is pasted brings no keys of its own', async () => {
  const { page, shows, screen } = await open();
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', 'pas\u001b[201~\u0003ted');
    document
      .querySelector('.xterm-helper-textarea')
      ?.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await shows('pas[201~ted');
  expect(await screen.textContent()).not.toContain('^C');
});

test('a flood arrives whole, and Ctrl-Shift-X leads out', async () => {
  const { page, shows } = await open();
  await page.keyboard.type('flood 3000000\r');
  await page.keyboard.type('after\r');
  await shows('sh: after: not found');
  await page.keyboard.press('Control+Shift+X');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('tab');
});

test('an ended session says its code and opens again', async () => {
  const { page, shows } = await open();
  await page.keyboard.type('exit 3\r');
  await page.getByText('Ended with exit code 3').waitFor();
  await page.getByRole('button', { name: 'Open again' }).click();
  await page.getByText('Ended with exit code 3').waitFor({ state: 'detached' });
  await shows('box:/#');
});

test('a shell that does not exist is Docker’s own error, and a stopped container offers its start', async () => {
  const { page, dockerd } = await open();
  await page.getByRole('textbox', { name: 'Shell' }).or(page.getByLabel('Shell')).first().fill('/bin/nosuch');
  await page.getByRole('textbox', { name: 'User' }).press('Enter');
  await page.getByRole('alert').filter({ hasText: 'nosuch' }).waitFor();
  // Nothing typed there means whichever shell there is, by the button as by Enter.
  await page.getByRole('textbox', { name: 'Shell' }).or(page.getByLabel('Shell')).first().fill('');
  await page.getByRole('button', { name: 'New terminal' }).click();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  const box = dockerd.model.findContainer('box');
  if (box !== undefined) {
    dockerd.model.exit(box, 0);
  }
  await page.getByRole('button', { name: 'New terminal' }).and(page.locator(':disabled')).waitFor();
});
