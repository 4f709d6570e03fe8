import { expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, RepairReport, RepairState } from '../../preload/contract';
import { refuse, runCli, streamOf, taskOf } from '../../test/fakes/cli';
import { ladder } from '../repair/ladder';

const report = (patch: Partial<RepairReport> = {}): RepairReport => ({
  task: 't1',
  rung: 'checkDisk',
  startedAt: 0,
  endedAt: 1,
  result: 'done',
  facts: [{ key: 'clean', params: {} }],
  words: [],
  ...patch,
});
const state = (patch: Partial<RepairState> = {}): RepairState => ({
  rungs: ladder({
    status: { state: 'failed' },
    error: { code: 'disk.damaged', params: { path: '/d', detail: 'x' } },
    hasDisk: true,
    liveRestore: true,
    last: undefined,
  }),
  reports: [],
  kept: [],
  confirmWord: '.berth',
  copyBytes: 5,
  freeBytes: 10,
  ...patch,
});

async function run(argv: readonly string[], shown: RepairState = state(), more: Partial<BackendHandlers> = {}, answer?: string) {
  const orders: unknown[] = [];
  const asked: string[] = [];
  const handlers: Partial<BackendHandlers> = {
    'repair.changes': streamOf(shown),
    'repair.run': (order) => {
      orders.push(order);
      return { task: 't1' };
    },
    'tasks.changes': streamOf([taskOf({ kind: 'repair', state: 'done', steps: [{ name: 'look', state: 'done', seconds: 4.2 }] })]),
    ...more,
  };
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve(answer ?? '');
  };
  const terminal = answer === undefined ? {} : { interactive: true, ask };
  return { ...(await runCli(['repair', ...argv], { handlers, terminal })), orders, asked };
}

test('without a step: the ladder, the advised step marked, what cannot be used with its reason', async () => {
  const { code, stdout, orders } = await run([]);
  const lines = stdout.split('\n');
  expect(code).toBe(0);
  expect(lines).toHaveLength(8);
  expect(lines[0]).toMatch(/^ {2}reconnect +Reconnect +about 2 s +not now: The virtual machine does not run$/);
  expect(lines[3]).toMatch(/^\* checkDisk +Check the data disk +by size/);
  expect(orders).toEqual([]);
});

test('a step says first what it keeps and afterwards what it did; the facts are the result', async () => {
  const { code, stdout, stderr, orders } = await run(['checkDisk', '--yes'], state({ reports: [report()] }));
  expect(orders).toEqual([{ rung: 'checkDisk', confirm: '' }]);
  expect(stderr).toMatch(/^This keeps: The virtual machine is shut down[^]*look, without writing: 4\.2 s[^]*Check the data disk: done$/);
  expect(stdout).toBe('The file system of the data disk is whole. Nothing was written to it.');
  expect(code).toBe(0);
});

test('damage that was found and left ends with 1 and says how to mend it', async () => {
  const shown = state({
    reports: [report({ result: 'damaged', facts: [{ key: 'damaged', params: {} }], words: ['Free blocks count wrong'] })],
  });
  const { code, stderr } = await run(['checkDisk', '--yes'], shown);
  expect(code).toBe(1);
  expect(stderr).toContain('    Free blocks count wrong');
  expect(stderr).toContain('berth repair checkDisk --fsck copy');
});

test('a person is asked, and a no is a no', async () => {
  const { code, orders, asked } = await run(['reboot'], state(), {}, 'n');
  expect(asked).toEqual(['Go on? [y/N] ']);
  expect(orders).toEqual([]);
  expect(code).toBe(1);
});

test('what gives something up takes the typed word, and --yes does not stand for it', async () => {
  const refused = { 'repair.run': refuse(new BerthError('repair.notConfirmed', { word: '.berth' })) };
  const { code, stderr } = await run(['reset', '--yes'], state(), refused);
  expect(code).toBe(1);
  expect(stderr).toContain('Type .berth to confirm.');
  const typed = await run(['reset'], state({ reports: [report({ rung: 'reset' })] }), {}, '.berth');
  expect(typed.asked).toEqual(['Type .berth to confirm: ']);
  expect(typed.orders).toEqual([{ rung: 'reset', confirm: '.berth' }]);
});

test('an export needs its folder; volumes are named by commas', async () => {
  expect((await run(['rescue', '--yes'])).code).toBe(2);
  const shown = state({ reports: [report({ rung: 'rescue', result: 'partly' })] });
  const { code, orders } = await run(['rescue', '--yes', '--folder', '/out', '--volumes', 'a,b', '--no-images'], shown);
  expect(orders).toEqual([{ rung: 'rescue', folder: '/out', images: false, volumes: ['a', 'b'] }]);
  expect(code).toBe(1);
});

test('a step that is not there, and a way to mend that is not there, are errors of usage', async () => {
  expect((await run(['fsck'])).code).toBe(2);
  expect((await run(['checkDisk', '--fsck', 'please'])).code).toBe(2);
});

test('as JSON: the report with its error’s text', async () => {
  const error = { code: 'repair.fsckFailed', params: { path: '/d', status: 8, detail: '' } } as const;
  const { stdout } = await run(['checkDisk', '--yes', '--json'], state({ reports: [report({ result: 'failed', error })] }));
  expect(JSON.parse(stdout)).toMatchObject({
    rung: 'checkDisk',
    result: 'failed',
    error: { code: 'repair.fsckFailed', text: expect.any(String) as string },
  });
});
