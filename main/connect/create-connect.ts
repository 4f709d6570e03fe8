// Everything by which tools of this computer find the engine, and the window's calls on it. The command line uses the parts in its own process,
// because DOCKER_HOST and DOCKER_CONFIG are its terminal's; both watch what they share, the files.
import { dirname } from 'node:path';
import type { BackendHandlers, BerthError, ConnectState } from '../../preload/contract';
import { isBerthError } from '../../preload/contract';
import { asError, sleep } from '../lib/async';
import { connectError } from '../lib/connects';
import type { Environment } from '../lib/docker-cli-config';
import type { Logger } from '../lib/logger';
import { createObservable, follow } from '../lib/observable';
import { watchNames } from '../lib/watch-names';
import { createDockerContext } from './context';
import type { DockerContext } from './context';
import { envOfAllShells, findInPath } from './env';
import { createConnectMemory } from './memory';
import { createSystemSocket } from './system-socket';
import type { SystemSocket } from './system-socket';

export interface ConnectDeps {
  readonly dockerHost: string;
  /** Berth's own socket. */
  readonly socket: string;
  /** What was changed outside of the home. */
  readonly memoryPath: string;
  /** Of the bundled docker CLI. */
  readonly dockerCliFolder: string;
  /** A temporary folder stands for /var/run in tests. */
  readonly systemSocket: string | undefined;
  readonly env?: Environment;
  readonly log: Logger;
}

export interface Connect {
  readonly context: DockerContext;
  readonly socket: SystemSocket;
  get(): Promise<ConnectState>;
}

export type ConnectHandlers = Pick<
  BackendHandlers,
  | 'connect.changes'
  | 'connect.look'
  | 'connect.createContext'
  | 'connect.selectContext'
  | 'connect.removeContext'
  | 'connect.takeSocket'
  | 'connect.releaseSocket'
>;

/** Editors write a file in several steps. */
const SETTLE_MS = 100;
/** Of the CLI's folder and of /var/run. */
const NAMES = /^(?:config\.json|contexts|docker\.sock.*)$/;

export function createConnect({
  dockerHost,
  socket: own,
  memoryPath,
  dockerCliFolder,
  systemSocket,
  env = process.env,
  log,
}: ConnectDeps): Connect {
  const memory = createConnectMemory(memoryPath);
  const context = createDockerContext({ dockerHost, memory, env, isServed, log });
  const socket = createSystemSocket({ path: systemSocket, own, memory, log });
  const folder = findInPath('docker', env['PATH']) === undefined ? dockerCliFolder : undefined;
  return {
    context,
    socket,
    get: async () => ({
      dockerHost,
      context: await context.get(),
      socket: await socket.get(),
      env: envOfAllShells({ dockerHost, dockerCliFolder: folder }),
    }),
  };
}

/** At a start of a backend. */
export async function keepConnected({ context, socket }: Connect, notify: (error: BerthError) => void, log: Logger): Promise<void> {
  for (const keep of [() => context.keep(), () => socket.keep()]) {
    await keep().catch((error: unknown) => {
      if (isBerthError(error)) {
        notify(error);
      } else {
        log.warn('not kept', { error: asError(error).message });
      }
    });
  }
}

export function connectHandlers(own: Connect, systemSocket: string | undefined): ConnectHandlers {
  const { context, socket } = own;
  /** Counts up; what is there is read when somebody looks. */
  const changed = createObservable(0);
  const tellChange = (): void => changed.set(changed.get() + 1);
  const after = async <T>(work: Promise<void>, state: () => Promise<T>): Promise<T> => {
    // What failed half-way is shown as it is, too.
    await work.finally(tellChange);
    return state();
  };
  return {
    async *'connect.changes'(_input, { signal }) {
      const folders = [context.folder, ...(systemSocket === undefined ? [] : [dirname(systemSocket)])];
      // One that is not there yet: the next look finds what is in it.
      const stops = folders.map((folder) => watchNames(folder, (name) => NAMES.test(name), tellChange));
      let isFirst = true;
      try {
        for await (const _ of follow(changed, signal)) {
          if (!isFirst) {
            await sleep(SETTLE_MS);
          }
          isFirst = false;
          yield await own.get();
        }
      } finally {
        stops.forEach((stop) => stop?.());
      }
    },
    'connect.look': () => after(Promise.resolve(), () => own.get()),
    'connect.createContext': () => after(context.create(), () => context.get()),
    'connect.selectContext': ({ selected }) => after(context.select(selected), () => context.get()),
    'connect.removeContext': () => after(context.remove(), () => context.get()),
    'connect.takeSocket': () => after(socket.take(), () => socket.get()),
    'connect.releaseSocket': () => after(socket.release(), () => socket.get()),
  };
}

/** Whether somebody listens at an address of another Berth; one that is no socket of this computer is somebody's all the same. */
async function isServed(host: string): Promise<boolean> {
  return !host.startsWith('unix://') || (await connectError(host.slice('unix://'.length))) === undefined;
}
