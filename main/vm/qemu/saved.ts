// The memory of a suspended VM in the home: written whole or not at all, and used once. A guest that went on from it a second time, over a disk that
// the first one has changed, would destroy that disk: so it is renamed before QEMU goes on from it, and void as soon as any QEMU of this home runs.
// Knows files and the key; nothing of QMP.
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { z } from 'zod';
import { suspendedBy } from '../../../preload/contract';
import type { SuspendedBy } from '../../../preload/contract';
import { ensureFolder, readJsonOr, syncFolder, writeJson } from '../../lib/atomic-file';
import type { HomeFiles } from '../../lib/home';
import { NotResumed } from '../driver';
import type { SavedVm } from '../driver';
import type { MemoryIs } from './migration';
import { stateSchema } from './state-file';
import type { VmState } from './state-file';

const diskSchema = z.object({ path: z.string(), size: z.number(), mtimeMs: z.number(), ino: z.number() });

const recordSchema = z.object({
  format: z.literal(2),
  at: z.number(),
  by: z.enum(suspendedBy),
  /** Of the file with the memory. */
  size: z.number(),
  /** `apart`: the devices are in a file of their own. */
  memory: z.enum(['within', 'apart']),
  /** As the VM ran; its process and its ports are the host's and mean nothing to the guest. */
  machine: stateSchema.pick({ cpus: true, memoryBytes: true, startedAt: true, sharing: true, network: true, accelerator: true }).extend({
    made: stateSchema.shape.made.unwrap(),
    shares: z.array(z.object({ tag: z.string(), folder: z.string(), readOnly: z.boolean(), slot: z.number() })),
  }),
  /** What else the guest relies on. */
  key: z.object({ host: z.string(), keys: z.string(), disk: diskSchema }),
});
export type SavedRecord = z.output<typeof recordSchema>;
export type SavedMachine = SavedRecord['machine'];

export interface SavedFiles {
  readonly memory: string;
  /** Unused where QEMU saves the memory with them. */
  readonly devices: string;
}

export interface Saved {
  /** Undefined where there is none that is whole. */
  read(): Promise<SavedRecord | undefined>;
  describe(): Promise<SavedVm | undefined>;
  /** What to write to; what was there is gone. */
  begin(): Promise<SavedFiles>;
  /** QEMU has written it and holds the disk no more. */
  commit(machine: SavedMachine, memory: MemoryIs, by: SuspendedBy): Promise<void>;
  /** Throws NotResumed where the guest would find another world. */
  check(record: SavedRecord): Promise<void>;
  /** From here on it counts as used. Resolves with what to read. */
  take(): Promise<SavedFiles>;
  /** Used, failed or void. */
  drop(): Promise<void>;
}

export function createSaved(files: HomeFiles, dataDisk: () => Promise<string>): Saved {
  const { folder, saving, memory, using, devices, record: recordPath } = files.suspend;
  const read = async (): Promise<SavedRecord | undefined> => {
    const [record, size] = await Promise.all([
      readJsonOr<SavedRecord | undefined>(recordPath, (value) => recordSchema.parse(value), undefined),
      stat(memory).then(
        (found) => found.size,
        () => undefined,
      ),
    ]);
    return size === undefined ? undefined : record;
  };

  return {
    read,
    async describe() {
      const record = await read();
      if (record === undefined) {
        return undefined;
      }
      const { blocks } = await stat(memory);
      return { at: record.at, by: record.by, bytes: blocks * 512, memoryBytes: record.machine.memoryBytes, made: record.machine.made };
    },
    async begin() {
      await ensureFolder(folder);
      await dropAll();
      return { memory: saving, devices };
    },
    async commit(machine, memoryIs, by) {
      const size = await synced(saving);
      if (memoryIs === 'apart') {
        await synced(devices);
      }
      const key = { host: await hostKey(machine.accelerator), keys: await keysOf(files), disk: await diskKey(await dataDisk()) };
      await writeJson(recordPath, { format: 2, at: Date.now(), by, size, memory: memoryIs, machine, key } satisfies SavedRecord);
      await rename(saving, memory);
      await syncFolder(folder);
    },
    async check({ machine, key, size }) {
      if ((await stat(memory)).size !== size) {
        throw new NotResumed('incomplete');
      }
      if ((await hostKey(machine.accelerator)) !== key.host) {
        throw new NotResumed('otherHost', { accelerator: machine.accelerator.name });
      }
      if ((await keysOf(files)) !== key.keys) {
        throw new NotResumed('keysChanged');
      }
      const now = await diskKey(await dataDisk());
      if (now.path !== key.disk.path || now.size !== key.disk.size || now.mtimeMs !== key.disk.mtimeMs || now.ino !== key.disk.ino) {
        throw new NotResumed('diskChanged', { path: now.path });
      }
    },
    async take() {
      await rename(memory, using);
      await syncFolder(folder);
      return { memory: using, devices };
    },
    drop: dropAll,
  };

  async function dropAll(): Promise<void> {
    // The memory first: a record without it says nothing.
    for (const path of [memory, using, saving, devices, recordPath]) {
      await rm(path, { force: true });
    }
  }
}

/** Resolves with its size. */
async function synced(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Under emulation the processor is QEMU's own; elsewhere the guest has seen the host's. */
async function hostKey({ name }: VmState['accelerator']): Promise<string> {
  if (name === 'tcg') {
    return '';
  }
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const seen = ['model name', 'stepping', 'microcode', 'flags'].map(
    (field) => new RegExp(`^${field}\\s*:(.*)$`, 'm').exec(info)?.[1] ?? '',
  );
  return createHash('sha256')
    .update([cpus()[0]?.model ?? '', release(), ...seen].join('\n'))
    .digest('hex');
}

/** The guest lets in whoever has this key, and is known by that one. */
async function keysOf(files: HomeFiles): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [files.keys.clientPublic, files.keys.hostPublic]) {
    hash.update(await readFile(path).catch(() => ''));
  }
  return hash.digest('hex');
}

async function diskKey(path: string): Promise<z.output<typeof diskSchema>> {
  const { size, mtimeMs, ino } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0, ino: 0 }));
  return { path, size, mtimeMs, ino };
}
