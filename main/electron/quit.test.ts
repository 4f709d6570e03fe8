import { expect, test, vi } from 'vitest';
import { BerthError } from '../../preload/contract';
import type { Client, VmStatus } from '../../preload/contract';
import { createQuit } from './quit';
import type { Quit } from './quit';
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
  const quit: Quit = createQuit({
    client: () => Promise.resolve(client),
    show: (how, work) => work === undefined && log.push(`show ${how}`),
    hide: () => log.push('hide'),
    askAnyway: (how, { code }) => {
      log.push(`ask ${how} ${code}`);
      const answer = answers.shift();
      return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
    },
    letGo: async () => {
      log.push(`let go, done ${String(quit.done)}`);
      await Promise.resolve();
    },
    end: () => void log.push(`end, done ${String(quit.done)}`),
  });
  return { quit, log, answers };
}

/** Not before it has let go: another order to quit would cut that. */
const finish = ['let go, done false', 'end, done true'];
const full = (): Promise<void> => Promise.reject(new BerthError('vm.suspendFailed', { detail: 'no space' }));

test.each([
  [{ state: 'running', suspend: true }, false, ['show suspend', 'app.stop false', ...finish]],
  [{ state: 'running', suspend: true }, true, ['show stop', 'app.stop true', ...finish]],
  [{ state: 'running', suspend: false }, false, ['show stop', 'app.stop false', ...finish]],
  [{ state: 'suspended', suspend: true }, false, ['app.stop false', ...finish]],
] as const)('%j, shut down %s', async (status, shutdown, expected) => {
  const { quit, log } = bed(status);
  await quit.begin({ shutdown });
  expect(log).toEqual(expected);
  expect(quit.done).toBe(true);
});

test('a suspend that fails asks: stay, leave it running, or shut it down', async () => {
  const stay = bed({ state: 'running', suspend: true }, full);
  stay.answers.push('stay');
  await stay.quit.begin();
  expect(stay.log.slice(2)).toEqual(['ask suspend vm.suspendFailed', 'hide']);
  expect(stay.quit.done).toBe(false);

  const leave = bed({ state: 'running', suspend: true }, full);
  leave.answers.push('leave');
  await leave.quit.begin();
  expect(leave.log.slice(2)).toEqual(['ask suspend vm.suspendFailed', ...finish]);

  const off = bed({ state: 'running', suspend: true }, (shutdown) => (shutdown ? Promise.resolve() : full()));
  off.answers.push('shutDown');
  await off.quit.begin();
  expect(off.log.slice(2)).toEqual(['ask suspend vm.suspendFailed', 'show stop', 'app.stop true', ...finish]);
});

test('where the system ends us, nobody is asked, nor waited for', async () => {
  const stops = (shutdown: boolean): Promise<void> => (shutdown ? Promise.resolve() : full());
  const alone = bed({ state: 'running', suspend: true }, stops);
  await alone.quit.begin({ unattended: true });
  expect(alone.log.slice(2)).toEqual(['show stop', 'app.stop true', ...finish]);

  const asked = bed({ state: 'running', suspend: true }, stops);
  const quitting = asked.quit.begin();
  await vi.waitFor(() => expect(asked.log.at(-1)).toBe('ask suspend vm.suspendFailed'));
  await asked.quit.begin({ unattended: true });
  await quitting;
  expect(asked.log.slice(3)).toEqual(['show stop', 'app.stop true', ...finish]);

  const stuck = bed({ state: 'running', suspend: true }, full);
  await stuck.quit.begin({ unattended: true });
  expect(stuck.log.slice(2)).toEqual(['show stop', 'app.stop true', ...finish]);
});

test('the page says what becomes of containers', () => {
  const page = (how: 'suspend' | 'stop'): string => quitPage(desktopTexts('en', 'en'), how, { containers: ['a<b>'], tasks: [] });
  expect(page('suspend')).toContain('1 container goes on at the next start:');
  expect(page('suspend')).toContain('a&#60;b&#62;');
  expect(page('stop')).toContain('Waits for 1 container to end:');
});
