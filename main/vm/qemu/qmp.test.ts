import { afterEach, expect, test, vi } from 'vitest';
import { createLineServer } from '../../../test/fakes/line-server';
import type { LineServer } from '../../../test/fakes/line-server';
import { connectQmp, dialQmp } from './qmp';
import type { QmpEvent } from './qmp';

const greeting = { QMP: { version: { qemu: { major: 10, minor: 0, micro: 0 } }, capabilities: ['oob'] } };
let server: LineServer | undefined;
afterEach(() => server?.close());

function answer(message: Record<string, unknown>): object | undefined {
  const { execute, id } = message;
  switch (execute) {
    case 'silence':
      return undefined;
    case 'bad':
      return { error: { class: 'GenericError', desc: 'no such thing' }, id };
    default:
      return { return: { ran: execute, with: message['arguments'] }, id };
  }
}

test('negotiates, then commands and their answers, several at once', async () => {
  server = await createLineServer({ greeting, answer });
  const qmp = await connectQmp(server.path, () => undefined, 5000);
  expect(server.received[0]).toMatchObject({ execute: 'qmp_capabilities' });
  const [first, second] = await Promise.all([qmp.execute('query-status'), qmp.execute('cont', { a: 1 })]);
  expect([first, second]).toEqual([
    { ran: 'query-status', with: {} },
    { ran: 'cont', with: { a: 1 } },
  ]);
  await expect(qmp.execute('bad')).rejects.toThrow('no such thing');
  await expect(qmp.execute('silence', {}, 50)).rejects.toThrow(/did not answer silence within 50 ms/);
  qmp.close();
});

test('events come as they are, in pieces too, and rubbish between them does no harm', async () => {
  server = await createLineServer({ greeting, answer });
  const events: QmpEvent[] = [];
  const qmp = await connectQmp(server.path, (event) => events.push(event), 5000);
  server.send('{"event":"STO');
  server.send('P"}\nnot json\n[]\n{"event":"SHUTDOWN","data":{"reason":"guest-panic"}}\n');
  await vi.waitFor(() =>
    expect(events).toEqual([
      { event: 'STOP', data: {} },
      { event: 'SHUTDOWN', data: { reason: 'guest-panic' } },
    ]),
  );
  qmp.close();
});

test('a socket that closes fails what waits, and says so', async () => {
  server = await createLineServer({ greeting, answer });
  const qmp = await connectQmp(server.path, () => undefined, 5000);
  const waiting = expect(qmp.execute('silence')).rejects.toThrow('closed');
  server.drop();
  await waiting;
  await qmp.closed;
  await expect(qmp.execute('cont')).rejects.toThrow('closed');
});

test('one that never greets is given up; one that comes late is found', async () => {
  server = await createLineServer({ answer });
  await expect(connectQmp(server.path, () => undefined, 100)).rejects.toThrow(/greet|closed/);
  await expect(dialQmp(`${server.path}-none`, () => undefined, AbortSignal.timeout(100))).rejects.toThrow(/ENOENT|timeout/);
});
