// How a command gets its backend: the one that runs, or exit 3, or one put into the background. session.ts knows how.
import type { RpcClient } from '../../preload/rpc/client';
import type { HomeFiles } from '../lib/home';
import { Exit, EXIT } from './output';
import type { Output } from './output';
import { findBackend, findOrSpawn } from './session';

export interface ReachDeps {
  readonly output: Output;
  readonly build: string;
  /** The bundle of a backend. */
  readonly headless: string;
  /** Creates the home where it is missing. */
  readonly prepareHome: () => Promise<HomeFiles>;
}

export interface Reach {
  /** The backend that runs; exit 3 where there is none. */
  readonly need: () => Promise<RpcClient>;
  /** As `need`, but one is put into the background where there is none. The engine is not started. */
  readonly needOrSpawn: () => Promise<RpcClient>;
}

export function createReach({ output, build, headless, prepareHome }: ReachDeps): Reach {
  const tell = (key: string): void => output.say(output.texts.text('cli', key));
  return {
    async need() {
      const client = await findBackend({ files: await prepareHome(), build });
      if (client === undefined) {
        tell('notRunning');
        throw new Exit(EXIT.notRunning);
      }
      return client;
    },
    async needOrSpawn() {
      return findOrSpawn({ files: await prepareHome(), build, headless, onSlow: () => tell('backendSlow') });
    },
  };
}
