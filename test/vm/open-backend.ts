// The whole backend as a shell composes it, on a real VM: every call of the contract, and the engine's socket on the host.
import { createBackend } from '../../main/app';
import type { Backend, BackendOptions } from '../../main/app';
import { prepareHome } from '../../main/control/home';
import { createLog } from '../../main/lib/log';
import type { HomeFiles } from '../../main/lib/home';
import { dockerHostOf } from '../../main/lib/docker-host';
import type { BackendHandlers, Task } from '../../preload/contract';
import { testResources } from './open-vm';
import type { Resources } from '../../main/vm/resources';
import { firstItem, taskEnd } from '../fakes/streams';

export interface OpenBackend {
  readonly backend: Backend;
  readonly handlers: BackendHandlers;
  readonly files: HomeFiles;
  readonly dockerHost: string;
  readonly resources: Resources;
  /** What a stream says first. */
  first<T>(stream: (context: { readonly signal: AbortSignal; readonly upload: AsyncIterable<Uint8Array> }) => AsyncIterable<T>): Promise<T>;
  /** The task as it ended. */
  ended(id: string | undefined): Promise<Task>;
  close(options: { readonly keepVm: boolean }): Promise<void>;
}

export const quiet = { signal: new AbortController().signal };

/** Takes over the VM of the home where there is one. */
export async function openBackend(
  home: string,
  options: { readonly resources?: Resources } & Pick<BackendOptions, 'createVm'> = {},
): Promise<OpenBackend> {
  const files = await prepareHome(home);
  const resources = options.resources ?? (await testResources());
  const log = createLog(files.logs.berth, { level: 'debug' });
  const features = { hostTerminal: false, tray: false };
  const backend = await createBackend({
    files,
    resources,
    log,
    version: '0.0.0',
    build: 'test',
    owner: 'headless',
    locale: 'en',
    features,
    ...(options.createVm === undefined ? {} : { createVm: options.createVm }),
  });
  await backend.adopted;
  const handlers = backend.handlersFor({ kind: 'browser', features });

  return {
    backend,
    handlers,
    files,
    dockerHost: dockerHostOf(files),
    resources,
    first: (stream) => firstItem(stream),
    ended: (id) => (id === undefined ? Promise.reject(new Error('there is no task')) : taskEnd(handlers, id)),
    async close({ keepVm }) {
      await backend.dispose({ keepVm });
      log.dispose();
    },
  };
}
