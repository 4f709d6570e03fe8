// A fake engine and an engine client on it, for tests: everything that one needs in one object, and one way to end it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '../../../main/engine/engine';
import type { Engine, EngineDeps } from '../../../main/engine/engine';
import { silentLogger } from '../../../main/lib/logger';
import { createObservable } from '../../../main/lib/observable';
import type { MutableObservable } from '../../../main/lib/observable';
import { createTasks } from '../../../main/tasks';
import type { Tasks } from '../../../main/tasks';
import type { WireError } from '../../../preload/contract';
import { dialSocket } from './dialer';
import type { SocketDialer } from './dialer';
import type { ModelOptions } from './model';
import { startFakeDockerd } from './server';
import type { FakeDockerd } from './server';

export interface EngineBench {
  readonly fake: FakeDockerd;
  readonly engine: Engine;
  readonly tasks: Tasks;
  readonly dialer: SocketDialer;
  readonly available: MutableObservable<boolean>;
  readonly notices: WireError[];
  dispose(): Promise<void>;
}

export async function startEngineBench(options: ModelOptions = {}, deps: Partial<EngineDeps> = {}): Promise<EngineBench> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-engine-'));
  const fake = await startFakeDockerd(join(folder, 'docker.sock'), options);
  const dialer = dialSocket(fake.socket);
  const available = createObservable(true);
  const tasks = createTasks();
  const notices: WireError[] = [];
  const engine = createEngine({ dialer, log: silentLogger, available, tasks, notify: (error) => notices.push(error), ...deps });
  await engine.settle();
  return {
    fake,
    engine,
    tasks,
    dialer,
    available,
    notices,
    async dispose() {
      engine.dispose();
      tasks.dispose();
      await fake.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits for something that no event tells a test; fails loudly when it never comes. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) {
      throw new Error(`never: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
