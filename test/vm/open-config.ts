// The engine's configuration over a VM that runs, composed as app.ts does it, with files of the test's own. `close` puts the default one back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDaemonDocument } from '../../preload/contract';
import type { BerthError } from '../../preload/contract';
import { createConfigGuest, presentIn } from '../../main/config-guest';
import { createDaemonConfig } from '../../main/daemon-config/create-daemon-config';
import type { ConfigGuest, DaemonConfig, DaemonConfigDeps } from '../../main/daemon-config/daemon-config';
import { silentLogger } from '../../main/lib/logger';
import { createObservable } from '../../main/lib/observable';
import { createTasks } from '../../main/tasks';
import type { Tasks } from '../../main/tasks';
import type { Vm } from '../../main/vm/vm';
import { configFilesIn } from '../fakes/config-bench';
import { openEngine } from './open-engine';
import type { OpenEngine } from './open-engine';

export interface OpenConfig {
  readonly config: DaemonConfig;
  readonly guest: ConfigGuest;
  readonly files: DaemonConfigDeps['files'];
  readonly engine: OpenEngine;
  readonly tasks: Tasks;
  readonly notices: BerthError[];
  close(): Promise<void>;
}

export async function openConfig(vm: Vm): Promise<OpenConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-config-'));
  const files = configFilesIn(folder);
  const engine = await openEngine(vm.dialer);
  const tasks = createTasks();
  const notices: BerthError[] = [];
  const guest = createConfigGuest({
    vm,
    available: createObservable(true),
    containers: engine.engine.handlers,
    pauseEvents: engine.engine.pauseEvents,
  });
  const found = await guest.read();
  const config = await createDaemonConfig({
    files,
    guest,
    tasks,
    log: silentLogger,
    notify: (_, error) => notices.push(error),
    present: () => presentIn(engine.engine.state.get()),
  });
  return {
    ...{ config, guest, files, engine, tasks, notices },
    async close() {
      const back = await config.change('form', () => defaultDaemonDocument, { accept: { warnings: true, disruptive: true } });
      await back.done;
      // Its very text: a backend over the VM's own home takes any other for somebody's edit.
      await guest.write(found);
      config.dispose();
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
