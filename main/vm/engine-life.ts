// The life of dockerd and of the services around it in a VM that runs: their ends, expected or not, each said once with its cause, when the engine
// answers again, and the last good configuration where it cannot start. The guest starts them again, and gives up after three times in ten minutes.
// Knows the agent's words and nothing of QEMU, of ssh or of what is configured.
import { BerthError, toWireError } from '../../preload/contract/errors';
import type { WireError } from '../../preload/contract';
import { createQueue, retryUntil, untilAborted } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { Agent, AgentEvent } from './agent';
import { serviceWords } from './cause';
import type { EngineControl, EngineVersion } from './vm';

export type ServiceEvent = Extract<AgentEvent, { event: 'service' }>;

/** Only for what hangs: stopping takes dockerd up to 60 s, starting under emulation 5, and on a machine that is overloaded more than 100. */
const RESTART_MS = 300_000;
const PAUSE_MS = 200;
/** Lines of a log that say why a service ended. */
const WORDS = 40;
const WORDS_MS = 1000;
/** An end of containerd takes dockerd along, or not: one message for both. */
const ALONG_MS = 10_000;
/** As vm/guest/service.c has it. */
export const GIVES_UP = { times: 4, minutes: 10 } as const;

export interface EngineLifeDeps {
  readonly log: Logger;
  /** Throws `vm.notRunning` where there is none. */
  agent(): Agent;
  /** Names the VM that runs: another one is another engine. */
  incarnation(): unknown;
  ping(signal: AbortSignal): Promise<EngineVersion>;
  notify(error: BerthError): void;
  recover(words: string): Promise<string | undefined>;
  /** `version` or `error` is another one. */
  changed(): void;
  readonly disposing: AbortSignal;
}

export interface EngineLife {
  readonly control: EngineControl;
  version(): EngineVersion | undefined;
  /** Why it does not answer in a VM that runs. */
  error(): WireError | undefined;
  /** A VM was started or taken over and its engine answered, or it is gone. */
  reset(version: EngineVersion | undefined): void;
  /** A VM was taken over whose engine has not answered so long; what the guest said of it since is said as ever. */
  silent(seconds: number): void;
  onService(event: ServiceEvent): void;
  restart(): Promise<void>;
}

export function createEngineLife(deps: EngineLifeDeps): EngineLife {
  let version: EngineVersion | undefined;
  let error: WireError | undefined;
  /** How it ended since it last answered, or since we started it anew. */
  let ends: string[] = [];
  let lastEnd: ServiceEvent | undefined;
  let expecting = 0;
  let learning: AbortController | undefined;
  /** Those that the guest does not start any more. */
  const resigned = new Set<string>();
  let containerdEnded = -Infinity;
  const listeners = new Set<() => void>();
  const serially = createQueue();
  let ordering = false;
  /** Orders one after the other: of two at once the guest answers the later one only. */
  const inTurn: Agent = {
    call: (op, request, options) =>
      serially(async () => {
        ordering = true;
        try {
          return await deps.agent().call(op, request, options);
        } finally {
          ordering = false;
        }
      }),
  };

  function reset(next: EngineVersion | undefined): void {
    version = next;
    ends = [];
    if (next === undefined || resigned.size === 0) {
      resigned.clear();
      error = undefined;
    }
  }

  async function words(name: string, pid: number): Promise<string> {
    const tail = async (service: string): Promise<readonly string[]> =>
      (await deps.agent().call('tail', { service, lines: WORDS }, { timeoutMs: WORDS_MS })).lines;
    try {
      const [log, kernel] = await Promise.all([tail(name), tail('kernel')]);
      return serviceWords(pid, log, kernel);
    } catch (cause) {
      deps.log.warn('the guest did not say why a service ended', { name, error: cause });
      return '';
    }
  }

  /** In the state at once where the engine is down for it; said when its cause is known. */
  async function ended({ name, pid, status, gaveUp }: ServiceEvent, downs: boolean): Promise<void> {
    const describe = (detail: string): BerthError =>
      gaveUp
        ? new BerthError('engine.gaveUp', { service: name, ...GIVES_UP, detail })
        : new BerthError('engine.exited', { service: name, status, detail });
    const along = name === 'dockerd' && !gaveUp && performance.now() - containerdEnded < ALONG_MS;
    if (name === 'containerd') {
      containerdEnded = performance.now();
    }
    const first = describe(status);
    if (gaveUp) {
      resigned.add(name);
    }
    if (downs || gaveUp) {
      version = downs ? undefined : version;
      error = toWireError(first);
      deps.changed();
    }
    const said = describe((await words(name, pid)) || status);
    if (error?.code === first.code && error.params['service'] === name) {
      error = toWireError(said);
      deps.changed();
    }
    if (!along) {
      deps.notify(said);
    }
  }

  /** Until it answers, the VM is another one, or the signal aborts. */
  async function untilPing(signal: AbortSignal): Promise<void> {
    const started = deps.incarnation();
    const late = AbortSignal.timeout(RESTART_MS);
    const gone = new AbortController();
    const all = AbortSignal.any([signal, gone.signal, deps.disposing, late]);
    const attempt = (): Promise<EngineVersion> => {
      if (deps.incarnation() !== started) {
        gone.abort(new BerthError('engine.away', { reason: 'the VM ended' }));
      }
      return untilAborted(deps.ping(all), all);
    };
    try {
      reset(await retryUntil(attempt, PAUSE_MS, all));
    } catch (cause) {
      throw late.aborted ? new BerthError('engine.notAnswering', { seconds: RESTART_MS / 1000 }) : cause;
    }
    deps.changed();
  }

  /** By our order: what was before does not count. */
  function begunAnew(): void {
    ends = [];
    resigned.delete('dockerd');
  }

  async function answers(signal: AbortSignal): Promise<void> {
    const hopeless = new AbortController();
    const look = (): void => {
      // What ends under an order was ended by it.
      const last = ordering ? undefined : ends.at(-1);
      // One that ended by itself will do so again; one that was killed is started once more by the guest, until it gives up.
      if (last !== undefined && (last.startsWith('exit') || ends.length > 1 || resigned.has('dockerd'))) {
        hopeless.abort(new BerthError('engine.exited', { service: 'dockerd', status: last, detail: last }));
      }
    };
    listeners.add(look);
    look();
    try {
      await untilPing(AbortSignal.any([signal, hopeless.signal]));
    } finally {
      listeners.delete(look);
    }
  }

  /** It is started by the guest until it answers, however often that fails. */
  function learn(): void {
    learning?.abort(new BerthError('rpc.cancelled', {}));
    learning = new AbortController();
    untilPing(learning.signal).catch((cause: unknown) => deps.log.info('the engine does not answer after its end', { error: cause }));
  }

  function expectExits(): () => void {
    let over = false;
    expecting += 1;
    return () => {
      if (over) {
        return;
      }
      over = true;
      expecting -= 1;
      if (expecting === 0 && lastEnd !== undefined && ends.length > 0) {
        void ended(lastEnd, true);
        learn();
      }
    };
  }

  async function recover(): Promise<void> {
    const release = expectExits();
    try {
      if (await startOnLastGood(inTurn, (words) => deps.recover(words))) {
        ends = [];
        await answers(deps.disposing);
      }
    } finally {
      release();
    }
  }

  function onDockerd(event: ServiceEvent): void {
    if (event.state === 'running') {
      if (expecting === 0) {
        learn();
      }
      return;
    }
    ends.push(event.status);
    lastEnd = event;
    if (event.gaveUp) {
      resigned.add('dockerd');
    }
    listeners.forEach((look) => look());
    if (expecting === 0) {
      void ended(event, true);
      if (ends.length === 2) {
        recover().catch((cause: unknown) => deps.log.warn('the engine was not brought back', { error: cause }));
      }
    }
  }

  return {
    control: {
      async configure(daemonJson, action) {
        await inTurn.call('config', { daemonJson, action }, action === 'restart' ? { timeoutMs: RESTART_MS } : {});
        if (action === 'restart') {
          begunAnew();
        }
      },
      answers,
      expectExits,
    },
    version: () => version,
    error: () => error,
    reset,
    silent(seconds) {
      error ??= { code: 'engine.notAnswering', params: { seconds: Math.ceil(seconds) } };
    },
    onService(event) {
      if (event.state === 'exited' && event.restartInMs === undefined && !event.gaveUp) {
        return; // The guest shuts down.
      }
      if (event.state === 'running' && resigned.delete(event.name) && error?.params['service'] === event.name) {
        error = undefined;
        deps.changed();
      }
      if (event.name === 'dockerd') {
        onDockerd(event);
      } else if (event.state === 'exited' && expecting === 0 && (event.name !== 'dns' || event.gaveUp)) {
        // The guest's resolver is back within a blink, and nothing runs less for it: the log has it.
        void ended(event, false);
      }
    },
    async restart() {
      const release = expectExits();
      try {
        for (const service of [...resigned].filter((name) => name !== 'dockerd')) {
          await inTurn.call('restart', { service }, { timeoutMs: RESTART_MS });
        }
        await inTurn.call('restart', { service: 'dockerd' }, { timeoutMs: RESTART_MS });
        begunAnew();
        await answers(deps.disposing);
      } finally {
        release();
      }
    },
  };
}

/** False where nothing better is known than what dockerd did not start on. */
export async function startOnLastGood(agent: Agent, recover: (words: string) => Promise<string | undefined>): Promise<boolean> {
  const { lines } = await agent.call('tail', { service: 'dockerd', lines: WORDS });
  const daemonJson = await recover(lines.join('\n'));
  if (daemonJson === undefined) {
    return false;
  }
  await agent.call('config', { daemonJson, action: 'restart' }, { timeoutMs: RESTART_MS });
  return true;
}
