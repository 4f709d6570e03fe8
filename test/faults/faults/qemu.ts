// QEMU's process: killed while idle, under writes and during a pull, and held for a while. The guest's fsynced bytes are on the host's side then;
// what a power cut of the host itself loses is another question, which no kill of a process asks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../harness/fault';
import type { Stage } from '../harness/stage';
import { WITNESSES } from '../harness/stage';

const HELD_MS = 20_000;

/** Seen by its exit, within two seconds, and said before the next start. */
async function killQemu(stage: Stage): Promise<void> {
  const began = performance.now();
  const seen = new Promise<number>((resolve) => {
    const stop = stage.backend.backend.vm.status.subscribe(({ state }) => {
      if (state !== 'running') {
        stop();
        resolve(performance.now() - began);
      }
    });
  });
  process.kill(stage.pid(), 'SIGKILL');
  const late = sleep(10_000, Infinity, { ref: false });
  const milliseconds = await Promise.race([seen, late]);
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
  { ...killed, name: 'qemu-killed', what: 'kill -9 of QEMU, idle' },
  { ...killed, name: 'qemu-killed-writing', what: 'kill -9 of QEMU while a container writes with fsync', under: 'writes' },
  { ...killed, name: 'qemu-killed-pull', what: 'kill -9 of QEMU during a pull', under: 'pull' },
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
