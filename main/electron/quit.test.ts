import { expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import type { Client, VmStatus } from '../../preload/contract';
import { createQuit } from './quit';
import { quitPage } from './quit-page';
import { desktopTexts } from './texts';

function bed(
  status: { readonly state: VmStatus['state']; readonly suspend: boolean },
  stop: (shutdown: boolean) => Promise<void> = () => Promise.resolve(),
) {
  const log: string[] = [];
  const answers: ('leave' | 'shutDown' | 'stay')[] = [];
  const client = {
    async call(_name: string, { shutdown }: { readonly shutdown: boolean }) {
      log.push(`app.stop ${String(shutdown)}`);
      await stop(shutdown);
    },
    async *stream(name: string) {
      await Promise.resolve();
      if (name === 'vm.status') {
        yield { state: status.state, features: { suspend: status.suspend } };
      }
    },
  } as unknown as Client;
  const quit = createQuit({
    client: () => client,
    show: (how, work) => work === undefined && log.push(`show ${how}`),
    hide: () => log.push('hide'),
    askAnyway: (how, { code }) => {
      log.push(`ask ${how} ${code}`);
      return Promise.resolve(answers.shift() ?? 'stay');
    },
    finish: () => Promise.resolve(void log.push('finish')),
  });
  return { quit, log, answers };
}

const full = (): Promise<void> => Promise.reject(new BerthError('vm.exited', { detail: 'no space' }));

test.each([
  [{ state: 'running', suspend: true }, false, ['show suspend', 'app.stop false', 'finish']],
  [{ state: 'running', suspend: true }, true, ['show stop', 'app.stop true', 'finish']],
  [{ state: 'running', suspend: false }, false, ['show stop', 'app.stop false', 'finish']],
  [{ state: 'suspended', suspend: true }, false, ['app.stop false', 'finish']],
] as const)('%j, shut down %s', async (status, shutdown, expected) => {
  const { quit, log } = bed(status);
  await quit.begin({ shutdown });
  expect(log).toEqual(expected);
  expect(quit.done).toBe(true);
});

test('a suspend that fails asks: stay, leave it running, or shut it down', async () => {
  const stay = bed({ state: 'running', suspend: true }, full);
  await stay.quit.begin();
  expect(stay.log.slice(2)).toEqual(['ask suspend vm.exited', 'hide']);
  expect(stay.quit.done).toBe(false);

  const leave = bed({ state: 'running', suspend: true }, full);
  leave.answers.push('leave');
  await leave.quit.begin();
  expect(leave.log.slice(2)).toEqual(['ask suspend vm.exited', 'finish']);

  const off = bed({ state: 'running', suspend: true }, (shutdown) => (shutdown ? Promise.resolve() : full()));
  off.answers.push('shutDown');
  await off.quit.begin();
  expect(off.log.slice(2)).toEqual(['ask suspend vm.exited', 'show stop', 'app.stop true', 'finish']);
});

test('the page says what becomes of containers', () => {
  const page = (how: 'suspend' | 'stop'): string => quitPage(desktopTexts('en', 'en'), how, { containers: ['a<b>'], tasks: [] });
  expect(page('suspend')).toContain('1 container goes on at the next start:');
  expect(page('suspend')).toContain('a&#60;b&#62;');
  expect(page('stop')).toContain('Waits for 1 container to end:');
});
