// The engine's handlers on a real dockerd, over the real transport; changes made by the docker command of the host are seen here.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSpec } from '../../preload/contract';
import type { EngineChange, LogBatch } from '../../preload/contract';
import { until as poll } from '../fakes/dockerd/bench';
import { context } from '../fakes/streams';
import { apply, emptyState } from '../../main/engine/state';
import { createTerminals } from '../../main/terminal/session';
import { ensureTestImage, TEST_IMAGE } from './images';
import { everything, useVm } from './harness';
import { openEngine } from './open-engine';
import type { OpenEngine } from './open-engine';

const box = useVm();
/** An emulated guest on a busy machine takes its time. */
const until = (what: string, condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> => poll(what, condition, ms);
let opened: OpenEngine;
const names: string[] = [];

beforeAll(async () => {
  await ensureTestImage(box());
  opened = await openEngine(box().vm.dialer);
});

afterAll(async () => {
  await box()
    .docker('rm', '--force', '--volumes', ...names)
    .catch(() => undefined);
  await box()
    .docker('volume', 'rm', '--force', 'engine-data')
    .catch(() => undefined);
  await opened.close();
});

const handlers = () => opened.engine.handlers;
const row = (name: string) => [...opened.engine.state.get().containers.values()].find((each) => each.name === name);

async function create(name: string, spec: Record<string, unknown> = {}, start = true): Promise<string> {
  names.push(name);
  const parsed = runSpec.parse({
    image: TEST_IMAGE,
    name,
    command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1; done'],
    ...spec,
  });
  return (await handlers()['containers.create']({ spec: parsed, start }, context())).id;
}

describe('containers', () => {
  test('create with everything, stop, start, restart, remove', async () => {
    const id = await create('engine-full', {
      env: [{ name: 'GREETING', value: 'a "b" $c' }],
      ports: [{ hostPort: 18181, containerPort: 80 }],
      volumes: [{ volume: 'engine-data', path: '/data' }],
      restart: 'unless-stopped',
      tty: true,
    });
    await until('running', () => row('engine-full')?.state === 'running');
    expect(row('engine-full')).toMatchObject({
      image: TEST_IMAGE,
      ports: expect.arrayContaining([expect.objectContaining({ hostPort: 18181, containerPort: 80 })]),
    });
    const detail = await handlers()['containers.inspect']({ id }, context());
    expect(detail).toMatchObject({
      tty: true,
      restartPolicy: 'unless-stopped',
      mounts: [{ type: 'volume', source: 'engine-data', destination: '/data', readOnly: false }],
    });
    expect(detail.env).toContain('GREETING=a "b" $c');
    expect(detail.summary).toMatchObject({ name: 'engine-full', state: 'running' });
    await handlers()['containers.stop']({ id, timeoutSeconds: 10 }, context());
    await until('exited', () => row('engine-full')?.state === 'exited');
    expect(row('engine-full')).toMatchObject({ exitCode: 0 });
    await handlers()['containers.start']({ id }, context());
    await handlers()['containers.start']({ id }, context());
    const startedAt = row('engine-full')?.startedAt ?? 0;
    await handlers()['containers.restart']({ id }, context());
    await until('restarted', () => row('engine-full')?.state === 'running' && (row('engine-full')?.startedAt ?? 0) > startedAt);
    await expect(handlers()['containers.remove']({ id, force: false, volumes: false }, context())).rejects.toMatchObject({
      code: 'engine.conflict',
    });
    await handlers()['containers.remove']({ id, force: true, volumes: true }, context());
    await until('gone', () => row('engine-full') === undefined);
    await expect(handlers()['containers.start']({ id }, context())).rejects.toMatchObject({
      code: 'engine.notFound',
      params: { kind: 'container' },
    });
  });

  test("each of dockerd's refusals is a code with its fields", async () => {
    const id = await create('engine-first', { ports: [{ hostPort: 18182, containerPort: 80 }] });
    await expect(create('engine-first')).rejects.toMatchObject({
      code: 'engine.nameTaken',
      params: { name: 'engine-first', by: id.slice(0, 12) },
    });
    await expect(create('engine-nope', { image: 'berth-test/nope:1' })).rejects.toMatchObject({
      code: 'engine.notFound',
      params: { kind: 'image', id: 'berth-test/nope:1' },
    });
    await expect(create('engine-bad', { image: 'Bad::name' })).rejects.toMatchObject({
      code: 'engine.badReference',
      params: { reference: 'Bad::name' },
    });
    await expect(create('engine-lost', { command: ['nosuchcommand', 'x'] })).rejects.toMatchObject({
      code: 'engine.noCommand',
      params: { command: 'nosuchcommand', detail: expect.stringMatching(/^engine-lost: /) },
    });
    const oops = create('engine-oops', { command: ['sh', '-c', 'echo starting; echo cannot read /x >&2; exit 3'] });
    const told = await oops.then(
      () =>
        until('a notice', () => opened.notices.some((notice) => notice.code === 'engine.exitedAtOnce'), 60_000).then(() =>
          opened.notices.at(-1),
        ),
      (error: unknown) => error,
    );
    expect(told).toMatchObject({
      code: 'engine.exitedAtOnce',
      params: { name: 'engine-oops', exitCode: 3, detail: expect.stringContaining('cannot read /x') },
    });
    const taken = handlers()['images.remove']({ id: TEST_IMAGE, force: false }, context());
    await expect(Promise.resolve(taken)).rejects.toMatchObject({
      code: 'engine.imageInUse',
      params: { image: TEST_IMAGE, by: expect.stringMatching(/^[0-9a-f]{12}/) },
    });
  });

  test('what the docker command does is seen', async () => {
    const abort = new AbortController();
    let page = emptyState;
    const kinds: EngineChange['kind'][] = [];
    const mirror = (async () => {
      for await (const change of handlers()['engine.changes']({}, context(abort.signal))) {
        page = apply(page, change);
        kinds.push(change.kind);
      }
    })();
    const shown = (name: string) => [...page.containers.values()].find((each) => each.name === name);
    names.push('engine-cli');
    await box().docker(
      'run',
      '--detach',
      '--name',
      'engine-cli',
      '--health-cmd',
      'true',
      '--health-interval',
      '1s',
      TEST_IMAGE,
      'sleep',
      '1000',
    );
    await until('running', () => shown('engine-cli')?.state === 'running');
    await until('healthy', () => shown('engine-cli')?.health === 'healthy');
    await box().docker('pause', 'engine-cli');
    await until('paused', () => shown('engine-cli')?.state === 'paused');
    await box().docker('unpause', 'engine-cli');
    await box().docker('rename', 'engine-cli', 'engine-renamed');
    names.push('engine-renamed');
    await until('renamed', () => shown('engine-renamed')?.state === 'running');
    await box().docker('kill', 'engine-renamed');
    await until('killed', () => shown('engine-renamed')?.exitCode === 137);
    const image = [...page.images.values()].find((each) => each.tags.includes(TEST_IMAGE));
    expect(image?.usedBy).toContain(shown('engine-renamed')?.id);
    await box().docker('volume', 'create', 'engine-volume');
    const volumes = (await box().docker('volume', 'ls', '--quiet')).trim().split('\n').length;
    await until('the volume', () => page.counts.volumes === volumes);
    await box().docker('volume', 'rm', 'engine-volume');
    await box().docker('tag', TEST_IMAGE, 'berth-test/second:1');
    await until('the tag', () => [...page.images.values()].some((each) => each.tags.includes('berth-test/second:1')));
    await box().docker('rmi', 'berth-test/second:1');
    await until('the tag gone', () => ![...page.images.values()].some((each) => each.tags.includes('berth-test/second:1')));
    abort.abort();
    await mirror;
    expect(kinds[0]).toBe('snapshot');
    expect(kinds.slice(1).every((kind) => kind === 'delta')).toBe(true);
  });
});

describe('logs', () => {
  test('thousands of numbered lines on two streams are followed, none lost, none twice', async () => {
    const lines = everything ? 50_000 : 12_000;
    const id = await create('engine-logs', {
      command: ['sh', '-c', `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; done; echo done`],
    });
    const seen = { out: 0, err: 0 };
    let dropped = 0;
    let last = '';
    for await (const batch of handlers()['containers.logs']({ id, follow: true, tail: -1 }, context())) {
      dropped += batch.dropped;
      for (const [stream, time, text] of batch.lines) {
        expect(time.length).toBe(30);
        last = text;
        const [name, number] = text.split(' ');
        if (name === 'out' || name === 'err') {
          expect(stream).toBe(name === 'out' ? 'o' : 'e');
          expect(Number(number)).toBe((seen[name] += 1));
        }
      }
    }
    expect([seen, dropped]).toEqual([{ out: lines, err: lines }, 0]);
    expect(last).toMatch(/done|err/);
  });

  test('long lines are whole and free of stamps, with and without a terminal', async () => {
    // A line of one kind of character ends where dockerd tears it (json-file writes U+FFFD there); both must stay one line.
    const command = [
      'sh',
      '-c',
      'i=0; while [ $i -lt 5000 ]; do printf "0123456789abc"; i=$((i+1)); done; echo 日本; i=0; while [ $i -lt 5000 ]; do printf "日本語テキスト"; i=$((i+1)); done; echo end',
    ];
    for (const tty of [false, true]) {
      const name = `engine-long-${tty}`;
      const id = await create(name, { command, tty });
      await until('exited', () => row(name)?.state === 'exited');
      const batches: LogBatch[] = [];
      for await (const batch of handlers()['containers.logs']({ id, follow: false, tail: -1 }, context())) {
        batches.push(batch);
      }
      const [first, second, ...more] = batches.flatMap((batch) => batch.lines.map((line) => line[2]));
      expect(first === `${'0123456789abc'.repeat(5000)}日本`).toBe(true);
      expect(second?.replace(/[日本語テキスト\ufffd]+/, '')).toBe('end');
      expect(more).toEqual([]);
    }
  });
});

describe('a terminal', () => {
  test('size, Ctrl-C, exit code, missing shells; closing ends what ran in it', async () => {
    await create('engine-shell');
    const terminals = createTerminals({ openExec: opened.engine.openExec });
    const size = { cols: 91, rows: 33 };
    const { id, shell } = await terminals.handlers['terminal.open'](
      { kind: 'exec', container: 'engine-shell', shell: 'auto', user: '', ...size },
      context(),
    );
    // The first of bash, ash and sh that the test image has.
    expect(shell).toBe('ash');
    let text = '';
    const reading = (async () => {
      for await (const chunk of terminals.handlers['terminal.output']({ session: id }, context())) {
        text += Buffer.from(chunk).toString();
      }
    })();
    const type = (data: string) => terminals.handlers['terminal.input']({ session: id, data }, context());
    await type('stty size\r');
    await until('the first size', () => text.includes('33 91'));
    await terminals.handlers['terminal.resize']({ session: id, cols: 120, rows: 40 }, context());
    await type('stty size\r');
    await until('the new size', () => text.includes('40 120'));
    const running = async (): Promise<string> => (await box().docker('top', 'engine-shell')).trim();
    await type('sleep 1000\r');
    await until('it sleeps', async () => (await running()).includes('sleep 1000'));
    await type('\u0003');
    await type('echo after-$((40+2))\r');
    await until('Ctrl-C', () => text.includes('after-42'));
    await type('exit 7\r');
    await reading;
    expect(await terminals.handlers['terminal.list']({}, context())).toMatchObject([{ id, exitCode: 7 }]);
    await expect(
      terminals.handlers['terminal.open']({ kind: 'exec', container: 'engine-shell', shell: '/bin/zsh', user: '', ...size }, context()),
    ).rejects.toMatchObject({ code: 'engine.noCommand', params: { command: '/bin/zsh' } });
    await expect(
      terminals.handlers['terminal.open'](
        { kind: 'exec', container: 'engine-shell', shell: 'auto', user: 'nobody-here', ...size },
        context(),
      ),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^engine\./) });

    const stubborn = await terminals.handlers['terminal.open'](
      { kind: 'exec', container: 'engine-shell', shell: 'sh', user: '', ...size },
      context(),
    );
    await terminals.handlers['terminal.input']({ session: stubborn.id, data: 'trap "" INT; cat\r' }, context());
    await until('it runs', async () => (await running()).includes('cat'));
    await terminals.handlers['terminal.close']({ session: stubborn.id }, context());
    await until('it is gone', async () => (await running()).split('\n').length === 2);
    await terminals.dispose();
  });

  test('megabytes through a terminal are whole', async () => {
    const blocks = everything ? 320 : 80;
    await create('engine-flood');
    const terminals = createTerminals({ openExec: opened.engine.openExec });
    const { id } = await terminals.handlers['terminal.open'](
      { kind: 'exec', container: 'engine-flood', shell: 'sh', user: '', cols: 80, rows: 24 },
      context(),
    );
    let bytes = 0;
    let other = 0;
    const reading = (async () => {
      for await (const chunk of terminals.handlers['terminal.output']({ session: id }, context())) {
        for (const byte of chunk) {
          bytes += byte === 0x60 ? 1 : 0;
          other += byte === 0x60 ? 0 : 1;
        }
      }
    })();
    await terminals.handlers['terminal.input'](
      { session: id, data: `dd if=/dev/zero bs=64k count=${blocks} 2>/dev/null | tr '\\000' '\\140'; exit\r` },
      context(),
    );
    await reading;
    expect(bytes).toBe(blocks * 65_536);
    expect(other).toBeLessThan(1000);
    await terminals.dispose();
  });
});
