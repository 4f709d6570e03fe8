// The guest's services killed: each is said once, with its cause, and is back by itself; containers run on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../harness/fault';
import type { Stage } from '../harness/stage';

/** The guest gives up on a service that ends more often than three times in ten minutes; who restarts the engine begins the count anew. */
const BEFORE_GIVING_UP = 3;
const kills = new Map<string, number>();

async function killService(stage: Stage, service: string, command: string): Promise<void> {
  const before = kills.get(service) ?? 0;
  if (before === BEFORE_GIVING_UP) {
    await stage.backend.backend.vm.agent.call('restart', { service }, { timeoutMs: 120_000 });
    await stage.untilWell(120);
    kills.set(service, 1);
  } else {
    kills.set(service, before + 1);
  }
  const began = performance.now();
  // sshd takes this very session with it or not.
  await stage.guest(command).catch(() => undefined);
  while ((await stage.notices()).length === 0) {
    if (performance.now() - began > 10_000) {
      throw new Error(`the death of ${service} was not said`);
    }
    await sleep(50);
  }
}

function killed(service: string, what: string, command: string): Fault {
  return {
    name: `${service}-killed`,
    what,
    messages: ['engine.exited'],
    inject: (stage) => killService(stage, service, command),
    check(_stage, { messages: [message] }) {
      if (message?.params['service'] !== service) {
        throw new Error(`said of ${message?.params['service'] ?? 'nothing'}`);
      }
    },
  };
}

export const serviceFaults: readonly Fault[] = [
  killed('dockerd', 'kill -9 of dockerd', 'kill -9 $(pidof dockerd)'),
  killed('containerd', 'kill -9 of containerd', 'kill -9 $(pidof containerd)'),
  killed('sshd', 'kill -9 of sshd and of every session', 'kill -9 $(pidof sshd sshd-session sshd-auth)'),
];
