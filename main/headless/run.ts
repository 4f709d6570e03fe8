// The browser shell, composed: a home's backend or a way to another's, the server for pages, signals, the end.
import { readText } from '../lib/atomic-file';
import { hasDisplay, openBrowser } from '../lib/browser';
import type { Texts } from '../lib/texts';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import { openShell } from '../shell';
import type { Shell, ShellOptions } from '../shell';
import { serveHttp } from './http';
import type { HttpServer } from './http';
import { OPENED_CODE_MS, PRINTED_CODE_MS } from './sessions';

export interface HeadlessOptions extends Pick<ShellOptions, 'resources' | 'version' | 'build' | 'locale' | 'createVm' | 'systemSocket'> {
  readonly files: HomeFiles;
  readonly log: Logger;
  readonly texts: Texts;
  readonly renderer: string;
  /** 0 = a free one. */
  readonly port: number;
  /** `none`: only the control socket, until `berth open` asks for a window. */
  readonly window: 'open' | 'print' | 'none';
  /** Starts the VM. */
  readonly start: boolean;
  /** Results, for people and scripts. */
  readonly print: (line: string) => void;
  /** Words on the way. */
  readonly say: (line: string) => void;
}

export interface Headless {
  /** At this moment: one whose owner dies takes its place. */
  readonly attached: () => Promise<boolean>;
  /** Resolves when the backend is to end: after `app.stop`, or when the owner that it was attached to ended in order. */
  readonly ended: Promise<void>;
  /** What an end that does not keep the VM does to it: it is suspended, or powers off. */
  readonly suspends: () => Promise<boolean>;
  address(lifetimeMs: number): Promise<string>;
  dispose(options: { readonly keepVm: boolean }): Promise<void>;
}

export async function runHeadless(options: HeadlessOptions): Promise<Headless> {
  const { files, log, texts } = options;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let server: Promise<HttpServer> | undefined;
  let port: number | undefined;
  let disposed = false;

  const open = (start: boolean): Promise<Shell> =>
    openShell({
      ...options,
      log,
      start,
      owner: 'headless',
      features: { hostTerminal: false, tray: false },
      onStop: end,
      onOpen: async () => ({ address: await address(PRINTED_CODE_MS) }),
      doors: () => (port === undefined ? [] : [port]),
    });
  let shell = watch(await open(options.start));

  /** The owner went away under an attached shell. In order: this one ends too. Dead: it takes its place, and adopts its VM. */
  function watch(current: Shell): Promise<Shell> {
    if (current.attached) {
      void current.client.closed.then(async () => {
        const inOrder = (await readText(files.lock).catch(() => undefined)) === undefined;
        if (disposed || inOrder) {
          end();
          return;
        }
        shell = open(false).then((next) => {
          if (!next.attached) {
            options.say(texts.text('cli', 'headless.tookOver'));
          }
          return watch(next);
        });
        shell.catch((error: unknown) => {
          log.error('no backend', { error });
          end();
        });
      });
    }
    return Promise.resolve(current);
  }

  function listen(): Promise<HttpServer> {
    server ??= serveHttp({
      renderer: options.renderer,
      port: options.port,
      log: log.child('http'),
      connect: (page, accept) =>
        void shell.then(
          (current) => current.connect(page, accept),
          () => page.close(),
        ),
    });
    void server.then((listening) => (port = listening.port)).catch(() => undefined);
    return server;
  }

  async function address(lifetimeMs: number): Promise<string> {
    return (await listen()).address(lifetimeMs);
  }

  await shell;
  if (options.window !== 'none') {
    await listen();
    if (options.window === 'open' && hasDisplay() && (await openBrowser(await address(OPENED_CODE_MS), files.run.folder))) {
      options.say(texts.text('cli', 'headless.opened'));
    } else {
      options.say(texts.text('cli', 'headless.ready'));
      options.print(await address(PRINTED_CODE_MS));
    }
  }

  return {
    attached: async () => (await shell).attached,
    ended,
    address,
    async suspends() {
      for await (const { features, state } of (await shell).client.stream('vm.status', {})) {
        return features.suspend && (state === 'running' || state === 'suspending' || state === 'suspended' || state === 'resuming');
      }
      return false;
    },
    async dispose(how) {
      disposed = true;
      const http = await server?.catch(() => undefined);
      await http?.dispose();
      const current = await shell.catch(() => undefined);
      await current?.dispose(how);
    },
  };
}
