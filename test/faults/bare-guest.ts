// The guest alone, as vm/AGREEMENT.md has it: a disk file, the lines of its settings, what it says on its port. No supervisor, no engine client.
// A test decides what the disk holds before a boot and looks at it afterwards.
import { rm } from 'node:fs/promises';
import { defaultDaemonDocument } from '../../preload/contract';
import { ensureFolder } from '../../main/lib/atomic-file';
import { homeFiles } from '../../main/lib/home';
import type { HomeFiles } from '../../main/lib/home';
import { createLog } from '../../main/lib/log';
import { isAlive } from '../../main/lib/process';
import { prepareRunFolder } from '../../main/lib/run-folder';
import { settledWithin } from '../../main/lib/async';
import { connectSsh } from '../../main/ssh/connection';
import type { ExecResult } from '../../main/ssh/connection';
import { dialAgent } from '../../main/vm/agent';
import { EMULATION_RACE } from '../../main/vm/boot';
import type { AgentClient, AgentEvent } from '../../main/vm/agent';
import { guestTarget, loadKeys } from '../../main/vm/keys';
import { createQemuDriver } from '../../main/vm/qemu/driver';
import { makeHome, testResources } from '../vm/open-vm';

const TCG = { name: 'tcg', works: true, reason: { key: 'always', params: {} }, seconds: 0, remembered: true } as const;
/** Not a target: how long a busy machine may take before a test gives up. */
const PATIENCE_MS = 240_000;

export interface BareGuest {
  readonly agent: AgentClient;
  readonly events: readonly AgentEvent[];
  /** The first event, past or to come, of which the check is true. */
  event(check: (event: AgentEvent) => boolean): Promise<AgentEvent>;
  phase(name: string): Promise<AgentEvent>;
  /** The phase `data`, or why there is none. */
  data(): Promise<AgentEvent>;
  exec(command: string): Promise<ExecResult>;
  /** In order, by the agent; resolves when QEMU is gone. */
  shutDown(): Promise<void>;
  /** As a power cut. */
  kill(): Promise<void>;
}

export interface BareHome {
  readonly files: HomeFiles;
  boot(settings: readonly string[], options?: { readonly daemonJson?: string }): Promise<BareGuest>;
  dispose(): Promise<void>;
}

export async function createBareHome(): Promise<BareHome> {
  const home = await makeHome('berth-g-');
  const files = homeFiles(home, await prepareRunFolder(home));
  await ensureFolder(files.disks.folder);
  const log = createLog(files.logs.berth, { level: 'debug' });
  const driver = createQemuDriver({ files, resources: await testResources(), log });
  const keys = await loadKeys(files);
  const alive = new Set<BareGuest>();

  const bootOnce: BareHome['boot'] = async (settings, { daemonJson = JSON.stringify(defaultDaemonDocument) } = {}) => {
    const events: AgentEvent[] = [];
    const waiting = new Set<() => void>();
    const guest = {
      config: `mode normal\nepoch-ms ${Date.now()}\n${settings.join('\n')}\n`,
      authorizedKey: `${keys.client.publicKey}\n`,
      hostKey: keys.host.privateKey,
      daemonJson,
      authorities: '',
      registryCertificates: '',
      shares: '',
    };
    const running = await driver.start(
      { cpus: 2, memoryBytes: 1024 * 2 ** 20, accelerator: TCG, guest, hostAccess: 'all', shares: [] },
      AbortSignal.timeout(PATIENCE_MS),
    );
    const onEvent = (event: AgentEvent): void => {
      events.push(event);
      waiting.forEach((look) => look());
    };
    const agent = await dialAgent(files.run.agent, onEvent, AbortSignal.timeout(PATIENCE_MS));
    await running.run();

    const event: BareGuest['event'] = (check) =>
      new Promise((resolve, reject) => {
        const done = (found: AgentEvent | undefined, why: string): void => {
          waiting.delete(look);
          clearTimeout(timer);
          if (found === undefined) {
            reject(new Error(`${why}; events: ${JSON.stringify(events)}`));
          } else {
            resolve(found);
          }
        };
        const look = (): void => {
          const found = events.find(check);
          if (found !== undefined) {
            done(found, '');
          }
        };
        const timer = setTimeout(() => done(undefined, 'the event did not come'), PATIENCE_MS);
        waiting.add(look);
        void running.exited.then((words) => done(undefined, `the guest ended: ${words}`));
        look();
      });
    const bare: BareGuest = {
      agent,
      events,
      event,
      phase: (name) => event((found) => found.event === 'phase' && found.name === name),
      data: () => event((found) => found.event === 'failed' || (found.event === 'phase' && found.name === 'data')),
      async exec(command) {
        await bare.phase('sshd');
        const connection = await connectSsh(guestTarget(keys, running.sshPort), AbortSignal.timeout(PATIENCE_MS));
        try {
          return await connection.exec(command);
        } finally {
          connection.end();
        }
      },
      async shutDown() {
        await agent.call('shutdown', {});
        if (!(await settledWithin(running.exited, PATIENCE_MS))) {
          throw new Error('the guest did not go down');
        }
        alive.delete(bare);
      },
      async kill() {
        if (isAlive(running.pid)) {
          process.kill(running.pid, 'SIGKILL');
        }
        await running.exited;
        agent.close();
        alive.delete(bare);
      },
    };
    alive.add(bare);
    return bare;
  };

  return {
    files,
    async boot(settings, options) {
      const first = await bootOnce(settings, options);
      const aborted = await first.phase('init').then(
        () => false,
        (error: unknown) => String(error).includes(EMULATION_RACE),
      );
      // As main/vm/boot.ts does it.
      return aborted ? bootOnce(settings, options) : first;
    },
    async dispose() {
      await Promise.all([...alive].map((guest) => guest.kill()));
      log.dispose();
      await rm(home, { recursive: true, force: true });
    },
  };
}
