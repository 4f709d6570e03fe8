// QEMU's migration as QMP tells it: scripted answers and events, as QEMU 10 gives them.
import { expect, test } from 'vitest';
import { deferred } from '../../lib/async';
import { createMigration } from './migration';
import type { Qmp } from './qmp';

function scripted(answers: Readonly<Record<string, (tell: (status: string) => void) => unknown>>) {
  const asked: [string, unknown][] = [];
  const closed = deferred<void>();
  const qmp: Qmp = {
    closed: closed.promise,
    close: () => closed.resolve(),
    execute(command, args) {
      asked.push([command, args]);
      const answer = answers[command]?.((status) => {
        migration.onEvent({ event: 'MIGRATION', data: { status } });
      });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? {});
    },
  };
  const migration = createMigration(() => qmp);
  return { migration, asked, closed };
}

test.each([
  ['within', true, false],
  ['apart', false, true],
] as const)('saves with the memory %s, and is done when QEMU says so', async (memory, mapped, ignored) => {
  const { migration, asked } = scripted({
    migrate: (tell) => ['setup', 'active', 'completed'].forEach(tell),
  });
  await migration.save('suspend/saving', memory);
  expect(asked.map(([command]) => command)).toEqual(['migrate-set-capabilities', 'migrate-set-parameters', 'migrate']);
  expect(asked[0]?.[1]).toEqual({
    capabilities: [
      { capability: 'mapped-ram', state: mapped },
      { capability: 'x-ignore-shared', state: ignored },
      { capability: 'events', state: true },
    ],
  });
  expect(asked[2]?.[1]).toEqual({ uri: 'file:suspend/saving' });
});

test('waits for the end and not for the answer', async () => {
  const { migration } = scripted({});
  let done = false;
  const save = migration.save('f', 'within').then(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  migration.onEvent({ event: 'MIGRATION', data: { status: 'active' } });
  migration.onEvent({ event: 'STOP', data: { status: 'completed' } });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(done).toBe(false);
  migration.onEvent({ event: 'MIGRATION', data: { status: 'completed' } });
  await save;
});

test('a failure has QEMU’s words', async () => {
  const { migration } = scripted({
    migrate: (tell) => tell('failed'),
    'query-migrate': () => ({ status: 'failed', 'error-desc': 'Unable to write to file: No space left on device' }),
  });
  await expect(migration.save('f', 'within')).rejects.toThrow('No space left on device');
});

test('a refusal is a failure, and another try begins anew', async () => {
  const refused = scripted({ 'migrate-incoming': () => new Error('Memory size mismatch') });
  await expect(refused.migration.load('f', 'within')).rejects.toThrow('Memory size mismatch');
  const again = scripted({ 'migrate-incoming': (tell) => tell('completed') });
  await again.migration.load('f', 'within');
  expect(again.asked.at(-1)).toEqual(['migrate-incoming', { uri: 'file:f', 'exit-on-error': false }]);
});

test('a QEMU that ends is not waited for', async () => {
  const { migration, closed } = scripted({ migrate: () => closed.resolve(), 'query-migrate': () => new Error('the QMP socket is closed') });
  await expect(migration.save('f', 'within')).rejects.toThrow('QEMU ended');
});
