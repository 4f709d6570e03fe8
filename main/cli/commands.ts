// What each command does: a thin client of the contract, over the control socket; it knows no other way in.
import { logSources } from '../../preload/contract';
import type { AppInfo, DoctorCheck, VmStatus } from '../../preload/contract';
import type { RpcClient } from '../../preload/rpc/client';
import { defaultShell, envLines, findInPath, shellNamed } from '../connect/env';
import { readOwner } from '../control/lock';
import { dockerHostOf } from '../lib/docker-host';
import { exists } from '../lib/exists';
import type { HomeFiles } from '../lib/home';
import { isSameProcess } from '../lib/process';
import type { ProcessIdentity } from '../lib/process';
import type { AppFolders } from '../locate';
import { checkWithoutBackend } from './doctor';
import { Exit, EXIT } from './output';
import type { Output } from './output';
import { tellPhases } from './progress';
import type { Reach } from './reach';
import { findBackend } from './session';
import { readStatus, statusJson, statusLines } from './status';

/** What is left to do after the VM is off takes milliseconds. */
const EXIT_DEADLINE_MS = 5000;

/** Of a command that can do without a backend. */
export interface Surroundings {
  readonly output: Output;
  readonly app: AppFolders;
  readonly build: string;
  readonly version: string;
  /** Creates the home where it is missing. */
  readonly prepareHome: () => Promise<HomeFiles>;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export interface CommandDeps extends Surroundings, Reach {
  readonly openBrowser: (address: string, folder: string) => Promise<boolean>;
}

/** What has to do with the life of the engine; the other domains have files of their own. */
export interface Commands {
  start(): Promise<void>;
  stop(options: { readonly shutdown: boolean }): Promise<void>;
  restart(options: { readonly engine: boolean }): Promise<void>;
  status(options: { readonly json: boolean }): Promise<void>;
  env(options: { readonly shell: string | undefined }): Promise<void>;
  open(): Promise<void>;
  logs(options: { readonly follow: boolean; readonly source: string; readonly lines: string }): Promise<void>;
  doctor(): Promise<void>;
  version(): void;
}

export function createCommands(deps: CommandDeps): Commands {
  const { output, interrupted, need, needOrSpawn } = deps;
  const { texts, say, print } = output;
  const cli = (key: string, params?: Readonly<Record<string, string | number>>): string => texts.text('cli', key, params);

  /** Waits for a call with the phases told; Ctrl-C leaves the work to the backend. */
  async function withProgress(client: RpcClient, work: Promise<void>, whenLeft: string): Promise<number> {
    const startedAt = performance.now();
    const telling = new AbortController();
    const told = tellPhases(client, output, telling.signal);
    const left = new Promise<never>((_, reject) => {
      const leave = (): void => {
        say(whenLeft);
        reject(new Exit(EXIT.failed));
      };
      interrupted.addEventListener('abort', leave, { once: true, signal: telling.signal });
    });
    try {
      await Promise.race([work, left]);
      // The last phases are in the state that made the call return.
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      telling.abort();
      await told;
    }
    return Math.round((performance.now() - startedAt) / 100) / 10;
  }

  return {
    async start() {
      say(cli('starting'));
      const client = await needOrSpawn();
      const { vm } = await readStatus(client);
      if (vm.state === 'running') {
        say(cli('alreadyRunning'));
      } else {
        const seconds = await withProgress(client, client.call('vm.start', {}), cli('startGoesOn'));
        const { boot } = (await readStatus(client)).vm;
        say(boot?.kind === 'adopt' ? cli('adopted') : cli(boot?.kind === 'resume' ? 'resumed' : 'started', { seconds }));
        if (boot?.notResumed !== undefined) {
          say(texts.text('vm', `notResumed.${boot.notResumed.key}`, boot.notResumed.params));
        }
      }
      client.close();
    },

    async stop({ shutdown }) {
      const client = await need();
      const owner = await readOwner((await deps.prepareHome()).lock);
      const suspends = !shutdown && willSuspend((await readStatus(client)).vm);
      say(cli(suspends ? 'suspending' : 'stopping'));
      await withProgress(client, client.call('app.stop', { shutdown }), cli('stopGoesOn'));
      if (owner?.kind === 'headless') {
        // It ends now; a start right after this must not meet it on its way out.
        await client.closed;
        await gone(owner);
      }
      say(cli(suspends ? 'suspended' : 'stopped'));
      client.close();
    },

    async restart({ engine }) {
      const client = await need();
      say(cli('restarting'));
      const seconds = await withProgress(client, client.call('vm.restart', { engineOnly: engine }), cli('startGoesOn'));
      say(cli('restarted', { seconds }));
      client.close();
    },

    async status({ json }) {
      const files = await deps.prepareHome();
      const client = await findBackend({ files, build: deps.build });
      const found = client === undefined ? undefined : await readStatus(client);
      client?.close();
      const info: Pick<AppInfo, 'home' | 'dockerHost' | 'shells'> = found?.info ?? {
        home: files.root,
        dockerHost: dockerHostOf(files),
        shells: [],
      };
      const status = statusJson(info, found?.vm, texts, (await exists(files.suspend.memory)) ? 'suspended' : 'stopped');
      if (json) {
        print(JSON.stringify(status));
      } else {
        statusLines(status, texts).forEach(print);
        if (found?.vm.error !== undefined) {
          output.error(found.vm.error);
        }
      }
      if (status.state !== 'running') {
        throw new Exit(EXIT.notRunning);
      }
    },

    async env({ shell }) {
      const chosen = shell === undefined ? defaultShell(process.env) : shellNamed(shell);
      if (chosen === undefined) {
        say(cli('usage.unknownShell', { given: shell ?? '' }));
        throw new Exit(EXIT.usage);
      }
      const files = await deps.prepareHome();
      const folder = findInPath('docker', process.env['PATH']) === undefined ? deps.app.dockerCliFolder : undefined;
      envLines({ dockerHost: dockerHostOf(files), dockerCliFolder: folder }, chosen).forEach(print);
    },

    async open() {
      const client = await needOrSpawn();
      const { address } = await client.call('app.open', {});
      client.close();
      if (address === undefined) {
        say(cli('open.window'));
      } else if (await deps.openBrowser(address, (await deps.prepareHome()).run.folder)) {
        say(cli('open.browser'));
      } else {
        say(cli('open.address'));
        print(address);
      }
    },

    async logs({ follow, source, lines }) {
      const wanted = logSources.find((name) => name === source);
      const count = Number(lines);
      if (wanted === undefined) {
        say(cli('usage.unknownSource', { given: source, sources: logSources.join(', ') }));
        throw new Exit(EXIT.usage);
      }
      if (!Number.isInteger(count) || count < 0 || count > 5000) {
        say(cli('usage.badNumber', { option: '--lines', given: lines }));
        throw new Exit(EXIT.usage);
      }
      const client = await need();
      if (!follow) {
        (await client.call('vm.log', { source: wanted, lines: Math.max(1, count) })).lines.forEach(print);
      } else {
        try {
          for await (const batch of client.stream('vm.logs', { source: wanted, tail: count }, { signal: interrupted })) {
            batch.lines.forEach(print);
          }
        } catch (error) {
          if (!interrupted.aborted) {
            throw error;
          }
        }
      }
      client.close();
    },

    async doctor() {
      const files = await deps.prepareHome();
      const client = await findBackend({ files, build: deps.build });
      const checks =
        client?.stream('app.doctor', {}, { signal: interrupted }) ?? checkWithoutBackend(files, deps.app.resources, interrupted);
      const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 };
      for await (const check of checks) {
        counts[check.status] += 1;
        tellCheck(check);
      }
      client?.close();
      say(cli('doctor.summary', counts));
      if (counts.fail > 0) {
        throw new Exit(EXIT.failed);
      }
    },

    version: () => print(deps.version),
  };

  /** One line each, and the remedy under what is wrong. */
  function tellCheck({ id, status, detail, error }: DoctorCheck): void {
    const mark = cli(`doctor.${status}`);
    print(`${mark.padEnd(12)}${texts.text('doctor', `${id}.title`)}${detail === '' ? '' : `: ${detail}`}`);
    if (error !== undefined) {
      const { title, next } = texts.error(error);
      print(`${' '.repeat(12)}${title}. ${next}`);
    }
  }
}

/** What runs is saved; what is saved stays so. */
function willSuspend({ features, state }: VmStatus): boolean {
  return features.suspend && ['running', 'suspending', 'suspended', 'resuming'].includes(state);
}

/** A process that is not our child announces its end by nothing. */
async function gone(process: ProcessIdentity): Promise<void> {
  const deadline = performance.now() + EXIT_DEADLINE_MS;
  while (performance.now() < deadline && (await isSameProcess(process))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
