import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refuse, runCli, streamOf, taskOf } from '../../test/fakes/cli';
import type { FakeRun } from '../../test/fakes/cli';
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, ConfigChange, ConfigCheck, ConfigHistoryEntry, ConfigState, Task, TaskStep } from '../../preload/contract';
import type { Terminal } from './terminal';

const step = (name: string, state: TaskStep['state'] = 'done', detail?: string): TaskStep => ({
  name,
  state,
  seconds: 0.5,
  ...(detail !== undefined && { detail }),
});
const quiet: ConfigCheck = {
  problems: [],
  changes: [],
  class: 'none',
  effects: { stops: [], hidesImages: 0, hidesContainers: 0, hidesBytes: 0 },
};
const changed: ConfigChange = { key: 'debug', before: false, after: true, class: 'reload' };
const good = taskOf({ state: 'done', steps: [step('check'), step('write'), step('reload'), step('ping'), step('readBack')] });

interface Fake {
  readonly text?: string;
  readonly state?: Partial<ConfigState>;
  readonly check?: (text: string) => Partial<ConfigCheck>;
  readonly task?: Task;
  readonly handlers?: Partial<BackendHandlers>;
  readonly terminal?: Partial<Terminal>;
}

type Applied = Parameters<BackendHandlers['config.apply']>[0];

async function run(argv: readonly string[], fake: Fake = {}): Promise<FakeRun & { readonly applied: readonly Applied[] }> {
  const applied: Applied[] = [];
  const ran = await runCli(['config', ...argv], {
    handlers: {
      'config.changes': streamOf({ text: fake.text ?? '{"debug": false}\n', revision: 'r7', ...fake.state }),
      'config.check': ({ text }) => ({ ...quiet, class: 'reload', changes: [changed], ...fake.check?.(text) }),
      'config.apply': (input) => {
        applied.push(input);
        return { task: 't1' };
      },
      'tasks.changes': streamOf([taskOf({ steps: [step('check')] })], [fake.task ?? good]),
      ...fake.handlers,
    },
    ...(fake.terminal && { terminal: fake.terminal }),
  });
  return { ...ran, applied };
}

describe('reading', () => {
  it('prints the document as it was written, a value plain, a list as JSON', async () => {
    const text = '{"bip": "10.1.0.1/24",\n "dns": ["1.1.1.1"], "log-opts": {"max-size": "10m"}}\n';
    expect((await run(['get'], { text })).stdout).toBe(text.trimEnd());
    expect((await run(['get', 'bip'], { text })).stdout).toBe('10.1.0.1/24');
    expect((await run(['get', 'dns'], { text })).stdout).toBe('["1.1.1.1"]');
    expect((await run(['get', 'log-opts.max-size'], { text })).stdout).toBe('10m');
  });

  it('a key that is not set ends with 1 and says what dockerd takes', async () => {
    const { code, stdout, stderr } = await run(['get', 'live-restore']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('dockerd takes false');
    const json = await run(['get', 'live-restore', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ key: 'live-restore', set: false, value: null, default: false, difference: null });
  });

  it('diff shows what is set beside what is in force; without an engine it ends with 3', async () => {
    const inForce = { at: 1, mirrors: [], differences: [{ key: 'debug', asked: true, inForce: false }] };
    const shown = await run(['diff'], { state: { inForce } });
    expect([shown.code, shown.stdout]).toEqual([0, '- debug: true\n+ debug: false']);
    expect((await run(['diff'])).code).toBe(3);
  });

  it('the history is a table, or all of it as JSON', async () => {
    const entry: ConfigHistoryEntry = {
      id: 'a1',
      at: 0,
      origin: 'cli',
      text: '{}',
      changes: [changed],
      class: 'reload',
      result: 'rolledBack',
    };
    const handlers = { 'config.history': () => [entry] };
    expect((await run(['history'], { handlers })).stdout).toMatch(/a1 .*command line .*rolled back .*live .*debug/);
    expect(JSON.parse((await run(['history', '--json'], { handlers })).stdout)).toEqual([entry]);
  });
});

describe('changing', () => {
  it.each([
    [['set', 'debug', 'true'], { debug: true }],
    [['set', 'bip', '10.0.0.1/24'], { debug: false, bip: '10.0.0.1/24' }],
    [['set', 'dns', '1.1.1.1', '8.8.8.8'], { debug: false, dns: ['1.1.1.1', '8.8.8.8'] }],
    [['set', 'dns', '["9.9.9.9"]'], { debug: false, dns: ['9.9.9.9'] }],
    [['set', 'log-opts.max-size', '10m'], { debug: false, 'log-opts': { 'max-size': '10m' } }],
    [['set', 'log-opts', 'max-size=1m', 'tag=a=b'], { debug: false, 'log-opts': { 'max-size': '1m', tag: 'a=b' } }],
    [['unset', 'debug'], {}],
  ])('%j', async (argv, document) => {
    const { code, applied } = await run(argv);
    expect(code).toBe(0);
    expect(JSON.parse(applied[0]?.text ?? '')).toEqual(document);
    expect(applied[0]).toMatchObject({ revision: 'r7', origin: 'cli', accept: { warnings: false, disruptive: false } });
  });

  it('what is no value of the key is wrong usage, and nothing is asked of the backend', async () => {
    const { code, stderr, applied } = await run(['set', 'debug', 'yes please']);
    expect([code, applied]).toEqual([2, []]);
    expect(stderr).toContain('true or false');
  });

  it('tells the difference, the cost and each step as it ends', async () => {
    const { stderr } = await run(['set', 'debug', 'true']);
    expect(stderr.split('\n')).toEqual([
      '- debug: false',
      '+ debug: true',
      'Applied live: nothing restarts.',
      '  Check 0.50 s',
      '  Write 0.50 s',
      '  Reload 0.50 s',
      '  Engine answers 0.50 s',
      '  Read back 0.50 s',
      'In force.',
    ]);
  });

  it('an error of the document is said at its place, and nothing is applied', async () => {
    const check = (): Partial<ConfigCheck> => ({
      problems: [
        {
          severity: 'error',
          error: new BerthError('engine.badParameter', { detail: 'x' }),
          path: ['bip'],
          place: { line: 3, column: 9, endLine: 3, endColumn: 12 },
        },
      ],
    });
    const terminal = { input: () => Promise.resolve('{\n\n "bip": 7}') };
    const { code, stderr, applied, stdout } = await run(['apply', '-', '--json'], { check, terminal });
    expect([code, applied]).toEqual([1, []]);
    expect(stderr).toMatch(/^stdin:3:9: error: /);
    expect(JSON.parse(stdout)).toMatchObject({ result: 'refused', problems: [{ path: ['bip'], error: { code: 'engine.badParameter' } }] });
  });

  it('nothing to change is no change', async () => {
    const { code, applied, stderr } = await run(['set', 'debug', 'false'], { check: () => ({ changes: [], class: 'none' }) });
    expect([code, applied, stderr]).toEqual([0, [], 'Nothing to change.']);
  });

  it('a roll-back says dockerd’s words and ends with 1', async () => {
    const task = taskOf({
      state: 'failed',
      error: { code: 'engine.badParameter', params: { detail: 'parse bip failed' } },
      steps: [step('write'), step('restart'), step('ping', 'failed', 'parse bip failed: invalid CIDR'), step('rollBack'), step('answer')],
    });
    const { code, stderr, stdout } = await run(['set', 'bip', 'x', '--json'], { task });
    expect(code).toBe(1);
    expect(stderr).toContain('    parse bip failed: invalid CIDR');
    expect(stderr).toContain('Rolled back');
    expect(JSON.parse(stdout)).toMatchObject({ result: 'rolledBack', error: { code: 'engine.badParameter' } });
  });

  it('while the engine is off the document is kept for its start', async () => {
    const task = taskOf({ state: 'done', steps: [step('check'), step('write'), step('reload', 'skipped'), step('ping', 'skipped')] });
    const { code, stderr, stdout } = await run(['set', 'debug', 'true', '--json'], { task });
    expect(code).toBe(0);
    expect(stderr).toContain('next start');
    expect(JSON.parse(stdout)).toMatchObject({ result: 'kept' });
  });
});

describe('consent', () => {
  const disruptive = (): Partial<ConfigCheck> => ({
    class: 'disruptive',
    effects: { stops: ['web', 'db'], hidesImages: 3, hidesContainers: 2, hidesBytes: 2 ** 30 },
  });
  const needed = refuse(new BerthError('engine.conflict', { detail: 'needs consent' }));

  it('is asked for on a terminal, with the effects in sight', async () => {
    const asked: string[] = [];
    const terminal = { interactive: true, ask: (question: string) => Promise.resolve((asked.push(question), 'y')) };
    const { code, stderr, applied } = await run(['set', 'bip', '10.0.0.1/24'], { check: disruptive, terminal });
    expect([code, asked.length, applied[0]?.accept]).toEqual([0, 1, { warnings: true, disruptive: true }]);
    expect(stderr).toContain('Stops 2 containers: web, db');
    expect(stderr).toContain('Hides 3 images and 2 containers (1 GB)');
  });

  it('that is not given leaves everything as it was', async () => {
    const terminal = { interactive: true, ask: () => Promise.resolve('') };
    const { code, applied } = await run(['set', 'bip', '10.0.0.1/24'], { check: disruptive, terminal });
    expect([code, applied]).toEqual([1, []]);
  });

  it('without a terminal the backend refuses, with its code', async () => {
    const ran = await run(['set', 'bip', '10.0.0.1/24', '--json'], { check: disruptive, handlers: { 'config.apply': needed } });
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ result: 'refused', error: { code: 'engine.conflict' } });
  });

  it('--yes gives it', async () => {
    const { applied } = await run(['set', 'bip', '10.0.0.1/24', '--yes'], { check: disruptive });
    expect(applied[0]?.accept).toEqual({ warnings: true, disruptive: true });
  });

  it('a restore shows what it would cost, too', async () => {
    const restored: unknown[] = [];
    const entry: ConfigHistoryEntry = {
      id: 'abc123',
      at: 0,
      origin: 'form',
      text: '{"debug":true}',
      changes: [],
      class: 'reload',
      result: 'applied',
    };
    const handlers: Partial<BackendHandlers> = {
      'config.history': () => [entry, { ...entry, id: 'abd' }],
      'config.restore': (input) => {
        restored.push(input);
        return { task: 't1' };
      },
    };
    const ran = await run(['restore', 'abc', '--yes'], { handlers, check: disruptive });
    expect([ran.code, restored]).toEqual([0, [{ id: 'abc123', revision: 'r7', accept: { warnings: true, disruptive: true } }]]);
    expect((await run(['restore', 'ab'], { handlers })).code).toBe(2);
  });
});

describe('a hand edit in the guest', () => {
  it('is taken over as any change is, or dropped; where there is none, that is said', async () => {
    const asked: unknown[] = [];
    const handlers: Partial<BackendHandlers> = {
      'config.settleGuestEdit': (input) => {
        asked.push(input);
        return { task: 't1' };
      },
    };
    const state = { guestEdit: { text: '{"debug": true}', changes: [changed] } };
    const taken = await run(['settle', 'take', '--yes'], { handlers, state });
    expect([taken.code, taken.stderr]).toEqual([0, expect.stringContaining('+ debug: true')]);
    expect((await run(['settle', 'drop'], { handlers, state })).code).toBe(0);
    expect((await run(['settle', 'drop'], { handlers })).stderr).toContain('not changed by hand');
    expect((await run(['settle', 'keep'], { handlers, state })).code).toBe(2);
    const accept = (all: boolean): object => ({ warnings: all, disruptive: all });
    expect(asked).toEqual([
      { decision: 'take', revision: 'r7', accept: accept(true) },
      { decision: 'drop', revision: 'r7', accept: accept(false) },
    ]);
  });
});

describe('edit', () => {
  const bad = (text: string): Partial<ConfigCheck> =>
    text.includes('oops')
      ? {
          problems: [
            {
              severity: 'error',
              error: { code: 'engine.badParameter', params: { detail: '' } },
              path: [],
              place: { line: 1, column: 2, endLine: 1, endColumn: 3 },
            },
          ],
        }
      : {};
  /** An editor that writes these, one an opening, and the files that it saw. */
  function editor(...texts: readonly ((seen: string) => string)[]): {
    readonly terminal: Partial<Terminal>;
    readonly seen: string[];
    file(): string;
  } {
    const seen: string[] = [];
    let path = '';
    return {
      seen,
      file: () => path,
      terminal: {
        edit(file) {
          path = file;
          const text = readFileSync(file, 'utf8');
          const next = texts[seen.length];
          seen.push(text);
          if (next === undefined) {
            return Promise.resolve(7);
          }
          writeFileSync(file, next(text));
          return Promise.resolve(0);
        },
      },
    };
  }

  it('opens the file again with the errors, until it is good', async () => {
    const vi = editor(
      () => '{oops}',
      (text) => text.replace('{oops}', '{"debug": true}'),
    );
    const { code, applied } = await run(['edit'], { check: bad, terminal: vi.terminal });
    // The error's place is counted in the file as it is shown, below the two lines that say it.
    expect(vi.seen[1]).toMatch(/^\/\/ berth: daemon\.json:3:2: error: .*\n\/\/ berth: .*\n\{oops\}$/);
    expect([code, applied[0]?.text]).toEqual([0, '{"debug": true}']);
    expect(existsSync(dirname(vi.file()))).toBe(false);
  });

  it('saved again as it was, it is given up, and the file is kept and named', async () => {
    const vi = editor(
      () => '{oops}',
      (text) => text,
    );
    const { code, stderr, applied } = await run(['edit'], { check: bad, terminal: vi.terminal });
    expect([code, applied, readFileSync(vi.file(), 'utf8')]).toEqual([1, [], '{oops}']);
    expect(stderr).toContain(vi.file());
    rmSync(dirname(vi.file()), { recursive: true });
  });

  it('a change that is refused in the end is not lost', async () => {
    const vi = editor(() => '{"debug": true}');
    const handlers = { 'config.apply': refuse(new BerthError('engine.conflict', { detail: '' })) };
    const { code, stderr } = await run(['edit'], { terminal: vi.terminal, handlers });
    expect([code, readFileSync(vi.file(), 'utf8')]).toEqual([1, '{"debug": true}']);
    expect(stderr).toContain(vi.file());
    rmSync(dirname(vi.file()), { recursive: true });
  });

  it('left as it was, nothing happens; an editor that fails changes nothing', async () => {
    const vi = editor((text) => text);
    expect(await run(['edit'], { terminal: vi.terminal })).toMatchObject({ code: 0, applied: [] });
    const failing = editor();
    expect(await run(['edit'], { terminal: failing.terminal })).toMatchObject({ code: 1, applied: [] });
    expect(existsSync(dirname(failing.file()))).toBe(false);
  });
});
