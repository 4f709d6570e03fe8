import { describe, expect, it } from 'vitest';
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, Mirror, MirrorsState, MirrorTest, MirrorTestItem, PrefixMirror } from '../../preload/contract';
import { refuse, runCli, streamOf, taskOf } from '../../test/fakes/cli';
import type { FakeRun } from '../../test/fakes/cli';
import type { Terminal } from './terminal';

const mirror = (url: string, patch: Partial<Mirror> = {}): Mirror => ({
  url,
  name: '',
  note: '',
  enabled: true,
  failures: 0,
  offerDisable: false,
  ...patch,
});
const A = mirror('https://a.example', { name: 'first' });
const B = mirror('https://b.example', { enabled: false });
const C = mirror('https://c.example');

const test = (verdict: MirrorTest['verdict']): MirrorTest => ({
  at: 0,
  image: 'library/busybox',
  verdict,
  steps: [
    { name: 'dns', milliseconds: 3.2, ok: true },
    { name: 'tcp', milliseconds: 40, ok: verdict === 'works' },
  ],
  totalMilliseconds: 43,
  ...(verdict === 'works' && { bytesPerSecond: 2 ** 20 }),
});
const proposal = (...urls: readonly string[]): MirrorTestItem => ({
  kind: 'proposal',
  order: urls.map((url) => ({ url, name: '', reason: { key: 'fastest', params: {} } })),
  direct: true,
  seconds: 1,
});

interface Fake {
  readonly state?: Partial<MirrorsState>;
  readonly items?: readonly MirrorTestItem[];
  readonly handlers?: Partial<BackendHandlers>;
  readonly terminal?: Partial<Terminal>;
  readonly running?: boolean;
}

type List = Parameters<BackendHandlers['mirrors.apply']>[0];

async function run(
  argv: readonly string[],
  fake: Fake = {},
): Promise<FakeRun & { readonly lists: readonly List[]; readonly tested: readonly (readonly string[])[] }> {
  const lists: List[] = [];
  const tested: (readonly string[])[] = [];
  const state: MirrorsState = {
    mirrors: [A, B, C],
    prefixes: [],
    revision: 'm3',
    presets: [],
    presetSource: 'built-in',
    testImage: 'library/busybox',
    inForce: { at: 0, urls: [A.url] },
    differs: true,
    suspended: [],
    ...fake.state,
  };
  const ran = await runCli(argv, {
    running: fake.running ?? true,
    handlers: {
      'mirrors.changes': streamOf(state),
      'mirrors.check': ({ url }) =>
        url.includes(' ')
          ? { url, error: { code: 'engine.badParameter', params: { detail: '' } } }
          : { url: url.includes('://') ? url : `https://${url.toLowerCase()}` },
      'mirrors.apply': (input) => {
        lists.push(input);
        return { task: 't1' };
      },
      'mirrors.test': async function* ({ urls }) {
        tested.push(urls);
        yield* fake.items ?? [];
      },
      'tasks.changes': streamOf([taskOf({ state: 'done', steps: [{ name: 'readBack', state: 'done', seconds: 0.4 }] })]),
      ...fake.handlers,
    },
    ...(fake.terminal && { terminal: fake.terminal }),
  });
  return { ...ran, lists, tested };
}

const urlsOf = (list: List | undefined): unknown =>
  list?.mirrors.map(({ url, enabled }) => `${enabled ? '+' : '-'}${url.slice(8, 9)}`).join(' ');

describe('the list', () => {
  it('says how each stands, and that what is set is not in force', async () => {
    const { code, stdout, stderr } = await run(['mirrors', 'list']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^1 {2}https:\/\/a\.example {2}in force .*first$/),
      expect.stringMatching(/^2 {2}https:\/\/b\.example {2}off/),
      expect.stringMatching(/^3 {2}https:\/\/c\.example {2}on/),
    ]);
    expect(stderr).toContain('https://a.example');
    const json = JSON.parse((await run(['mirrors', 'list', '--json'])).stdout) as { mirrors: { state: string }[] };
    expect(json).toMatchObject({ inForce: [A.url], differs: true, presetError: null });
    expect(json.mirrors.map(({ state }) => state)).toEqual(['inForce', 'off', 'on']);
  });

  it.each([
    [['add', 'https://d.example'], '+a -b +c +d'],
    [['add', 'https://d.example', '--disabled', '--first'], '-d +a -b +c'],
    [['remove', 'A.example', 'https://c.example'], '-b'],
    [['remove', 'first'], '-b +c'],
    [['move', 'c.example', '1'], '+c +a -b'],
    [['move', 'first', '9'], '-b +c +a'],
    [['enable', 'b.example'], '+a +b +c'],
    [['disable', 'first', 'c.example'], '-a -b -c'],
    [['use', 'c.example', 'https://d.example'], '+c +d -a -b'],
    [['use', '--none'], '-a -b -c'],
  ] as const)('%j makes it %s', async (argv, made) => {
    const { code, lists, stderr } = await run(['mirrors', ...argv]);
    expect([code, urlsOf(lists[0])]).toEqual([0, made]);
    expect(lists[0]).toMatchObject({ revision: 'm3', origin: 'cli' });
    expect(stderr).toContain('In force.');
  });

  it('finds one by its host, whatever its scheme and case', async () => {
    const { code, lists } = await run(['mirrors', 'remove', 'E.example'], { state: { mirrors: [A, B, C, mirror('http://e.example')] } });
    expect([code, urlsOf(lists[0])]).toEqual([0, '+a -b +c']);
  });

  it('keeps names and notes of those that move', async () => {
    const { lists } = await run(['mirrors', 'use', 'a.example']);
    expect(lists[0]?.mirrors[0]).toEqual({ url: A.url, name: 'first', note: '', enabled: true });
  });

  it.each([
    [['use']],
    [['use', 'a.example', '--none']],
    [['move', 'first', '0']],
    [['remove', 'nobody']],
    [['add', 'x', 'y', '--name', 'z']],
  ])('%j is wrong usage, and nothing is changed', async (argv) => {
    const { code, lists } = await run(['mirrors', ...argv]);
    expect([code, lists]).toEqual([2, []]);
  });

  it('takes a paste from stdin without what is there already, and nothing of one with an error', async () => {
    const parsed = (problem: boolean) => () => ({
      mirrors: [
        { url: A.url, duplicate: true },
        { url: 'https://d.example', duplicate: false },
      ],
      problems: problem
        ? [
            {
              error: { code: 'engine.badParameter', params: { detail: '' } } as const,
              text: 'x',
              place: { line: 4, column: 1, endLine: 4, endColumn: 2 },
            },
          ]
        : [],
    });
    const terminal = { input: () => Promise.resolve('lines') };
    const good = await run(['mirrors', 'add', '-'], { terminal, handlers: { 'mirrors.parse': parsed(false) } });
    expect([good.code, urlsOf(good.lists[0])]).toEqual([0, '+a -b +c +d']);
    expect(good.stderr).toContain('https://a.example is in the list already');
    const bad = await run(['mirrors', 'add', '-'], { terminal, handlers: { 'mirrors.parse': parsed(true) } });
    expect([bad.code, bad.lists, bad.stderr.startsWith('stdin:4:1: ')]).toEqual([1, [], true]);
  });

  it('a bad address is wrong usage, a doubtful one is said and taken', async () => {
    expect(await run(['mirrors', 'add', 'two words'])).toMatchObject({ code: 2, lists: [] });
    const warning = { code: 'engine.conflict', params: { detail: '' } } as const;
    const handlers: Partial<BackendHandlers> = { 'mirrors.check': () => ({ url: 'http://d.example', warning }) };
    const doubtful = await run(['mirrors', 'add', 'http://d.example'], { handlers });
    expect([doubtful.code, doubtful.lists.length]).toEqual([0, 1]);
    expect(doubtful.stderr).toMatch(/^http:\/\/d\.example: /);
  });

  it('a refusal of the backend ends with 1, and its code is in --json', async () => {
    const handlers = { 'mirrors.apply': refuse(new BerthError('engine.conflict', { detail: '' })) };
    const { code, stdout } = await run(['mirrors', 'enable', 'b.example', '--json'], { handlers });
    expect([code, JSON.parse(stdout)]).toEqual([1, { error: expect.objectContaining({ code: 'engine.conflict' }) as unknown }]);
  });
});

describe('testing', () => {
  const items: readonly MirrorTestItem[] = [
    { kind: 'step', url: A.url, step: { name: 'dns', milliseconds: 3.2, ok: true } },
    { kind: 'result', url: A.url, test: test('works') },
    { kind: 'result', url: C.url, test: test('refused') },
    proposal(A.url),
  ];

  it('tries what is on and Docker Hub itself, and prints a table', async () => {
    const { code, stdout, stderr, tested, lists } = await run(['mirrors', 'test'], { items });
    expect([code, tested, lists]).toEqual([0, [[A.url, C.url, 'direct']], []]);
    expect(stdout).toMatch(/https:\/\/a\.example .* 3 .*1 MB\/s/);
    expect(stdout).toMatch(/https:\/\/c\.example .* 40✗/);
    expect(stderr).toContain('1. https://a.example');
  });

  it('--all takes the whole list and what may be proposed', async () => {
    const name = { en: '', 'zh-CN': '' };
    const preset = (url: string, proposable: boolean) => ({
      ...{ id: url, name, url, operator: '', audience: name, state: 'open' as const, personal: false, proposable, checked: '' },
    });
    const state = { presets: [preset('https://p.example', true), preset('https://q.example', false)] };
    const { tested } = await run(['mirrors', 'test', '--all'], { items, state });
    expect(tested[0]).toEqual([A.url, B.url, C.url, 'https://p.example', 'direct']);
  });

  it('paints one line a mirror on a terminal, growing with its steps', async () => {
    const painted: (readonly string[] | undefined)[] = [];
    const terminal = { interactive: true, paint: (lines: readonly string[] | undefined) => void painted.push(lines) };
    await run(['mirrors', 'test', 'a.example', 'c.example'], { items, terminal });
    expect(painted.every((lines) => lines === undefined || lines.length === 2)).toBe(true);
    expect(painted[1]?.[0]).toBe('https://a.example  ✓ dns 3 ms  … tcp');
    expect(painted.at(-1)).toBeUndefined();
  });

  it('--apply puts the proposed order in force; the others stay in the list, off', async () => {
    const { code, lists } = await run(['mirrors', 'test', '--apply'], { items });
    expect([code, urlsOf(lists[0])]).toEqual([0, '+a -b -c']);
  });

  it('where none works it ends with 1 and applies nothing', async () => {
    const failing: readonly MirrorTestItem[] = [{ kind: 'result', url: A.url, test: test('refused') }, proposal()];
    const { code, lists, stdout } = await run(['mirrors', 'test', 'a.example', '--apply', '--json'], { items: failing });
    expect([code, lists]).toEqual([1, []]);
    expect(JSON.parse(stdout)).toMatchObject({ tests: [{ url: A.url, verdict: 'refused' }], order: [], direct: true });
  });

  it('a bad address is wrong usage; without a backend, or without an engine, it ends with 3', async () => {
    expect((await run(['mirrors', 'test', 'two words'])).code).toBe(2);
    expect((await run(['mirrors', 'test'], { running: false })).code).toBe(3);
    const off = refuse(new BerthError('vm.notRunning', { state: 'stopped' }));
    expect((await run(['mirrors', 'test'], { handlers: { 'mirrors.test': off } })).code).toBe(3);
  });
});

describe('other registries', () => {
  it('sets, shows and removes a prefix mirror', async () => {
    const kept: (readonly PrefixMirror[])[] = [];
    const prefix = { registry: 'ghcr.io', prefix: 'mirror.example/ghcr.io', always: true };
    const handlers: Partial<BackendHandlers> = { 'mirrors.setPrefixes': ({ prefixes }) => void kept.push(prefixes) };
    const state = { prefixes: [{ registry: 'quay.io', prefix: 'q.example', always: false }] };
    expect((await run(['mirrors', 'prefix'], { state })).stdout).toBe('quay.io  q.example  on demand');
    expect((await run(['mirrors', 'prefix', 'ghcr.io', prefix.prefix, '--always'], { state, handlers })).code).toBe(0);
    expect((await run(['mirrors', 'prefix', 'quay.io', '--remove'], { state, handlers })).code).toBe(0);
    expect(kept).toEqual([[...state.prefixes, prefix], []]);
    expect((await run(['mirrors', 'prefix', 'ghcr.io', '--remove'], { state, handlers })).code).toBe(2);
    expect((await run(['mirrors', 'prefix', 'ghcr.io'], { state })).code).toBe(2);
  });

  it('pull goes by the backend, through the prefix that is asked for', async () => {
    const asked: unknown[] = [];
    const handlers: Partial<BackendHandlers> = {
      'images.pull': (input) => {
        asked.push(input);
        return { task: 't1' };
      },
      'tasks.changes': streamOf(
        [taskOf({ kind: 'pull', detail: 'Pulling from owner/name' })],
        [taskOf({ kind: 'pull', state: 'done', detail: 'Digest: sha256:1' })],
      ),
    };
    const { code, stdout, stderr } = await run(['pull', 'ghcr.io/owner/name', '--via', 'mirror.example/ghcr.io'], { handlers });
    expect([code, stdout]).toEqual([0, 'ghcr.io/owner/name']);
    expect(stderr).toBe('Pulling from owner/name\nDigest: sha256:1');
    expect(asked).toEqual([{ reference: 'ghcr.io/owner/name', via: 'mirror.example/ghcr.io' }]);
    const failed = taskOf({ kind: 'pull', state: 'failed', error: { code: 'engine.pullDenied', params: { reference: 'x', detail: '' } } });
    const refused = await run(['pull', 'x', '--json'], { handlers: { ...handlers, 'tasks.changes': streamOf([failed]) } });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ state: 'failed', error: { code: 'engine.pullDenied' } });
  });
});
