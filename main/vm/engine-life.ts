// dockerd's life in a VM that runs: its ends, expected or not, when it answers again, and the last good configuration where it cannot start.
// Knows the agent's words and nothing of QEMU, of ssh or of what is configured.
import { BerthError, toWireError } from '../../preload/contract/errors';
import type { WireError } from '../../preload/contract';
import { retryUntil, untilAborted } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { Agent, AgentEvent } from './agent';
import type { EngineControl, EngineVersion } from './vm';

export type ServiceEvent = Extract<AgentEvent, { event: 'service' }>;

/** Only for what hangs: stopping takes dockerd up to 60 s, starting under emulation 5, and on a machine that is overloaded more than 100. */
const RESTART_MS = 300_000;
const PAUSE_MS = 200;
/** Lines of dockerd's log that say why it ended. */
const WORDS = 40;

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
  onService(event: ServiceEvent): void;
  restart(): Promise<void>;
}

export function createEngineLife(deps: EngineLifeDeps): EngineLife {
  let version: EngineVersion | undefined;
  let error: WireError | undefined;
  /** How it ended since it last answered, or since we started it anew. */
  let ends: string[] = [];
  let expecting = 0;
  let learning: AbortController | undefined;
  const listeners = new Set<() => void>();

  function reset(next: EngineVersion | undefined): void {
    version = next;
    error = undefined;
    ends = [];
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

  async function answers(signal: AbortSignal): Promise<void> {
    const hopeless = new AbortController();
    const look = (): void => {
      const last = ends.at(-1);
      // One that ended by itself will do so again; one that was killed is started once more by the guest.
      if (last !== undefined && (last.startsWith('exit') || ends.length > 1)) {
        hopeless.abort(new BerthError('engine.exited', { service: 'dockerd', status: last }));
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

  function isDown(status: string): void {
    const exited = new BerthError('engine.exited', { service: 'dockerd', status });
    version = undefined;
    error = toWireError(exited);
    deps.changed();
    deps.notify(exited);
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
      const last = ends.at(-1);
      if (expecting === 0 && last !== undefined) {
        isDown(last);
        learn();
      }
    };
  }

  async function recover(): Promise<void> {
    const release = expectExits();
    try {
      if (await startOnLastGood(deps.agent(), (words) => deps.recover(words))) {
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
    listeners.forEach((look) => look());
    if (expecting === 0) {
      isDown(event.status);
      if (ends.length === 2) {
        recover().catch((cause: unknown) => deps.log.warn('the engine was not brought back', { error: cause }));
      }
    }
  }

  return {
    control: {
      async configure(daemonJson, action) {
        await deps.agent().call('config', { daemonJson, action }, action === 'restart' ? { timeoutMs: RESTART_MS } : {});
        if (action === 'restart') {
          ends = [];
        }
      },
      answers,
      expectExits,
    },
    version: () => version,
    error: () => error,
    reset,
    onService(event) {
      if (event.name === 'dockerd') {
        onDockerd(event);
      } else if (event.state === 'exited' && expecting === 0 && event.name !== 'dns') {
        // The guest's resolver is back within a blink, and nothing runs less for it: the log has it.
        deps.notify(new BerthError('engine.exited', { service: event.name, status: event.status }));
      }
    },
    async restart() {
      const release = expectExits();
      try {
        await deps.agent().call('restart', { service: 'dockerd' }, { timeoutMs: RESTART_MS });
        ends = [];
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
