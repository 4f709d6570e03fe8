import { afterEach, expect, test } from 'vitest';
import { answerEach, createRawEngine, type RawEngine } from '../../test/fakes/raw-engine';
import { setUp } from '../../test/fakes/engine-socket';
import { createEngineHttp, pingSocket } from './engine-http';

let engine: RawEngine;
afterEach(() => engine.dispose());

const answer = (status: string, body: string) =>
  answerEach(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

test('an inspect goes through the dialer, its id escaped', async () => {
  engine = await createRawEngine(answer('200 OK', '{"Id":"abc"}'));
  expect(await createEngineHttp(engine.dialer).inspectContainer('a/b')).toEqual({ Id: 'abc' });
  expect(engine.lanes).toEqual(['api']);
});

test('404 is no container; other refusals carry the engine’s words; 503 and a lost connection are an engine that is away', async () => {
  engine = await createRawEngine(answer('404 Not Found', '{"message":"No such container"}'));
  expect(await createEngineHttp(engine.dialer).inspectContainer('x')).toBeUndefined();
  await engine.dispose();
  engine = await createRawEngine(answer('500 Internal Server Error', '{"message":"words"}'));
  await expect(createEngineHttp(engine.dialer).inspectContainer('x')).rejects.toMatchObject({
    code: 'engine.failed',
    params: { status: 500, detail: 'words' },
  });
  await engine.dispose();
  engine = await createRawEngine((connection) => connection.socket.destroy());
  await expect(createEngineHttp(engine.dialer).inspectContainer('x')).rejects.toMatchObject({ code: 'engine.away' });
  await engine.dispose();
  await expect(createEngineHttp(engine.dialer).inspectContainer('x')).rejects.toMatchObject({ code: 'engine.away' });
});

test('the ping goes through the host’s socket and reads the versions', async () => {
  const head = 'HTTP/1.1 200 OK\r\nServer: Docker/28.5.2+dfsg4 (linux)\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK';
  const setup = await setUp(answerEach(head));
  engine = setup.engine;
  expect(await pingSocket(setup.path)).toEqual({ version: '28.5.2+dfsg4', apiVersion: '1.51' });
  await setup.dispose();
  await expect(pingSocket(setup.path)).rejects.toMatchObject({ code: 'engine.away' });
});
