// What both shells do with a home: own it, or attach to the backend that does. Pages and the shell's own tray or menu reach whichever it is
// through here. When the owner is gone, `client.closed` says so: opening again takes its place and adopts its VM.
import { BerthError } from '../preload/contract';
import type { HostFeatures } from '../preload/contract';
import { createClient } from '../preload/rpc/client';
import type { RpcClient } from '../preload/rpc/client';
import type { Hello } from '../preload/rpc/frames';
import { serve } from '../preload/rpc/server';
import type { Transport } from '../preload/rpc/transport';
import { createBackend } from './app';
import type { Backend, BackendOptions } from './app';
import { connectControl } from './control/connect';
import { acquireLock } from './control/lock';
import type { HomeLock } from './control/lock';
import { relay } from './control/relay';
import type { ShellHandlers } from './control/relay';
import { listenControl } from './control/server';
import type { ControlServer } from './control/server';
import { createMemoryTransports } from './control/memory';

export interface ShellOptions extends BackendOptions {
  readonly openExternal?: (url: string) => Promise<void>;
  /** Starts the VM, where this process becomes the owner and no earlier one left it running. */
  readonly start?: boolean;
}

/** Throws, or rejects, for a page that may not connect. */
export type Accept = (hello: Hello) => void | Promise<void>;

export interface Shell {
  readonly attached: boolean;
  /** The shell's own end of the backend. */
  readonly client: RpcClient;
  /** Answers one page until its transport closes. `accept` throws for a page that may not: by default a transport proves its page. */
  connect(page: Transport, accept?: Accept): void;
  /** keepVm: the next backend adopts it. An attached shell leaves the VM alone in any case. */
  dispose(options: { readonly keepVm: boolean }): Promise<void>;
}

/** Where the transport proves its page (a MessagePort that was handed over). */
const anyPage: Accept = () => undefined;

/** An owner that holds the lock and does not listen yet is starting; one that takes longer than this is stuck. */
const OWNER_DEADLINE_MS = 15_000;
const OWNER_RETRY_MS = 50;

export async function openShell(options: ShellOptions): Promise<Shell> {
  const place = await takePlace(options);
  return place.kind === 'owner' ? ownShell(place.lock, options) : attachedShell(place.transport, options);
}

type Place = { readonly kind: 'owner'; readonly lock: HomeLock } | { readonly kind: 'attached'; readonly transport: Transport };

async function takePlace({ files, owner, build, log }: ShellOptions): Promise<Place> {
  const deadline = performance.now() + OWNER_DEADLINE_MS;
  for (;;) {
    const result = await acquireLock(files.lock, { kind: owner, build }, log.child('lock'));
    if (result.kind === 'owned') {
      return { kind: 'owner', lock: result.lock };
    }
    const transport = await connectControl(files.run.control);
    if (transport !== undefined) {
      return { kind: 'attached', transport };
    }
    if (performance.now() > deadline) {
      throw new BerthError('home.locked', { pid: result.owner.pid });
    }
    await new Promise((resolve) => setTimeout(resolve, OWNER_RETRY_MS));
  }
}

async function ownShell(lock: HomeLock, options: ShellOptions): Promise<Shell> {
  let backend: Backend | undefined;
  let control: ControlServer;
  let owned: Backend;
  try {
    backend = await createBackend(options);
    owned = backend;
    control = await listenControl(options.files.run.control, (transport) => serveOn(owned, transport, options));
  } catch (error) {
    await backend?.dispose({ keepVm: true });
    await lock.release();
    throw error;
  }
  if (options.start === true) {
    // What goes wrong is in the VM's status, for every window to show.
    void backend.adopted.then(() => owned.vm.start()).catch((error: unknown) => options.log.warn('the VM was not started', { error }));
  }
  const own = createMemoryTransports();
  serveOn(owned, own.server, options, 'cli');
  return {
    attached: false,
    client: createClient(own.client, { build: options.build, client: 'cli' }),
    connect: (page, accept = anyPage) => servePage(owned, page, options, accept),
    async dispose(how) {
      await owned.dispose(how);
      // Last, so that who waits for the end on the control socket finds the home free.
      await lock.release();
      await control.dispose();
    },
  };
}

/** A connection of the control socket, or the shell's own: the hello says which kind of shell it is; the user is proved by the socket's mode. */
function serveOn(backend: Backend, transport: Transport, options: ShellOptions, known?: 'cli'): void {
  let left: () => void = () => undefined;
  serve(transport, {
    build: options.build,
    accept(hello) {
      const kind = known ?? (hello.client === 'backend' ? 'cli' : hello.client);
      left = backend.connected(kind);
      // The host's terminal belongs to the window of the process that would open it.
      return backend.handlersFor({ kind, features: { hostTerminal: false, tray: hello.features?.tray ?? false } });
    },
    onError: (method, error) => options.log.error('a call failed', { method, error }),
    onClose: () => left(),
  });
}

function servePage(backend: Backend, page: Transport, options: ShellOptions, accept: Accept): void {
  const kind = pageKind(options);
  let left: () => void = () => undefined;
  serve(page, {
    build: options.build,
    async accept(hello) {
      await accept(hello);
      left = backend.connected(kind);
      return { ...backend.handlersFor({ kind, features: options.features }), ...shellHandlers(options) };
    },
    onError: (method, error) => options.log.error('a call failed', { method, error }),
    onClose: () => left(),
  });
}

function attachedShell(first: Transport, options: ShellOptions): Shell {
  const client = createClient(first, { build: options.build, client: 'cli' });
  const features: HostFeatures = { ...options.features, hostTerminal: false };

  async function dial(): Promise<Transport> {
    const backend = await connectControl(options.files.run.control).catch((error: unknown) => {
      options.log.error('a page could not be connected', { error });
      throw new BerthError('rpc.disconnected', {});
    });
    if (backend === undefined) {
      client.close();
      throw new BerthError('rpc.disconnected', {});
    }
    return backend;
  }

  return {
    attached: true,
    client,
    connect: (page, accept = anyPage) =>
      relay(page, {
        async accept(hello) {
          await accept(hello);
          return { build: hello.build, client: pageKind(options), features };
        },
        dial,
        shell: shellHandlers(options),
      }),
    dispose() {
      client.close();
      return Promise.resolve();
    },
  };
}

function pageKind({ owner }: ShellOptions): 'electron' | 'browser' {
  return owner === 'electron' ? 'electron' : 'browser';
}

function shellHandlers({ openExternal }: ShellOptions): ShellHandlers {
  return {
    'shell.openExternal': async ({ url }) => {
      if (openExternal === undefined) {
        throw new BerthError('rpc.unavailableHere', { what: 'shell.openExternal' });
      }
      await openExternal(url);
    },
  };
}
