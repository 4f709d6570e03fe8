// The ledger: what Berth's files take on the host, what the guest says of its own, and what a trim would bring. Reads and changes nothing.
import { opendir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataDiskFile, DiskFile, DiskFileKind, DiskLedger, HostSpace } from '../../preload/contract';
import { hasCode } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import { readRecord } from '../vm/disk';
import { hostSpace } from '../vm/disk-space';
import type { Agent } from '../vm/agent';

export interface LedgerDeps {
  readonly files: HomeFiles;
  /** Folders of the system image and of the bundle. */
  readonly system: readonly string[];
  /** Its `disk` rejects while no guest runs. */
  readonly agent: Agent;
  /** The guard's last look. */
  space(): HostSpace | undefined;
}

export interface LedgerReader {
  read(): Promise<DiskLedger>;
  /** A trim was just done: what still lies between the file and the guest's own figures is the file system's, and no trim brings it. */
  trimmed(): Promise<void>;
}

const ASK_MS = 3000;

export function createLedgerReader(deps: LedgerDeps): LedgerReader {
  const { files, system, agent } = deps;
  /** Journal and tables that the host has given blocks to; known after a trim. */
  let overhead = 0;

  async function guestFigures(): Promise<DiskLedger['guest']> {
    return agent.call('disk', {}, { timeoutMs: ASK_MS }).then(
      ({ totalBytes, usedBytes, freeBytes }) => ({ totalBytes, usedBytes, freeBytes }),
      () => undefined,
    );
  }

  async function read(): Promise<DiskLedger> {
    const record = await readRecord(files).catch(() => undefined);
    const path = record?.path ?? files.disks.data;
    const [disk, oldDisk, guest, others, host] = await Promise.all([
      diskFile(path),
      record?.oldPath === undefined ? undefined : diskFile(record.oldPath),
      guestFigures(),
      otherFiles(files, system, path, record?.copyingTo),
      currentSpace(dirname(path), files.root, deps.space()),
    ]);
    return {
      ...(disk === undefined ? {} : { disk }),
      ...(disk === undefined && record !== undefined && record.state !== 'making' ? { missingPath: path } : {}),
      ...(guest === undefined ? {} : { guest }),
      ...(guest === undefined || disk === undefined ? {} : { trimBytes: Math.max(0, disk.hostBytes - guest.usedBytes - overhead) }),
      files: oldDisk === undefined ? others : [...others, { kind: 'oldDisk', path: oldDisk.path, hostBytes: oldDisk.hostBytes }],
      ...(oldDisk === undefined ? {} : { oldDisk }),
      host,
    };
  }

  return {
    read,
    async trimmed() {
      const record = await readRecord(files).catch(() => undefined);
      const [disk, guest] = await Promise.all([diskFile(record?.path ?? files.disks.data), guestFigures()]);
      if (disk !== undefined && guest !== undefined) {
        overhead = Math.max(0, disk.hostBytes - guest.usedBytes);
      }
    },
  };
}

export async function diskFile(path: string): Promise<DataDiskFile | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? { path, sizeBytes: found.size, hostBytes: found.blocks * 512 } : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) {
      return undefined;
    }
    throw error;
  }
}

/** The data disk's folder may be away with the disk that it is on. */
async function currentSpace(folder: string, home: string, guarded: HostSpace | undefined): Promise<HostSpace> {
  const now = await hostSpace(folder).catch(() => hostSpace(home));
  return guarded?.folder === now.folder ? { ...now, state: guarded.state } : now;
}

async function otherFiles(files: HomeFiles, system: readonly string[], ...known: readonly (string | undefined)[]): Promise<DiskFile[]> {
  const parts: readonly (readonly [DiskFileKind, string])[] = [
    ...system.map((folder) => ['system', folder] as const),
    ['memory', files.suspend.folder],
    ['logs', files.logs.folder],
    ['other', files.electron],
    ['other', files.state.folder],
  ];
  const sizes = await Promise.all(parts.map(async ([kind, path]) => ({ kind, path, hostBytes: await folderBytes(path, new Set(known)) })));
  return sizes.filter(({ hostBytes }) => hostBytes > 0);
}

/** Blocks, each file once however many names it has. */
async function folderBytes(folder: string, skipped: ReadonlySet<string | undefined>, seen = new Set<string>()): Promise<number> {
  let sum = 0;
  const entries = await opendir(folder).catch(() => undefined);
  if (entries === undefined) {
    return 0;
  }
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (skipped.has(path)) {
      continue;
    }
    if (entry.isDirectory()) {
      sum += await folderBytes(path, skipped, seen);
    } else if (entry.isFile()) {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      const key = `${found?.dev}:${found?.ino}`;
      if (found !== undefined && !seen.has(key)) {
        seen.add(key);
        sum += Number(found.blocks) * 512;
      }
    }
  }
  return sum;
}
