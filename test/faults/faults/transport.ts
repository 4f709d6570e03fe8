// The ways into the guest: the relay of published ports killed, sshd held, and the connections' bytes swallowed without an end.
import { setTimeout as sleep } from 'node:timers/promises';
import { retryUntil } from '../../../main/lib/async';
import { TEST_IMAGE, TEST_PAGE } from '../../vm/images';
import type { Fault } from '../harness/fault';

const HELD_SECONDS = 20;

const CLIENTS = 8;

/** Clients that ask one after the other until told to end; resolves with how many were answered and what happened to the others. */
function clients(port: number): { end(): Promise<{ readonly answered: number; readonly failures: readonly string[] }> } {
  let [asking, answered] = [true, 0];
  const failures: string[] = [];
  const all = Array.from({ length: CLIENTS }, async () => {
    while (asking) {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/`);
        answered += (await response.text()) === TEST_PAGE ? 1 : 0;
      } catch (error) {
        failures.push(String((error as Error).cause ?? error));
      }
    }
  });
  return {
    async end() {
      asking = false;
      await Promise.all(all);
      return { answered, failures };
    },
  };
}

export const transportFaults: readonly Fault[] = [
  {
    name: 'relay-killed',
    // test/vm/ports kills it too, without a load.
    long: true,
    what: "kill -9 of the guest's relay of published ports, under eight clients",
    messages: [],
    async inject(stage) {
      await stage.docker('run', '-d', '--name', 'behind-relay', '-p', '80', TEST_IMAGE, 'httpd', '-f', '-p', '80', '-h', '/www');
      try {
        const port = Number(/:(\d+)/.exec(await stage.docker('port', 'behind-relay', '80'))?.[1]);
        const before = clients(port);
        await sleep(2000);
        await stage.guest('pkill -9 -x berth-relay');
        await sleep(2000);
        const { answered, failures } = await before.end();
        // One for each that was under way.
        if (answered === 0 || failures.length > CLIENTS) {
          throw new Error(`${answered} were answered, ${failures.length} not: ${failures.join(', ')}`);
        }
        const after = clients(port);
        await sleep(10_000);
        const left = await after.end();
        if (left.answered === 0 || left.failures.length > 0) {
          throw new Error(`afterwards ${left.answered} were answered, ${left.failures.length} not: ${left.failures.join(', ')}`);
        }
        if ((await stage.guest('pgrep -r S,R -x berth-relay')).code !== 0) {
          throw new Error('it was not asked for again');
        }
      } finally {
        await stage.docker('rm', '-f', 'behind-relay');
      }
    },
  },
  {
    name: 'sshd-held',
    // qemu-held has the same silence, of everything.
    long: true,
    what: `SIGSTOP of the guest's sshd, sessions too, for ${HELD_SECONDS} s`,
    messages: [],
    async inject(stage) {
      const { stdout } = await stage.guest('pidof sshd sshd-session');
      const pids = stdout.trim();
      // Somebody who is not held lets them go again.
      await stage.guest(
        `setsid sh -c 'sleep 1; kill -STOP ${pids}; sleep ${HELD_SECONDS}; kill -CONT ${pids}' >/dev/null 2>&1 </dev/null &`,
      );
      await sleep(3000);
      const asked = stage.docker('ps', '--quiet');
      asked.catch(() => undefined);
      await sleep(8000);
      const { state, error } = stage.status();
      if (state !== 'running' || error?.code !== 'engine.notAnswering') {
        throw new Error(`while sshd was held the state was ${state} with ${error?.code ?? 'no error'}`);
      }
      // Held, not dead: who waits is answered over the connection that was there.
      await asked;
    },
  },
  {
    name: 'connections-swallowed',
    what: 'the bytes of every SSH connection swallowed for good, without an end',
    messages: [],
    recoversWithin: 30,
    async inject(stage) {
      const { stdout } = await stage.guest("ss -Htn state established '( sport = :1022 )' | sed -E 's/.*:([0-9]+) *$/\\1/'");
      const ports = stdout.trim().split('\n');
      const rules = ports.map((port) => `iptables -I INPUT -p tcp --dport 1022 --sport ${port} -j DROP`).join('; ');
      await stage.guest(`setsid sh -c 'sleep 1; ${rules}' >/dev/null 2>&1 </dev/null &`);
      await sleep(1500);
      // Somebody has to ask: what is not written cannot stay without an answer.
      stage.docker('ps', '--quiet').catch(() => undefined);
      const began = performance.now();
      while (stage.status().error?.code !== 'engine.notAnswering') {
        if (performance.now() - began > 10_000) {
          throw new Error('10 s after the bytes were swallowed nothing was said');
        }
        await sleep(50);
      }
    },
    async check(stage) {
      // What is under way on a connection ends with it, and each of them is found out by itself.
      const { stdout } = await retryUntil(() => stage.guest('iptables -S INPUT'), 500, AbortSignal.timeout(30_000));
      if (!stdout.includes('--dport 1022 -j DROP')) {
        throw new Error('nothing was swallowed');
      }
    },
    async clean(stage) {
      await stage.guest('while iptables -S INPUT | grep -q "dport 1022 -j DROP"; do iptables -D INPUT 1; done');
    },
  },
];
