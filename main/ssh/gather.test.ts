import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { gatherWrites } from './gather';

test('what is written within one turn leaves in one write, in order', async () => {
  let received = '';
  const server = createServer((socket) => socket.on('data', (bytes) => (received += bytes.toString())));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  gatherWrites(socket);
  const gathered: number[] = [];
  const writev = socket._writev?.bind(socket);
  socket._writev = (chunks, callback) => {
    gathered.push(chunks.length);
    writev?.(chunks, callback);
  };
  for (const piece of ['len', 'data', 'tag']) {
    socket.write(piece);
  }
  await new Promise(setImmediate);
  socket.end('later');
  await once(socket, 'close');
  expect(gathered).toEqual([3]);
  expect(received).toBe('lendatataglater');
  server.close();
});
