// QEMU's process: killed while idle, under writes and during a pull, and held for a while. The guest's fsynced bytes are on the host's side then;
// what a power cut of the host itself loses is another question, which no kill of a process asks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../harness/fault';
import type { Stage } from '../harness/stage';
import { WITNESSES } from '../harness/stage';

const HELD_MS = 20_000;

/** Milliseconds until the state says so. */
async function seenEnding(stage: Stage): Promise<number> {
  const began = performance.now();
  const seen = new Promise<number>((resolve) => {
    const stop = stage.backend.backend.vm.status.subscribe(({ state }) => {
      if (state !== 'running') {
        stop();
        resolve(performance.now() - began);
      }
    });
  });
  const milliseconds = await Promise.race([seen, sleep(30_000, undefined, { ref: false })]);
  if (milliseconds === undefined) {
    throw new Error('the end of the VM was not seen');
  }
  return milliseconds;
}

/** Seen by its exit, within two seconds, and said before the next start. */
async function killQemu(stage: Stage): Promise<void> {
  const ended = seenEnding(stage);
  process.kill(stage.pid(), 'SIGKILL');
  const milliseconds = await ended;
  if (milliseconds > 2000) {
    throw new Error(`the death of QEMU was seen after ${milliseconds} ms`);
  }
}

async function cameBack(stage: Stage): Promise<void> {
  const running = await stage.docker('ps', '--format', '{{.Names}}');
  const names = running.trim().split('\n');
  if (!names.includes(WITNESSES.always) || names.includes(WITNESSES.once)) {
    throw new Error(`not by their restart policies: ${names.join(', ')} run`);
  }
}

const killed = { messages: ['vm.exited'], endsVm: true, inject: killQemu, check: cameBack } as const satisfies Partial<Fault>;

export const qemuFaults: readonly Fault[] = [
  { ...killed, name: 'qemu-killed', long: true, what: 'kill -9 of QEMU, idle' },
  { ...killed, name: 'qemu-killed-writing', what: 'kill -9 of QEMU while a container writes with fsync', under: 'writes' },
  { ...killed, name: 'qemu-killed-pull', long: true, what: 'kill -9 of QEMU during a pull', under: 'pull' },
  {
    name: 'guest-panic',
    long: true,
    what: 'the guest’s kernel panics',
    messages: ['vm.exited'],
    endsVm: true,
    async inject(stage) {
      const ended = seenEnding(stage);
      void stage.guest('echo c > /proc/sysrq-trigger').catch(() => undefined);
      await ended;
    },
    async check(stage, { messages }) {
      const detail = String(messages[0]?.params['detail']);
      if (!detail.includes('Kernel panic')) {
        throw new Error(`the cause that was said is ${detail}`);
      }
      await cameBack(stage);
    },
  },
  {
    name: 'qemu-held',
    what: 'SIGSTOP of QEMU for 20 s while a container writes',
    messages: [],
    under: 'writes',
    async inject(stage) {
      const pid = stage.pid();
      process.kill(pid, 'SIGSTOP');
      // A client that asks meanwhile waits, and is answered.
      const asked = stage.docker('ps', '--quiet');
      asked.catch(() => undefined);
      await sleep(HELD_MS);
      const { state, error } = stage.status();
      process.kill(pid, 'SIGCONT');
      if (state !== 'running' || error?.code !== 'engine.notAnswering') {
        throw new Error(`while QEMU was held the state was ${state} with ${error?.code ?? 'no error'}`);
      }
      await asked;
    },
  },
];
