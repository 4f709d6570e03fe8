// Makes the socket that clients find: in a folder of the user's own, never over somebody else's, whatever the umask.
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { BerthError } from '../../preload/contract';
import { connectError } from '../lib/connects';
import type { Logger } from '../lib/logger';

/** sun_path with its closing zero; Node cuts a longer path without a word. */
const PATH_LIMIT = process.platform === 'darwin' ? 103 : 107;

/** On Windows `path` is a pipe (`\\.\pipe\…`): it has no folder and leaves nothing behind. */
export async function listenOnSocket(path: string, onConnection: (socket: Socket) => void, log: Logger): Promise<Server> {
  if (!isPipe(path)) {
    await prepareFolder(path);
    await removeStale(path, log);
  }
  // A client that has sent its last byte still waits for the answer.
  const server = createServer({ allowHalfOpen: true }, onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  }).catch((cause: unknown) => {
    throw (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
      ? new BerthError('engine.socketTaken', { path })
      : notWritable(path, cause);
  });
  if (!isPipe(path)) {
    await chmod(path, 0o600);
  }
  return server;
}

function isPipe(path: string): boolean {
  return path.startsWith('\\\\.\\pipe\\');
}

async function prepareFolder(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_LIMIT) {
    throw new BerthError('home.socketPathTooLong', { path, bytes, limit: PATH_LIMIT });
  }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // The folder is what keeps others out between bind and chmod.
    await chmod(dirname(path), 0o700);
  } catch (cause) {
    throw notWritable(dirname(path), cause);
  }
}

/** Only a refused connection proves that a socket is a dead one's: a file may belong to anybody. */
async function removeStale(path: string, log: Logger): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) {
    return;
  }
  if (found.isSocket() && (await connectError(path)) === 'ECONNREFUSED') {
    log.info('removed a stale socket', { path });
    await rm(path, { force: true });
    return;
  }
  throw new BerthError('engine.socketTaken', { path });
}

function notWritable(path: string, cause: unknown): BerthError {
  return new BerthError('home.notWritable', { path, reason: cause instanceof Error ? cause.message : String(cause) }, { cause });
}
