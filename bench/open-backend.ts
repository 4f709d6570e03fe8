// The whole backend as app.ts composes it, in this process, with a client over the real protocol: what a window has, without the window.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createBackend, type Backend } from '../main/app';
import { prepareHome } from '../main/control/home';
import type { HomeFiles } from '../main/lib/home';
import { createLog } from '../main/lib/log';
import type { Resources } from '../main/vm/resources';
import type { Client, Task } from '../preload/contract';
import { createClient } from '../preload/rpc/client';
import { serve } from '../preload/rpc/server';
import { createTransportPair } from '../test/fakes/transport-pair';
import { openVm } from '../test/vm/open-vm';

export interface OpenBackend {
  readonly backend: Backend;
  readonly client: Client;
  readonly files: HomeFiles;
  readonly dockerHost: string;
  readonly resources: Resources;
  /** The task as it ended; throws where it failed. */
  finish(task: string): Promise<Task>;
  close(options: { readonly keepVm: boolean }): Promise<void>;
}

/** Adopts the VM of the home, or starts one. */
export async function openBackend(home: string, resources: Resources): Promise<OpenBackend> {
  // The docker context of a home goes there, not to the user's own.
  process.env['DOCKER_CONFIG'] = join(home, 'docker');
  const files = await prepareHome(home);
  const log = createLog(files.logs.berth, { level: 'debug' });
  const features = { hostTerminal: false, tray: false };
  const backend = await createBackend({
    ...{ files, resources, log, features, version: 'bench', build: 'bench', owner: 'headless', locale: 'en' },
  });
  const pair = createTransportPair();
  serve(pair.server, { build: 'bench', accept: () => backend.handlersFor({ kind: 'cli', features }) });
  const client = createClient(pair.client, { build: 'bench', client: 'cli' });
  await client.ready;
  if (!(await backend.adopted)) {
    await client.call('vm.start', {}).catch(async (error: unknown) => {
      // Or its socket and its VM would hide what went wrong from whoever cleans up.
      await backend.dispose({ keepVm: false });
      throw error;
    });
  }
  return {
    ...{ backend, client, files, resources, dockerHost: `unix://${files.run.docker}` },
    async finish(id) {
      for await (const tasks of client.stream('tasks.changes', {})) {
        const task = tasks.find((each) => each.id === id);
        if (task !== undefined && task.state !== 'running') {
          if (task.state !== 'done') {
            throw new Error(`${task.subject} ended ${task.state}: ${JSON.stringify([task.error, task.steps])}`);
          }
          return task;
        }
      }
      throw new Error('the list of tasks ended');
    },
    async close(options) {
      client.close();
      await backend.dispose(options);
      log.dispose();
    },
  };
}

/** With the VM that a `keepVm` left in it. */
export async function removeHome(home: string, resources: Resources): Promise<void> {
  const last = await openVm(home, { resources });
  await last.vm.adopt();
  await last.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
}
