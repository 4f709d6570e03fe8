// Suspend and resume, broken at each step: what was saved is used once and whole or not at all, and a VM that cannot be saved runs on. Where the memory
// is not used the start is cold; volumes are those of the suspend, which wrote everything down before.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { memoryProgram } from '../../../main/vm/qemu/files';
import { createMemoryFile, memoryOf } from '../../../main/vm/qemu/memory';
import { createMigration } from '../../../main/vm/qemu/migration';
import type { Migration } from '../../../main/vm/qemu/migration';
import { connectQmp } from '../../../main/vm/qemu/qmp';
import type { Qmp } from '../../../main/vm/qemu/qmp';
import type { BootTimeline } from '../../../preload/contract';
import type { Fault } from '../harness/fault';
import type { Stage } from '../harness/stage';
import { WITNESSES } from '../harness/stage';

const quiet = { signal: new AbortController().signal };
const run = promisify(execFile);

const suspend = (stage: Stage): Promise<unknown> => Promise.resolve(stage.handlers['vm.stop']({ shutdown: false }, quiet));
const start = (stage: Stage): Promise<unknown> => Promise.resolve(stage.handlers['vm.start']({}, quiet));
const lastBoot = (stage: Stage): BootTimeline | undefined => stage.status().boot;

function resumed(stage: Stage): void {
  const boot = lastBoot(stage);
  if (boot?.kind !== 'resume' || stage.status().suspended !== undefined) {
    throw new Error(`not resumed but ${boot?.kind ?? 'nothing'} ${JSON.stringify(boot?.notResumed)}`);
  }
}

function coldBecause(key: string | undefined): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const boot = lastBoot(stage);
    if (boot?.kind !== 'cold' || boot.notResumed?.key !== key) {
      throw new Error(`not cold because of ${key ?? 'nothing'} but ${boot?.kind ?? 'nothing'} ${JSON.stringify(boot?.notResumed)}`);
    }
    await nothingSaved(stage);
  };
}

async function nothingSaved({ backend: { files } }: Stage): Promise<void> {
  const { memory, using, saving: begun, devices, record } = files.suspend;
  for (const path of [memory, using, begun, devices, record]) {
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    ) {
      throw new Error(`${path} is left`);
    }
  }
}

/** Resolves when the save has begun to fill its file. */
async function saving({ backend: { files } }: Stage): Promise<void> {
  for (;;) {
    const blocks = await stat(files.suspend.saving).then(
      (found) => found.blocks,
      () => 0,
    );
    if (blocks > 0) {
      return;
    }
    await sleep(1);
  }
}

/** Suspended, changed by `change`, started. */
function between(change: (stage: Stage) => Promise<void>): Fault['inject'] {
  return async (stage) => {
    await suspend(stage);
    await change(stage);
    await start(stage);
  };
}

interface Door {
  readonly qmp: Qmp;
  readonly migration: Migration;
}

/** What a backend had done that died at a step of its suspend; the next one takes over the QEMU that is left. */
function abandoned(steps: (door: Door, stage: Stage) => Promise<void>): Fault['inject'] {
  return async (stage) => {
    const { files } = stage.backend;
    await stage.without(async () => {
      await mkdir(files.suspend.folder, { recursive: true });
      const migration = createMigration(() => qmp);
      const qmp = await connectQmp(files.run.qmp, (event) => migration.onEvent(event), 5000);
      await steps({ qmp, migration }, stage);
      qmp.close();
    });
  };
}

async function save({ qmp, migration }: Door, { pid, backend: { files }, resources }: Stage): Promise<void> {
  await qmp.execute('stop');
  await migration.save('suspend/devices', 'apart');
  await createMemoryFile(() => memoryProgram(resources)).save((await memoryOf(pid())) ?? '', files.suspend.saving);
}

const cold = { messages: [], endsVm: true } as const satisfies Partial<Fault>;
const lives = { messages: [] } as const satisfies Partial<Fault>;

let witness = 0;

export const suspendFaults: readonly Fault[] = [
  {
    ...lives,
    name: 'suspend',
    what: 'suspend and resume while a container writes with fsync',
    under: 'writes',
    async inject(stage) {
      await suspend(stage);
      await start(stage);
    },
    check: resumed,
  },
  {
    ...lives,
    name: 'suspend-qemu-killed',
    what: 'kill -9 of QEMU while its memory is saved: the guest was halted, so the save is whole all the same',
    async inject(stage) {
      const pid = stage.pid();
      await Promise.all([suspend(stage), saving(stage).then(() => process.kill(pid, 'SIGKILL'))]);
      await start(stage);
    },
    check: resumed,
  },
  {
    ...lives,
    name: 'suspend-dies-stopped',
    long: true,
    what: 'the backend dies with the guest halted, before anything is saved',
    inject: abandoned(async ({ qmp }) => {
      await qmp.execute('stop');
    }),
    check: nothingSaved,
  },
  {
    ...lives,
    name: 'suspend-dies-saved',
    what: 'the backend dies when the memory is saved, before it has its name',
    inject: abandoned(save),
    check: nothingSaved,
  },
  {
    ...lives,
    name: 'suspend-dies-named',
    long: true,
    what: 'the backend dies when the memory has its name, and QEMU is still there',
    inject: abandoned(async (door, stage) => {
      const { files } = stage.backend;
      await save(door, stage);
      await rename(files.suspend.saving, files.suspend.memory);
      await writeFile(files.suspend.record, '{}');
    }),
    check: nothingSaved,
  },
  {
    ...cold,
    name: 'resume-dies',
    long: true,
    what: 'the backend dies with the memory taken for a resume that did not come about',
    inject: between(({ backend: { files } }) => rename(files.suspend.memory, files.suspend.using)),
    check: coldBecause(undefined),
  },
  {
    ...cold,
    name: 'suspend-truncated',
    long: true,
    what: 'the saved memory is cut to its half',
    inject: between(async ({ backend: { files } }) =>
      truncate(files.suspend.memory, Math.floor((await stat(files.suspend.memory)).size / 2)),
    ),
    check: coldBecause('incomplete'),
  },
  {
    ...cold,
    name: 'suspend-rubbish',
    what: 'a page of the saved memory is rubbish',
    inject: between(async ({ backend: { files } }) => {
      await run('dd', ['if=/dev/urandom', `of=${files.suspend.memory}`, 'bs=4096', 'count=1', 'seek=5000', 'conv=notrunc'], {
        encoding: 'utf8',
      });
    }),
    check: coldBecause('failed'),
  },
  {
    ...cold,
    name: 'suspend-other-guest',
    long: true,
    what: 'the saved memory is of another guest image',
    inject: between(async ({ backend: { files } }) => {
      const record = await readFile(files.suspend.record, 'utf8');
      await writeFile(files.suspend.record, record.replace(/"guest": "[^"]*"/, '"guest": "0000000000000000"'));
    }),
    check: coldBecause('otherGuest'),
  },
  {
    ...cold,
    name: 'suspend-twice',
    what: 'the same saved memory is put back and used a second time: refused',
    async inject(stage) {
      const { memory, record } = stage.backend.files.suspend;
      await suspend(stage);
      await Promise.all([copyFile(memory, `${stage.home}/copy.memory`), copyFile(record, `${stage.home}/copy.record`)]);
      await start(stage);
      await stage.docker('exec', WITNESSES.always, 'sh', '-c', `echo ${(witness += 1)} > /tmp/moved-on; sync`);
      await suspend(stage);
      await Promise.all([rename(`${stage.home}/copy.memory`, memory), rename(`${stage.home}/copy.record`, record)]);
      await start(stage);
    },
    check: coldBecause('diskChanged'),
  },
  {
    ...lives,
    name: 'suspend-disk-full',
    what: 'the host’s disk is full while the memory is saved (a file system of 48 MiB)',
    messages: ['vm.suspendFailed'],
    async inject(stage) {
      const { folder } = stage.backend.files.suspend;
      await mkdir(folder, { recursive: true });
      await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'none', folder]);
      const refused = await suspend(stage).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refused === undefined) {
        throw new Error('it was suspended');
      }
    },
    async clean({ backend: { files } }) {
      await run('umount', [files.suspend.folder]);
      await rm(files.suspend.folder, { recursive: true, force: true });
    },
  },
];
