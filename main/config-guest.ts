// The guest as main/daemon-config needs it, made of the VM, the engine's API and the engine's own handlers. Part of the composition: decides nothing.
import { BerthError, isBerthError } from '../preload/contract';
import type { BackendHandlers } from '../preload/contract';
import type { ConfigGuest, DaemonConfigDeps } from './daemon-config/daemon-config';
import { createConnection } from './engine/connection';
import type { EngineState } from './engine/engine';
import { jsonLines } from './engine/json-lines';
import { asError, sleep } from './lib/async';
import { createEngineHttp } from './lib/engine-http';
import { select } from './lib/observable';
import type { Observable } from './lib/observable';
import type { Vm } from './vm/vm';

export interface ConfigGuestDeps {
  readonly vm: Pick<Vm, 'agent' | 'dialer' | 'engine' | 'exec' | 'status'>;
  readonly available: Observable<boolean>;
  readonly containers: Pick<BackendHandlers, 'containers.start' | 'containers.stop'>;
  pauseEvents(): () => void;
}

const START_TRIES = 5;
const START_PAUSE_MS = 500;
const DAEMON_JSON = '/run/berth/daemon.json';
/**
 * With the flags that the guest's init starts it with, because a key that is a flag too is refused. dockerd opens the file by its name, which a socket
 * for an input cannot be.
 */
const VALIDATE =
  'cat | dockerd --validate --config-file /dev/stdin --containerd /run/containerd/containerd.sock' +
  ' --host unix:///run/docker.sock --group root --pidfile /run/docker.pid';

export function createConfigGuest(deps: ConfigGuestDeps): ConfigGuest {
  const { vm, available, containers } = deps;
  const http = createEngineHttp(vm.dialer);
  const context = { signal: new AbortController().signal };

  async function object(path: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await http.json('GET', path);
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
  }

  async function reload(text: string, signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined> {
    const connection = createConnection(vm.dialer);
    try {
      // Listened for before the signal is sent, so that it cannot be missed.
      const filters = { type: ['daemon'], event: ['reload'] };
      const events = await connection.stream({ method: 'GET', path: '/events', query: { filters }, signal });
      await vm.engine.configure(text, 'reload');
      for await (const event of jsonLines(events)) {
        return (event['Actor'] as { readonly Attributes?: Readonly<Record<string, string>> } | undefined)?.Attributes ?? {};
      }
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (isEnd(error)) {
        return undefined;
      }
      throw error;
    } finally {
      connection.dispose();
    }
  }

  /** A connection that was kept over dockerd's restart may have died unseen; a second start of one that runs is none. */
  async function start(id: string, tries = START_TRIES): Promise<void> {
    try {
      await containers['containers.start']({ id }, context);
    } catch (error) {
      if (tries === 1 || !(isBerthError(error) && error.code === 'engine.away')) {
        throw error;
      }
      await sleep(START_PAUSE_MS);
      await start(id, tries - 1);
    }
  }

  return {
    available,
    engine: select(vm.status, ({ state, engine }) => (state === 'running' ? engine : undefined)),
    async read() {
      const { stdout, stderr, code } = await vm.exec(['cat', DAEMON_JSON]);
      if (code !== 0) {
        throw new BerthError('engine.failed', { status: code, detail: stderr.trim() });
      }
      return stdout;
    },
    async validate(text, signal) {
      const { stdout, stderr, code } = await vm.exec(VALIDATE, { stdin: text, signal });
      return { ok: code === 0, words: (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? '' };
    },
    write: (text) => vm.engine.configure(text, 'write'),
    reload,
    restart: (text) => vm.engine.configure(text, 'restart'),
    async tail(lines) {
      return (await vm.agent.call('tail', { service: 'dockerd', lines })).lines;
    },
    ping: (signal) => vm.engine.answers(signal),
    async info() {
      const [info, bridge] = await Promise.all([object('/info'), object('/networks/bridge')]);
      return { ...info, Bridge: bridge };
    },
    async networks() {
      const networks = (await http.json('GET', '/networks')) as readonly DockerNetwork[] | undefined;
      return (networks ?? [])
        .filter(({ Name }) => Name !== 'bridge')
        .flatMap(({ Name, IPAM }) =>
          (IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet === undefined ? [] : [{ name: Name, subnet: Subnet }])),
        );
    },
    async stopContainers(names) {
      await Promise.all(
        names.map(async (id) => {
          try {
            await containers['containers.stop']({ id }, context);
          } catch (error) {
            if (!(isBerthError(error) && error.code === 'engine.notFound')) {
              throw error;
            }
          }
        }),
      );
    },
    async startContainers(names) {
      const failed: { readonly name: string; readonly words: string }[] = [];
      for (const id of names) {
        try {
          await start(id);
        } catch (error) {
          const detail = isBerthError(error) ? error.params['detail'] : undefined;
          failed.push({ name: id, words: String(detail ?? asError(error).message) });
        }
      }
      return failed;
    },
    pauseEvents() {
      const release = vm.engine.expectExits();
      const resume = deps.pauseEvents();
      let over = false;
      return () => {
        if (!over) {
          over = true;
          release();
          resume();
        }
      };
    },
  };
}

/** What a change may cost: names of running containers, and what the engine holds. */
export function presentIn({ containers, images }: EngineState): ReturnType<DaemonConfigDeps['present']> {
  return {
    running: [...containers.values()].filter(({ state }) => state === 'running').map(({ name }) => name),
    containers: containers.size,
    images: images.size,
    imageBytes: [...images.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

interface DockerNetwork {
  readonly Name: string;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
}

/** dockerd ended before or while it was told: it comes back with the file as it is. */
function isEnd(error: unknown): boolean {
  return (
    (isBerthError(error) && error.code === 'engine.away') || (error instanceof Error && /does not run|aborted|reset/i.test(error.message))
  );
}
