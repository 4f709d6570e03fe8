import { expect, test } from 'vitest';
import { deferred } from '../lib/async';
import { silentLogger } from '../lib/logger';
import type { Agent } from './agent';
import { createEngineLife } from './engine-life';
import type { ServiceEvent } from './engine-life';

function setUp(better?: string) {
  const said: string[] = [];
  const disposing = new AbortController();
  const engine = { answers: true, asked: 0 };
  const vm: { running: object; busy?: Promise<void> } = { running: {} };
  const agent: Agent = {
    call: async (op: string, request: Record<string, unknown>) => {
      if (op !== 'tail') {
        said.push(
          op === 'config' ? `config ${String(request['action'])} ${String(request['daemonJson'])}` : `${op} ${String(request['service'])}`,
        );
      }
      await vm.busy;
      engine.answers ||= op === 'config';
      return op === 'tail' ? { lines: request['service'] === 'kernel' ? [] : ['a', 'failed to start daemon: b'] } : {};
    },
  };
  const life = createEngineLife({
    log: silentLogger,
    agent: () => agent,
    incarnation: () => vm.running,
    ping() {
      engine.asked += 1;
      return engine.answers ? Promise.resolve({ version: '1', apiVersion: '1' }) : Promise.reject(new Error('no'));
    },
    notify: (error) => said.push([error.code, ...Object.values(error.params)].join(' ')),
    recover(words) {
      said.push(`recover ${words.split('\n').at(-1)}`);
      return Promise.resolve(better);
    },
    changed: () => undefined,
    disposing: disposing.signal,
  });
  life.reset({ version: '1', apiVersion: '1' });
  const event = (state: ServiceEvent['state'], status = '', name = 'dockerd', restartInMs = 100): void =>
    life.onService({
      event: 'service',
      name,
      state,
      pid: 1,
      status,
      ...(restartInMs < 0 ? { gaveUp: true } : { restartInMs, gaveUp: false }),
    });
  return { life, said, engine, vm, event, end: () => disposing.abort(new Error('over')) };
}

const never = new AbortController().signal;
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

test('an end that nobody expected is said, and the engine is known again when it answers', async () => {
  const { life, said, engine, event } = setUp();
  engine.answers = false;
  event('exited', 'signal 9');
  expect([life.version(), life.error()?.params]).toEqual([undefined, { service: 'dockerd', status: 'signal 9', detail: 'signal 9' }]);
  await soon();
  expect(said).toEqual(['engine.exited dockerd signal 9 failed to start daemon: b']);
  expect([life.version(), life.error()?.code]).toEqual([undefined, 'engine.exited']);
  engine.answers = true;
  event('running');
  await soon();
  expect([life.version()?.version, life.error()]).toEqual(['1', undefined]);
});

test('an end that is expected raises no alarm; one that is still there afterwards does', async () => {
  const { life, said, engine, event, end } = setUp();
  const over = life.control.expectExits();
  event('exited', 'exit 0');
  await life.control.configure('{}', 'restart');
  await life.control.answers(never);
  over();
  expect(said).toEqual(['config restart {}']);

  const again = life.control.expectExits();
  await life.control.configure('{}', 'restart');
  engine.answers = false;
  event('exited', 'exit 1');
  again();
  again();
  await soon();
  expect(said.slice(2)).toEqual(['engine.exited dockerd exit 1 failed to start daemon: b']);
  end();
});

test('who waits learns at once that dockerd gave up; a kill is waited out once', async () => {
  const { life, engine, event } = setUp();
  life.control.expectExits();
  await life.control.configure('{}', 'restart');
  engine.answers = false;
  const waits = life.control.answers(never);
  event('exited', 'exit 1');
  await expect(waits).rejects.toMatchObject({ code: 'engine.exited', params: { status: 'exit 1' } });

  await life.control.configure('{}', 'restart');
  engine.answers = false;
  const killed = life.control.answers(never);
  event('exited', 'signal 9');
  engine.answers = true;
  await killed;

  await life.control.configure('{}', 'restart');
  engine.answers = false;
  const twice = life.control.answers(never);
  event('exited', 'signal 9');
  event('exited', 'signal 9');
  await expect(twice).rejects.toMatchObject({ code: 'engine.exited' });
});

test('orders go one after the other, and what one of them ends fails nobody who waits', async () => {
  const { life, said, engine, vm, event } = setUp();
  engine.answers = false;
  const over = life.control.expectExits();
  const waits = life.control.answers(never);
  const busy = deferred<void>();
  vm.busy = busy.promise;
  const restarted = life.restart();
  const configured = life.control.configure('{}', 'restart');
  await soon();
  event('exited', 'exit 0');
  event('running');
  expect(said).toEqual(['restart dockerd']);
  busy.resolve();
  await Promise.all([restarted, configured, waits]);
  expect(said).toEqual(['restart dockerd', 'config restart {}']);
  over();
});

test('another VM is another engine', async () => {
  const { life, engine, vm } = setUp();
  engine.answers = false;
  const waits = life.control.answers(never);
  vm.running = {};
  await expect(waits).rejects.toMatchObject({ code: 'engine.away' });
});

test('two ends in a row: the last good configuration is tried, if there is one', async () => {
  const good = setUp('{"good":true}');
  good.engine.answers = false;
  good.event('exited', 'exit 1');
  good.event('running');
  good.event('exited', 'exit 1');
  await soon();
  expect(good.said).toContain('config restart {"good":true}');
  expect(good.said).toContain('recover failed to start daemon: b');
  expect(good.life.version()?.version).toBe('1');

  const none = setUp();
  none.engine.answers = false;
  none.event('exited', 'exit 1');
  none.event('exited', 'exit 1');
  await soon();
  expect(none.said.filter((line) => line.startsWith('config'))).toEqual([]);
  expect(none.life.error()?.code).toBe('engine.exited');
  none.end();
});

test('an end of containerd that takes dockerd along is one message', async () => {
  const { said, engine, event } = setUp();
  engine.answers = false;
  event('exited', 'signal 9', 'containerd');
  event('exited', 'exit 1');
  await soon();
  expect(said).toEqual(['engine.exited containerd signal 9 failed to start daemon: b']);
});

test('one that is not started again is said so, stays the state, and is started by who restarts the engine', async () => {
  const { life, said, engine, event } = setUp();
  event('exited', 'signal 11', 'containerd', -1);
  await soon();
  expect(said).toEqual(['engine.gaveUp containerd 4 10 failed to start daemon: b']);
  expect([life.version()?.version, life.error()?.code]).toEqual(['1', 'engine.gaveUp']);
  engine.answers = true;
  const restarted = life.restart();
  event('running', '', 'containerd');
  await restarted;
  expect(said.slice(1)).toEqual(['restart containerd', 'restart dockerd']);
  expect(life.error()).toBeUndefined();
});

test('the guest’s resolver comes back unsaid, unless it does not', async () => {
  const { said, event } = setUp();
  event('exited', 'signal 9', 'dns');
  await soon();
  expect(said).toEqual([]);
  event('exited', 'signal 9', 'dns', -1);
  await soon();
  expect(said).toEqual(['engine.gaveUp dns 4 10 failed to start daemon: b']);
});

test('ends of a guest that shuts down are nobody’s message', async () => {
  const { life, said } = setUp();
  life.onService({ event: 'service', name: 'dockerd', state: 'exited', pid: 1, status: 'exit 0', gaveUp: false });
  life.onService({ event: 'service', name: 'containerd', state: 'exited', pid: 2, status: 'exit 0', gaveUp: false });
  await soon();
  expect([said, life.error()]).toEqual([[], undefined]);
});

test('whoever waits for an engine that the guest has given up on is told at once, and an order of ours begins anew', async () => {
  const { life, engine, event } = setUp();
  engine.answers = false;
  const release = life.control.expectExits();
  const waits = expect(life.control.answers(never)).rejects.toMatchObject({ code: 'engine.exited' });
  event('exited', 'signal 9', 'dockerd', -1);
  await waits;
  await life.control.configure('{}', 'restart');
  await life.control.answers(never);
  release();
});
