// Clients' pulls are read along: what passes is not changed, not held back, and not always JSON.
import { afterEach, expect, test } from 'vitest';
import type { PullGuard } from '../lib/pull-guard';
import { setUp, type Setup } from '../../test/fakes/engine-socket';
import { answerEach } from '../../test/fakes/raw-engine';

let setup: Setup;
afterEach(() => setup.dispose());

interface Seen {
  readonly reference: string;
  readonly lines: unknown[];
  ended: 'no' | 'pulled' | 'failed';
}

function recorder(): { readonly seen: Seen[]; readonly watch: PullGuard['watch'] } {
  const seen: Seen[] = [];
  return {
    seen,
    watch(reference) {
      const entry: Seen = { reference, lines: [], ended: 'no' };
      seen.push(entry);
      return {
        line: (line) => entry.lines.push(line),
        end(error) {
          entry.ended = error === undefined ? 'pulled' : 'failed';
          return Promise.resolve(undefined);
        },
      };
    },
  };
}

const pull = (query: string): string => `POST /v1.51/images/create?${query} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n`;

test('a pull is watched line by line, across chunks, byte for byte the same', async () => {
  const pulls = recorder();
  const lines =
    '{"status":"Pulling from library/nginx","id":"1.29"}\r\nnot json\r\n{"status":"Downloading","id":"a","progressDetail":{"current":1}}\r\n';
  const chunks = [lines.slice(0, 30), lines.slice(30, 70), lines.slice(70)]
    .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
    .join('');
  const answer = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
  setup = await setUp(answerEach(answer), { pulls });
  const one = await setup.client();
  one.send(pull('fromImage=docker.io%2Flibrary%2Fnginx&tag=1.29'));
  await one.until('0\r\n\r\n');
  expect(one.received()).toBe(answer);
  await expect.poll(() => pulls.seen[0]?.ended).toBe('pulled');
  expect(pulls.seen).toEqual([
    {
      reference: 'docker.io/library/nginx:1.29',
      lines: [
        { status: 'Pulling from library/nginx', id: '1.29' },
        { status: 'Downloading', id: 'a', progressDetail: { current: 1 } },
      ],
      ended: 'pulled',
    },
  ]);
});

test.each([
  ['fromImage=nginx', 'nginx'],
  ['fromImage=nginx&tag=sha256:0123', 'nginx@sha256:0123'],
  ['fromImage=ghcr.io/a/b&tag=1&platform=linux%2Famd64', 'ghcr.io/a/b:1'],
])('%s is %s', async (query, reference) => {
  const pulls = recorder();
  setup = await setUp(answerEach('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}'), { pulls });
  const one = await setup.client();
  one.send(pull(query));
  await one.until('{}');
  await expect.poll(() => pulls.seen).toEqual([{ reference, lines: [], ended: 'failed' }]);
});

test('an import is no pull, and a client that leaves ends its watch', async () => {
  const pulls = recorder();
  setup = await setUp(
    async (connection) => {
      await connection.until('\r\n\r\n');
      connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    },
    { pulls },
  );
  const importer = await setup.client();
  importer.send(pull('fromSrc=-&repo=x'));
  await importer.until('\r\n\r\n');
  const one = await setup.client();
  one.send(pull('fromImage=nginx&tag=1'));
  await one.until('\r\n\r\n');
  expect(pulls.seen.map(({ reference, ended }) => [reference, ended])).toEqual([['nginx:1', 'no']]);
  one.end();
  await setup.engine.connections[1]?.ended;
  setup.engine.connections[1]?.socket.destroy();
  await expect.poll(() => pulls.seen[0]?.ended).toBe('failed');
});
