// A whole backend in a process of its own, for kills in the middle of a change of the configuration. Takes over or starts the VM of the home in
// argv, and prints a report; then for each line of its input, a `Case`, applies the document, kills what the case names at the point that it names,
// and prints another report when all is quiet again (a killed backend prints none).
import { createInterface } from 'node:readline';
import { createBackend } from '../../main/app';
import { prepareHome } from '../../main/control/home';
import { createLog } from '../../main/lib/log';
import { createVm } from '../../main/vm/create-vm';
import { locateResources } from '../../main/vm/resources';
import type { Vm } from '../../main/vm/vm';
import type { ConfigHistoryEntry, ConfigState, Notice, Task } from '../../preload/contract';
import { firstItem, taskEnd } from '../fakes/streams';

export interface Case {
  readonly text: string;
  readonly victim: 'backend' | 'dockerd' | 'QEMU' | 'nobody';
  /** What the guest is asked at that moment. */
  readonly point: 'validate' | 'write' | 'reload' | 'restart' | 'ping';
  readonly when: 'before' | 'after';
}

export interface Report {
  readonly state: ConfigState;
  readonly history: readonly ConfigHistoryEntry[];
  readonly notices: readonly Notice[];
  /** /run/berth/daemon.json */
  readonly file: string;
  readonly task?: Task;
}

let armed: Case | undefined;

async function strike(vm: Vm, point: Case['point'], when: Case['when']): Promise<void> {
  if (armed?.point !== point || armed.when !== when) {
    return;
  }
  const { victim } = armed;
  armed = undefined;
  if (victim === 'backend') {
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  } else if (victim === 'dockerd') {
    await vm.exec('kill -9 $(cat /run/docker.pid)');
  } else if (victim === 'QEMU') {
    process.kill(vm.status.get().pid ?? 0, 'SIGKILL');
  }
}

function mortal(vm: Vm): Vm {
  const around = async <T>(point: Case['point'], work: () => Promise<T>): Promise<T> => {
    await strike(vm, point, 'before');
    const result = await work();
    await strike(vm, point, 'after');
    return result;
  };
  return {
    ...vm,
    exec: (command, options) =>
      typeof command === 'string' && command.includes('--validate')
        ? around('validate', () => vm.exec(command, options))
        : vm.exec(command, options),
    engine: {
      ...vm.engine,
      configure: (text, action) => around(action, () => vm.engine.configure(text, action)),
      answers: (signal) => around('ping', () => vm.engine.answers(signal)),
    },
  };
}

async function main(): Promise<void> {
  const files = await prepareHome(process.argv[2] ?? '');
  const features = { hostTerminal: false, tray: false };
  const backend = await createBackend({
    files,
    resources: await locateResources(process.env, []),
    log: createLog(files.logs.berth, { level: 'debug' }),
    ...{ version: '0.0.0', build: 'test', owner: 'headless', locale: 'en', features },
    createVm: (deps) => mortal(createVm(deps)),
  });
  const handlers = backend.handlersFor({ kind: 'browser', features });
  const quiet = { signal: new AbortController().signal };

  async function report(task?: Task): Promise<void> {
    // A VM that died is started by the backend itself; after the third time in a row it asks first.
    const status = await firstItem(
      (context) => handlers['vm.status']({}, context),
      ({ state, engine, error }) =>
        state === 'failed' || state === 'stopped' || (state === 'running' && (engine !== undefined || error?.code === 'engine.gaveUp')),
    );
    if (status.state !== 'running') {
      await handlers['vm.start']({}, quiet);
    } else if (status.engine === undefined) {
      // The guest starts dockerd three times in ten minutes; here it dies more often.
      await handlers['vm.restart']({ engineOnly: true }, quiet);
    }
    const state = await firstItem(
      (context) => handlers['config.changes']({}, context),
      (each) => each.inForce !== undefined && each.task === undefined,
    );
    const result: Report = {
      state,
      history: await handlers['config.history']({}, quiet),
      notices: await firstItem(
        (context) => handlers['app.notices']({}, context),
        () => true,
      ),
      file: (await backend.vm.exec(['cat', '/run/berth/daemon.json'])).stdout,
      ...(task === undefined ? {} : { task }),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }

  await backend.adopted;
  await report();
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'end') {
      await backend.dispose({ keepVm: false });
      process.exit(0);
    }
    const next = JSON.parse(line) as Case;
    if (next.victim === 'dockerd') {
      // The guest starts it three times in ten minutes; an order of the host's begins the count anew.
      await handlers['vm.restart']({ engineOnly: true }, quiet);
    }
    armed = next;
    const { text } = next;
    const { revision } = await firstItem((context) => handlers['config.changes']({}, context));
    const { task } = await handlers['config.apply'](
      { text, revision, origin: 'editor', accept: { warnings: true, disruptive: true } },
      quiet,
    );
    await report(await taskEnd(handlers, task));
  }
}

void main();
