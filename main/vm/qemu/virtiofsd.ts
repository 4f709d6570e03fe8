// The servers of shares: one virtiofsd for each shared folder, with its keeper, started as QEMU is, written down so that the next backend finds it again.
// Knows processes, sockets and records; nothing of QMP or of the guest.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { BerthError } from '../../../preload/contract/errors';
import { retryUntil, settledWithin } from '../../lib/async';
import { hasCode, readJsonOr, writeJson } from '../../lib/atomic-file';
import type { HomeFiles } from '../../lib/home';
import type { Logger } from '../../lib/logger';
import { hasOrphans, identify, isSameProcess } from '../../lib/process';
import type { ShareSpec } from '../driver';
import { forQemu } from './files';
import { logSize, textSince } from './launch';
import { lastLine } from './verdicts';

const run = promisify(execFile);
const READY_MS = 10_000;

const recordSchema = z.object({
  format: z.literal(1),
  pid: z.number(),
  startTime: z.string(),
  bootId: z.string(),
  tag: z.string(),
  folder: z.string(),
  readOnly: z.boolean(),
  slot: z.number(),
});
type ServerRecord = z.output<typeof recordSchema>;

export interface ShareServer {
  readonly spec: ShareSpec;
  readonly slot: number;
  /** As QEMU names it. */
  readonly socket: string;
  /** Its last words, when it is gone. */
  readonly gone: Promise<string>;
  openFiles(): Promise<number>;
  /** Whether what the guest asks is answered: by it or, when it is gone, by one of its two keepers with errors. */
  answers(): Promise<boolean>;
  /** Ends it and takes its files away. */
  stop(): Promise<void>;
}

export interface ShareServers {
  /** Resolves when it listens. `served`, read-only, in place of the folder, which is not there. */
  start(spec: ShareSpec, slot: number, served?: string): Promise<ShareServer>;
  /** Those of an earlier backend, also where nobody answers any more: it is a device all the same, whose folder hangs. */
  adopt(): Promise<readonly ShareServer[]>;
  /** QEMU is gone, and with it whoever it talked to: what is left of all of them is taken away. */
  clear(): Promise<void>;
}

export interface ShareServersDeps {
  readonly files: HomeFiles;
  /** Stands between QEMU and each server (vm/bundle/share-keeper.c). */
  readonly keeper: string;
  readonly command: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** The hard limit of open files: a server holds one for each file that the guest knows. */
  fileLimit(): Promise<number>;
}

/** With fewer, files are not opened for being listed: one large folder would take all of them before the guest forgets any. */
const FILES_TO_LIST = 65_536;

/** Runs with the rights of the user who runs Berth; how the owners that containers set are kept is vm/AGREEMENT.md's, virtiofsd. */
export function virtiofsdArgs(spec: ShareSpec, fileLimit: number, root: boolean): string[] {
  const unsupported = [':unsupported:all:security.:security.:', ':unsupported:all:trusted.:trusted.:'];
  return [
    ...['--shared-dir', spec.folder, '--sandbox', 'none', '--cache', 'auto'],
    ...['--xattr', '--killpriv-v2', '--xattrmap'],
    [':bad:all:user.berth.:user.berth.:', ...(root ? [] : unsupported), ':ok:all:::'].join(' '),
    // What a container has open of a file that is gone when the VM goes on gives errors, and the rest works.
    ...['--migration-on-error', 'guest-error'],
    ...['--log-level', 'warn', '--rlimit-nofile', String(fileLimit)],
    ...(fileLimit < FILES_TO_LIST ? ['--no-readdirplus'] : []),
    ...(spec.readOnly ? ['--readonly'] : []),
  ];
}

export function createShareServers({ files, keeper, command, environment, log, ...deps }: ShareServersDeps): ShareServers {
  const recordOf = (tag: string): string => join(files.state.shares, `${tag}.json`);
  const socketOf = (tag: string): string => join(files.run.folder, `fs-${tag}.sock`);
  /** A pipe that only the server holds open for writing: its end is the server's, for a backend too whose child it is not. */
  const lifeOf = (tag: string): string => join(files.run.folder, `fs-${tag}.life`);

  /** What the library of owners keeps of a folder from one server to the next. */
  const ownersOf = (folder: string): string =>
    join(files.state.shares, `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.owners`);

  const drop = async (tag: string): Promise<void> => {
    await Promise.all([socketOf(tag), lifeOf(tag), recordOf(tag)].map((path) => rm(path, { force: true })));
  };
  const wordsSince = async (offset: number, how: string): Promise<string> => lastLine(await textSince(files.logs.shares, offset)) || how;
  const end = async (record: ServerRecord): Promise<void> => {
    if (await isSameProcess(record)) {
      try {
        process.kill(record.pid, 'SIGKILL');
      } catch {
        // It ended by itself in between: its device was unplugged.
      }
    }
  };
  const serverOf = (record: ServerRecord, gone: Promise<string>): ShareServer => ({
    spec: { tag: record.tag, folder: record.folder, readOnly: record.readOnly },
    slot: record.slot,
    socket: forQemu(files, socketOf(record.tag)),
    gone,
    openFiles: async () => (await readdir(`/proc/${await serverPid(record)}/fd`)).length,
    answers: () => isAnswered(record),
    async stop() {
      await end(record);
      // It takes its server along.
      await settledWithin(gone, 5000);
      await drop(record.tag);
    },
  });

  async function start(spec: ShareSpec, slot: number, served = spec.folder): Promise<ShareServer> {
    const { tag } = spec;
    const socket = socketOf(tag);
    await mkdir(files.state.shares, { recursive: true, mode: 0o700 });
    await drop(tag);
    await run('mkfifo', ['-m', '600', lifeOf(tag)]);
    const [limit, offset] = await Promise.all([deps.fileLimit(), logSize(files.logs.shares)]);
    const logFile = openSync(files.logs.shares, 'a', 0o600);
    const life = openSync(lifeOf(tag), constants.O_RDWR);
    const mask = process.umask(0o177);
    let child: ChildProcess;
    try {
      const readOnly = spec.readOnly || served !== spec.folder;
      const args = virtiofsdArgs({ ...spec, folder: served, readOnly }, limit, process.getuid?.() === 0);
      child = spawn(keeper, [forQemu(files, socket), command, ...args], {
        cwd: files.root,
        detached: true,
        env: { ...environment, BERTH_OWNERS: ownersOf(spec.folder) },
        stdio: ['ignore', logFile, logFile, life],
      });
      child.unref();
    } finally {
      process.umask(mask);
      closeSync(logFile);
      closeSync(life);
    }
    const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message)));
    const gone = Promise.race([failed, endOfPipe(lifeOf(tag))]).then((how) => wordsSince(offset, how));
    const { pid } = child;
    const identity = pid === undefined ? undefined : await identify(pid);
    if (identity === undefined) {
      await drop(tag);
      throw new BerthError('shares.mountFailed', { path: spec.folder, detail: await gone });
    }
    const record: ServerRecord = { format: 1, ...identity, ...spec, slot };
    await writeJson(recordOf(tag), record);
    const server = serverOf(record, gone);
    const early = new AbortController();
    void gone.then(() => early.abort());
    try {
      // The keeper makes its socket when the server has answered it, and says so nowhere else.
      await retryUntil(() => stat(socket), 10, AbortSignal.any([early.signal, AbortSignal.timeout(READY_MS)]));
      return server;
    } catch {
      await server.stop();
      throw new BerthError('shares.mountFailed', { path: spec.folder, detail: await gone });
    }
  }

  const records = async (): Promise<readonly ServerRecord[]> => {
    const names = (await readdir(files.state.shares).catch((): string[] => [])).filter((name) => name.endsWith('.json'));
    const read = names.map((name) => readJsonOr(join(files.state.shares, name), (value) => recordSchema.parse(value), undefined));
    return (await Promise.all(read)).filter((record) => record !== undefined);
  };

  return {
    start,
    async adopt() {
      const servers: ShareServer[] = [];
      for (const record of await records()) {
        const offset = await logSize(files.logs.shares);
        const gone = endOfPipe(lifeOf(record.tag)).then((how) => wordsSince(offset, how));
        servers.push(serverOf(record, gone));
        if (!(await isAnswered(record))) {
          log.warn('the server of a share is gone, and its keeper', { folder: record.folder });
        }
      }
      return servers;
    },
    async clear() {
      for (const record of await records()) {
        await end(record);
        await drop(record.tag);
      }
    },
  };
}

/** The first keeper leads a group, to which the second one belongs. */
async function isAnswered(record: ServerRecord): Promise<boolean> {
  return (await isSameProcess(record)) || (await hasOrphans(record));
}

/** virtiofsd is its keeper's first child; the other is the second keeper. */
async function serverPid({ pid }: ServerRecord): Promise<string> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ')[0] ?? '';
}

/** Resolves when the last writer of the pipe has closed it. */
function endOfPipe(path: string): Promise<string> {
  return new Promise((resolve) => {
    const done = (): void => resolve('');
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      if (isWithoutWriter(fd)) {
        closeSync(fd);
        done();
        return;
      }
      const pipe = new Socket({ fd, readable: true, writable: false });
      pipe.unref();
      pipe.on('error', done).on('close', done).resume();
    } catch {
      done();
    }
  });
}

/** Of a writer that was gone before the pipe was opened here, the kernel tells nobody who waits. */
function isWithoutWriter(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) === 0;
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) {
      return false;
    }
    throw error;
  }
}

/** The hard limit of open files, which is the one that a server may raise its own to. */
export async function openFileLimit(): Promise<number> {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
  const limit = Number(line?.[1] ?? 0);
  return Number.isInteger(limit) ? limit : 2 ** 30;
}
