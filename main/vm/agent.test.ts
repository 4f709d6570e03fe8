import { afterEach, expect, test, vi } from 'vitest';
import { createLineServer } from '../../test/fakes/line-server';
import type { LineServer } from '../../test/fakes/line-server';
import { dialAgent } from './agent';
import type { AgentClient, AgentEvent } from './agent';

let server: LineServer | undefined;
afterEach(() => server?.close());

async function connect(
  answer: (message: Record<string, unknown>) => object | undefined,
): Promise<{ agent: AgentClient; events: AgentEvent[]; server: LineServer }> {
  server = await createLineServer({ answer });
  const events: AgentEvent[] = [];
  const agent = await dialAgent(server.path, (event) => events.push(event), AbortSignal.timeout(5000));
  return { agent, events, server };
}

test('operations and their answers, in any order', async () => {
  const { agent, server: s } = await connect(({ id, op }) => (op === 'memory' ? undefined : { id, ok: true, driftMs: 5 }));
  const slow = agent.call('memory', {});
  expect(await agent.call('clock', { epochMs: 1 })).toEqual({ driftMs: 5 });
  expect(s.received[1]).toMatchObject({ op: 'clock', epochMs: 1 });
  s.send({ id: s.received[0]?.['id'], ok: true, totalBytes: 7 });
  expect(await slow).toEqual({ totalBytes: 7 });
});

test('refusals and silence are errors with their words', async () => {
  const { agent } = await connect(({ id, op }) => (op === 'trim' ? { id, ok: false, error: 'no data disk' } : undefined));
  await expect(agent.call('trim', {})).rejects.toThrow('no data disk');
  await expect(agent.call('sync', {}, { timeoutMs: 50 })).rejects.toThrow(/did not answer sync/);
});

test('events as they are; what is not ours, half a line and an unknown event do no harm', async () => {
  const { events, server: s } = await connect(() => undefined);
  await s.connected();
  s.send('e","name":"half"}\n{"event":"unheard of"}\n{"event":"phase","name":"data","at":1.5}\n');
  s.send({ event: 'failed', phase: 'data', code: 'wrongUuid', detail: 'x' });
  s.send({ event: 'service', name: 'dockerd', state: 'exited', pid: 3, status: 'signal 9', restartInMs: 500 });
  await vi.waitFor(() => expect(events.map(({ event }) => event)).toEqual(['phase', 'failed', 'service']));
});

test('a guest that goes fails what waits', async () => {
  const { agent, server: s } = await connect(() => undefined);
  const waiting = expect(agent.call('sync', {})).rejects.toThrow('gone');
  await vi.waitFor(() => expect(s.received).toHaveLength(1));
  s.drop();
  await waiting;
});

test('an answer meant for an earlier backend fits no question of this one', async () => {
  const ids: unknown[] = [];
  for (let index = 0; index < 2; index += 1) {
    const { agent, server: s } = await connect(({ id }) => ({ id, ok: true }));
    await agent.call('sync', {});
    ids.push(s.received[0]?.['id']);
    agent.close();
    await s.close();
  }
  expect(ids[0]).not.toBe(ids[1]);
});
