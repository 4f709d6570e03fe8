// A VM of a home as app.ts composes it, with the engine's socket on the host and nothing else of the backend.
import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { createEngineSocket } from '../../main/engine-socket/engine-socket';
import { ensureFolder } from '../../main/lib/atomic-file';
import { homeFiles } from '../../main/lib/home';
import type { HomeFiles } from '../../main/lib/home';
import { createLog } from '../../main/lib/log';
import { createObservable } from '../../main/lib/observable';
import type { MutableObservable } from '../../main/lib/observable';
import { openGate } from '../../main/lib/port-gate';
import { prepareRunFolder } from '../../main/lib/run-folder';
import { shareLine } from '../../main/shares/backend';
import { createVm } from '../../main/vm/create-vm';
import type { ShareSpec } from '../../main/vm/driver';
import { locateResources } from '../../main/vm/resources';
import type { Resources } from '../../main/vm/resources';
import type { EngineVersion, GuestFiles, Vm } from '../../main/vm/vm';
import { settingsSchema } from '../../preload/contract';
import type { BerthError, Settings } from '../../preload/contract';

export interface OpenVm {
  readonly vm: Vm;
  readonly files: HomeFiles;
  readonly home: string;
  /** `unix://…`, for DOCKER_HOST. */
  readonly dockerHost: string;
  readonly resources: Resources;
  readonly settings: MutableObservable<Settings>;
  readonly notices: BerthError[];
  /** keepVm: the VM runs on and can be adopted. */
  close(options: { readonly keepVm: boolean }): Promise<void>;
}

/** 1 GiB is enough for every test, and several VMs of several suites share the machine. */
export const TEST_MEMORY = 1024 * 2 ** 20;

export function testResources(): Promise<Resources> {
  return locateResources(process.env, [join(import.meta.dirname, '../../dist/resources.json')]);
}

/** Short and of the user's own: sockets lie in it. */
export function makeHome(prefix = 'berth-t-'): Promise<string> {
  return mkdtemp(join('/tmp', prefix));
}

export async function openVm(
  home: string,
  options: {
    readonly resources?: Resources;
    readonly memoryBytes?: number;
    readonly shares?: readonly ShareSpec[];
    readonly guestFiles?: Partial<GuestFiles>;
  } = {},
): Promise<OpenVm> {
  await ensureFolder(home);
  const files = homeFiles(home, await prepareRunFolder(home));
  const log = createLog(files.logs.berth, { level: 'debug' });
  const resources = options.resources ?? (await testResources());
  const settings = createObservable(settingsSchema.parse({ vm: { memoryBytes: options.memoryBytes ?? TEST_MEMORY } }));
  const notices: BerthError[] = [];
  const { shares = [] } = options;
  const vm = createVm({
    files,
    resources,
    settings,
    log,
    notify: (_, error) => notices.push(error),
    guestFiles: () =>
      Promise.resolve({ ...options.guestFiles, shares: shares.map((spec) => `${shareLine({ kind: 'mount', spec })}\n`).join('') }),
    shares: { forBoot: () => Promise.resolve(shares), onGuest: () => Promise.resolve() },
    ping: () => engineVersion(files.run.docker),
    settle: () => Promise.resolve(),
  });
  const socket = await createEngineSocket({
    path: files.run.docker,
    dialer: vm.dialer,
    available: () => undefined,
    ports: openGate,
    judge: (source) => Promise.resolve({ source }),
    describe: (error) => error.message,
    log,
  });
  return {
    vm,
    files,
    home,
    dockerHost: `unix://${files.run.docker}`,
    resources,
    settings,
    notices,
    async close({ keepVm }) {
      await vm.dispose({ keepVm });
      await socket.dispose();
      log.dispose();
    },
  };
}

export async function engineVersion(socketPath: string): Promise<EngineVersion> {
  const { status, body } = await engineGet(socketPath, '/version');
  if (status !== 200) {
    throw new Error(`the engine answered ${status}: ${body}`);
  }
  const { Version, ApiVersion } = JSON.parse(body) as { Version: string; ApiVersion: string };
  return { version: Version, apiVersion: ApiVersion };
}

export function engineGet(socketPath: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers: { Connection: 'close' } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}
