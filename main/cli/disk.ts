// `berth disk`: what Berth takes of this computer's disk, and the ways to give it back, to have more of it and to have it elsewhere.
// Sizes are read and shown in powers of 1024.
import { resolve } from 'node:path';
import type { Client, DiskLedger, EngineUsage, Task } from '../../preload/contract';
import { columns, errorJson, first, session, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';
import { followTask } from './task';

export interface PruneFlags extends JsonFlag {
  readonly containers: boolean;
  readonly images: boolean;
  readonly allImages: boolean;
  readonly buildCache: boolean;
  readonly volume: readonly string[];
}

export interface DiskCommands {
  show(flags: JsonFlag): Promise<void>;
  trim(flags: JsonFlag): Promise<void>;
  prune(flags: PruneFlags): Promise<void>;
  grow(size: string, flags: JsonFlag): Promise<void>;
  move(folder: string, flags: JsonFlag): Promise<void>;
  forget(path: string, flags: JsonFlag): Promise<void>;
}

const SIZE = /^(\d+(?:\.\d+)?)\s*([KMGT])i?B?$/i;
const POWERS: Readonly<Record<string, number>> = { K: 1, M: 2, G: 3, T: 4 };

/** `96G`, `1.5 TB`; undefined for what is no size, and for a bare number, which could mean anything. */
export function parseSize(given: string): number | undefined {
  const [, number = '', unit = ''] = SIZE.exec(given.trim()) ?? [];
  const power = POWERS[unit.toUpperCase()];
  return power === undefined ? undefined : Math.round(Number(number) * 1024 ** power);
}

export function createDiskCommands(kit: Kit): DiskCommands {
  const { output } = kit;
  const { texts, print, say } = output;
  const word = (key: string, params?: Readonly<Record<string, string | number>>): string => texts.text('cli', `disk.${key}`, params);

  async function usageOf(client: Client): Promise<EngineUsage | undefined> {
    const { state } = await first(client, 'vm.status', {});
    return state === 'running' ? client.call('disk.usage', {}) : undefined;
  }

  function lines({ disk, missingPath, guest, trimBytes, files, host }: DiskLedger, usage: EngineUsage | undefined): string[] {
    const row = (key: string, bytes: number, note = ''): string[] => [word(`row.${key}`), texts.bytes(bytes), note];
    const rows = [
      ...(disk === undefined ? [] : [row('disk', disk.hostBytes, disk.path), row('size', disk.sizeBytes)]),
      ...(guest === undefined ? [] : [row('used', guest.usedBytes), row('trim', trimBytes ?? 0)]),
      ...(usage === undefined
        ? []
        : [
            row('images', usage.images.totalBytes, word('prunable', { prunableBytes: usage.images.prunableBytes })),
            row('containers', usage.containers.totalBytes, word('prunable', { prunableBytes: usage.containers.prunableBytes })),
            row('buildCache', usage.buildCache.totalBytes, word('prunable', { prunableBytes: usage.buildCache.prunableBytes })),
            row(
              'volumes',
              usage.volumes.reduce((sum, { bytes }) => sum + bytes, 0),
              word('volumes', { count: usage.volumes.length }),
            ),
          ]),
      ...files.map(({ kind, path, hostBytes }) => row(kind, hostBytes, path)),
      row('free', host.freeBytes, host.folder),
    ];
    return [...(missingPath === undefined ? [] : [word('missing', { path: missingPath })]), ...columns(rows)];
  }

  /** Ends the command where the task did not end well. */
  async function follow(client: Client, task: string, { json }: JsonFlag): Promise<Task> {
    const told = new Set<string>();
    let percent = 0;
    const ended = await followTask(kit, client, task, ({ steps = [], currentBytes, totalBytes }) => {
      for (const { name, state, seconds } of steps) {
        if (state === 'done' && !told.has(name)) {
          told.add(name);
          say(texts.text('cli', 'phase', { name: texts.text('disk', `step.${name}`), seconds: (seconds ?? 0).toFixed(2) }));
        }
      }
      const now = totalBytes > 0 ? Math.floor((currentBytes / totalBytes) * 10) * 10 : 0;
      if (now > percent) {
        percent = now;
        say(word('progress', { percent }));
      }
    });
    if (json) {
      print(JSON.stringify(taskJson(ended)));
    } else if (ended.hostBytes !== undefined) {
      const { before, after } = ended.hostBytes;
      say(word('before', { beforeBytes: before, afterBytes: after, backBytes: Math.max(0, before - after) }));
    }
    if (ended.state !== 'done') {
      if (!json && ended.error !== undefined) {
        output.error(ended.error);
      } else if (ended.state === 'cancelled') {
        say(word('cancelled'));
      }
      throw new Exit(EXIT.failed);
    }
    return ended;
  }

  const taskJson = ({ state, hostBytes, error }: Task): unknown => ({
    state,
    hostBytes: hostBytes ?? null,
    error: error === undefined ? null : errorJson(error, output),
  });

  return {
    show: (flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const ledger = await first(client, 'disk.changes', {});
        const usage = await usageOf(client);
        if (flags.json) {
          print(JSON.stringify({ ...ledger, usage: usage ?? null }));
          return;
        }
        lines(ledger, usage).forEach(print);
        if (usage === undefined) {
          say(word('notRunning'));
        }
        if (ledger.host.state !== 'ok') {
          say(word(`state.${ledger.host.state}`));
        }
      }),
    trim: (flags) =>
      session(kit, { ...flags, needs: 'engine' }, async (client) => {
        await follow(client, (await client.call('disk.trim', {})).task, flags);
      }),
    prune: (flags) =>
      session(kit, { ...flags, needs: 'engine' }, async (client) => {
        const { containers, allImages, images, buildCache, volume } = flags;
        if (!containers && !images && !allImages && !buildCache && volume.length === 0) {
          throw wrongUsage(output, 'usage.nothingToPrune');
        }
        const which = allImages ? 'unused' : images ? 'dangling' : 'none';
        const { task } = await client.call('disk.prune', { containers, images: which, buildCache, volumes: [...volume] });
        await follow(client, task, flags);
      }),
    grow: (size, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const bytes = parseSize(size);
        if (bytes === undefined) {
          throw wrongUsage(output, 'usage.badSize', { given: size });
        }
        await client.call('disk.grow', { bytes });
        const { disk } = await first(client, 'disk.changes', {});
        if (flags.json) {
          print(JSON.stringify(disk ?? null));
        } else {
          say(word('grown', { sizeBytes: disk?.sizeBytes ?? bytes }));
        }
      }),
    move: (folder, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const { task } = await client.call('disk.move', { folder: resolve(folder) });
        await follow(client, task, flags);
        const { disk, oldDisk } = await first(client, 'disk.changes', {});
        if (!flags.json) {
          say(word('moved', { path: disk?.path ?? '', old: oldDisk?.path ?? '' }));
        }
      }),
    forget: (path, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const full = resolve(path);
        await client.call('disk.forgetOld', { path: full });
        if (flags.json) {
          print(JSON.stringify({ path: full }));
        } else {
          say(word('forgotten', { path: full }));
        }
      }),
  };
}
