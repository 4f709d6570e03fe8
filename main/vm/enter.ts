// The guest's side of a start, the same for a boot, a resume and an adoption: agent, ssh, engine. Knows vm/AGREEMENT.md; QEMU and ssh are theirs.
import { randomBytes } from 'node:crypto';
import { BerthError } from '../../preload/contract/errors';
import { deferred, retryUntil, untilAborted } from '../lib/async';
import type { Deferred } from '../lib/async';
import type { Logger } from '../lib/logger';
import { createRelay } from '../ssh/relay';
import { createTransport } from '../ssh/transport';
import type { Transport } from '../ssh/transport';
import { dialAgent } from './agent';
import type { AgentClient } from './agent';
import type { Attempt, BootDeps, LiveVm } from './attempt';
import { guestWords } from './cause';
import { diskError, diskPath, diskUuid, markFormatted } from './disk';
import type { RunningVm } from './driver';
import { GIVES_UP, startOnLastGood } from './engine-life';
import { guestTarget } from './keys';
import type { Keys } from './keys';
import { tailLog } from './logs';

const AGAIN_MS = 60_000;
const STATUS_MS = 5000;
/** Whoever dials a published port waits for it, and SSH stands by. */
const RELAY_MS = 2000;
/** For what a resumed guest must be told before anybody uses it. */
const CATCH_UP_MS = 60_000;
/** How far off the guest's clock may be, and how often it is set for that. */
const CLOCK_MS = 50;
const CLOCK_ORDERS = 4;

export async function enter(deps: BootDeps, run: Attempt, running: RunningVm, keys: Keys): Promise<LiveVm> {
  const { files, log } = deps;
  const { timeline, signal, parts } = run;
  const reached = new Map<string, Deferred<void>>();
  const phase = (name: string): Deferred<void> => {
    const found = reached.get(name) ?? deferred<void>();
    reached.set(name, found);
    return found;
  };
  const at = (name: string): Promise<void> => untilAborted(phase(name).promise, signal);

  running.onPaused((error) => deps.onProblem(error));
  const exited = running.exited.then(async (words) => {
    const last = guestWords(await tailLog(files, 'serial', 50).catch((): readonly string[] => []));
    return [words, last].filter((part) => part !== '').join('; ');
  });
  void exited.then((detail) => run.fail(new BerthError('vm.exited', { detail })));
  const failed = async (failure: { readonly phase: string; readonly code: string; readonly detail: string }): Promise<void> => {
    run.fail(diskError(await diskPath(files), await diskUuid(files), failure));
  };
  const { kind } = timeline.get();
  /** Of dockerd, while it has not answered yet: what does not start twice is tried on the last good configuration. */
  let ends = 0;
  let answered = false;
  const agent = await dialAgent(
    files.run.agent,
    (event) => {
      if (event.event === 'phase') {
        phase(event.name).resolve();
      } else if (event.event === 'failed') {
        void failed(event);
      } else {
        log.info('guest service', { ...event });
        if (answered || kind === 'adopt') {
          deps.onService(event);
        } else if (event.name === 'dockerd' && event.state === 'exited' && ++ends === 2) {
          startOnLastGood(agent, (words) => deps.recover(words)).catch((error: unknown) => log.warn('no other start was tried', { error }));
        } else if (event.gaveUp && event.name !== 'dns') {
          run.fail(new BerthError('engine.gaveUp', { service: event.name, ...GIVES_UP, detail: event.status }));
        }
      }
    },
    signal,
  );
  parts.agent = agent;
  deps.onAgent(agent);

  let goingOn: Promise<unknown> | undefined;
  if (kind === 'resume') {
    const runs = running.run();
    if (running.network.backend === 'passt') {
      // It asks a guest for a connection once, and gives up after ten seconds: one that does not run yet never hears of it.
      await runs;
    }
    goingOn = runs.then(() => catchUp(agent, log, signal)).then(() => timeline.end('memory'));
    // What was suspended had all of them; who dials before it runs waits a moment less.
    ['sshd', 'data', 'containerd', 'dockerd'].forEach((name) => phase(name).resolve());
  } else if (kind === 'adopt') {
    // The guest may be halted, for want of space on the host.
    goingOn = retryUntil(() => agent.call('status', {}, { timeoutMs: STATUS_MS }), 1000, signal).then((status) => {
      if (status.phases.some(({ name }) => name === 'repair')) {
        // Of a repair whose backend died: it has no engine and never will.
        throw new BerthError('repair.interrupted', {});
      }
      status.phases.forEach(({ name }) => phase(name).resolve());
      return status.failed && failed(status.failed);
    });
    phase('sshd').resolve();
  } else {
    await running.run();
    timeline.end('qemu');
    timeline.begin('kernel');
    await at('init');
    timeline.end('kernel');
  }

  const engineStarts = kind === 'resume' ? [] : (['containerd', 'dockerd'] as const);
  timeline.begin(...(kind === 'resume' ? [] : (['data'] as const)), 'ssh');
  const opened = at('sshd').then(() => (parts.transport = openTransport(deps, running, keys, agent, (error) => run.fail(error))));
  const ssh = opened.then(async (transport) => {
    await untilAborted(transport.ready(), signal);
    deps.onTransport(transport);
    timeline.end('ssh');
    return transport;
  });
  // An engine that starts may wait for them; in a guest that went on they are mounted, and looking at them would compete with its first answer.
  const mounted =
    kind === 'cold'
      ? ssh.then(
          () => mountShares(deps, signal),
          () => undefined,
        )
      : undefined;
  const engine = at('data').then(async () => {
    parts.mounted = true;
    timeline.end('data');
    await markFormatted(files);
    timeline.begin(...engineStarts);
    await Promise.all([at('containerd').then(() => timeline.end('containerd')), at('dockerd').then(() => timeline.end('dockerd'))]);
  });
  const answers = Promise.all([ssh, engine, goingOn]).then(async () => {
    timeline.begin('ping');
    const version = await untilAborted(
      retryUntil(() => deps.ping(signal), 100, signal),
      signal,
    );
    answered = true;
    timeline.end('ping');
    return version;
  });
  const whole = Promise.all([ssh, answers]).then(async ([transport]) => {
    timeline.begin('ports');
    transport.widen();
    await (mounted ?? mountShares(deps, signal));
    await untilAborted(deps.settle(signal), signal).catch((error: unknown) => {
      signal.throwIfAborted();
      // The engine answers: what else is not right is said by whoever could not make it so, and ends nobody's containers.
      log.error('what belongs to the engine was not settled', { error });
    });
    timeline.end('ports');
  });
  await Promise.race([whole, run.late, ...(kind === 'adopt' ? [halted(running)] : [])]);
  const [transport, version] = await Promise.all([opened, Promise.race([answers, Promise.resolve(undefined)])]);
  if (version === undefined) {
    deps.onTransport(transport);
    answers.then(
      (late) => deps.onEngine(late),
      (error: unknown) => log.info('the engine of the VM that was taken over never answered', { error }),
    );
  }
  return { running, agent, transport, keys, engine: version, exited };
}

/** It waits for space on the host, and answers nothing until there is some. */
function halted({ space }: RunningVm): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (space.get()?.state === 'paused') {
        resolve();
      }
    };
    space.subscribe(look);
    look();
  });
}

/** The way into the guest; it dials until it is closed. */
export function openTransport(
  { log, onProblem }: Pick<BootDeps, 'log' | 'onProblem'>,
  { sshPort, relayPort }: RunningVm,
  keys: Keys,
  agent: AgentClient,
  onRefused: (error: BerthError) => void = () => undefined,
): Transport {
  return createTransport({
    target: guestTarget(keys, sshPort),
    log,
    relay:
      relayPort === undefined
        ? undefined
        : createRelay({
            port: relayPort,
            order: (key) => agent.call('relay', { key: key.toString('base64') }, { timeoutMs: RELAY_MS }),
            log,
          }),
    onConnected: () => void setClock(agent, log),
    onRefused(error) {
      onRefused(error);
      onProblem(error);
    },
  });
}

/** After a suspend that failed: the guest runs as before, the connections to it were ended. */
export async function enterAgain(deps: BootDeps, live: LiveVm, disposing: AbortSignal): Promise<void> {
  const gone = new AbortController();
  void live.exited.then((words) => gone.abort(new BerthError('vm.exited', { detail: words })));
  const signal = AbortSignal.any([disposing, gone.signal, AbortSignal.timeout(AGAIN_MS)]);
  live.transport = openTransport(deps, live.running, live.keys, live.agent);
  deps.onTransport(live.transport);
  await untilAborted(live.transport.ready(), signal);
  await mountShares(deps, signal);
  await retryUntil(() => deps.ping(signal), 100, signal);
  live.transport.widen();
  await untilAborted(deps.settle(signal), signal);
}

/** Who has them bound sees errors where it fails; nobody else is kept from the engine. */
function mountShares(deps: BootDeps, signal: AbortSignal): Promise<void> {
  return untilAborted(deps.onGuest(signal), signal).catch((error: unknown) =>
    deps.log.error('the shared folders were not mounted', { error }),
  );
}

/** Out of its pause: for the guest no time has passed, and its random numbers are those of before. Of its connections none was left by the suspend. */
async function catchUp(agent: AgentClient, log: Logger, signal: AbortSignal): Promise<void> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_MS)]);
  const reseed = (): Promise<unknown> => agent.call('reseed', { data: randomBytes(64).toString('base64') });
  await Promise.all([setClock(agent, log), retryUntil(reseed, 100, late)]);
}

/** The guest has no network time: the host's clock is its clock, set again whenever we come back to it. */
async function setClock(agent: AgentClient, log: Logger): Promise<void> {
  try {
    // What the order takes to get there is known after the first one only, and is long on a busy host.
    let way = 0;
    for (let order = 1; order <= CLOCK_ORDERS; order += 1) {
      const sent = Date.now();
      const { driftMs } = await agent.call('clock', { epochMs: Math.round(sent + way) });
      way = (Date.now() - sent) / 2;
      if (order === 1 && Math.abs(driftMs) > 1000) {
        log.warn('the guest’s clock was set', { driftMs });
      }
      if (Math.abs(driftMs) <= CLOCK_MS) {
        return;
      }
    }
  } catch (error) {
    log.debug('the guest’s clock was not set', { error });
  }
}
