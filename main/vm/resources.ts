// Where the guest and the QEMU bundle are, and whether they are whole: every file's sha256 once, then its recorded size, mtime and inode,
// and the full hash only on a difference. Knows the manifest of vm/AGREEMENT.md and nothing of how they are built.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { BerthError } from '../../preload/contract/errors';
import { hasCode, readJsonOr, readText, writeJson } from '../lib/atomic-file';

export interface Resources {
  /** Folder of vmlinux, initramfs.cpio, system.erofs and manifest.json. */
  readonly guest: string;
  /** Folder of QEMU and the docker CLI, started through bin/. */
  readonly bundle: string;
}

const entrySchema = z.union([z.object({ sha256: z.string(), size: z.number() }), z.object({ link: z.string() })]);
const manifestSchema = z.looseObject({
  format: z.literal(1),
  kind: z.enum(['guest', 'bundle']),
  arch: z.string(),
  hash: z.string(),
  packages: z.record(z.string(), z.string()).default({}),
  files: z.record(z.string(), entrySchema),
  cmdline: z.string().optional(),
  /** Added under software emulation. */
  cmdlineTcg: z.string().optional(),
  engine: z.object({ version: z.string(), source: z.string() }).optional(),
});
export type Manifest = z.output<typeof manifestSchema>;

const checksumsSchema = z.record(
  z.string(),
  z.object({ manifest: z.string(), files: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])) }),
);
type Checksums = z.output<typeof checksumsSchema>;
type Stamp = readonly [size: number, mtimeMs: number, inode: number];

/** BERTH_RESOURCES names a JSON file {guest, bundle}; else the build's own beside the bundled entry or in the package. Relative paths are the file's. */
export async function locateResources(
  environment: Readonly<Record<string, string | undefined>>,
  candidates: readonly string[],
): Promise<Resources> {
  const named = environment['BERTH_RESOURCES'];
  const files = named !== undefined && named !== '' ? [named] : candidates;
  for (const file of files) {
    const text = await readText(file);
    if (text !== undefined) {
      const { guest, bundle } = z.object({ guest: z.string(), bundle: z.string() }).parse(JSON.parse(text));
      return { guest: resolve(dirname(file), guest), bundle: resolve(dirname(file), bundle) };
    }
  }
  throw new BerthError('vm.imageMissing', { path: files.join(', ') });
}

export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, 'manifest.json');
  const text = await readText(path);
  if (text === undefined) {
    throw new BerthError('vm.imageMissing', { path: folder });
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BerthError(
      basename(folder).startsWith('bundle') ? 'vm.bundleDamaged' : 'vm.imageDamaged',
      { path: folder, file: 'manifest.json' },
      { cause: error },
    );
  }
}

export interface Checker {
  /** Both manifests, when every file is as they say. `full` hashes everything, whatever is recorded. */
  verify(options?: { readonly full?: boolean }): Promise<{ readonly guest: Manifest; readonly bundle: Manifest }>;
}

export function createChecker(resources: Resources, recordPath: string): Checker {
  return {
    async verify({ full = false } = {}) {
      const recorded: Checksums = full ? {} : await readJsonOr(recordPath, (value) => checksumsSchema.parse(value), {});
      const [guest, bundle] = await Promise.all([
        verifyFolder(resources.guest, 'vm.imageDamaged', recorded),
        verifyFolder(resources.bundle, 'vm.bundleDamaged', recorded),
      ]);
      if (guest.changed || bundle.changed) {
        await writeJson(recordPath, { [resources.guest]: guest.record, [resources.bundle]: bundle.record });
      }
      return { guest: guest.manifest, bundle: bundle.manifest };
    },
  };
}

interface Verified {
  readonly manifest: Manifest;
  readonly record: Checksums[string];
  readonly changed: boolean;
}

async function verifyFolder(folder: string, damaged: 'vm.imageDamaged' | 'vm.bundleDamaged', recorded: Checksums): Promise<Verified> {
  const manifest = await readManifest(folder);
  const digest = createHash('sha256').update(JSON.stringify(manifest.files)).digest('hex');
  const before = recorded[folder];
  const known = before?.manifest === digest ? before.files : {};
  const stamps: Record<string, [number, number, number]> = {};
  let changed = before?.manifest !== digest;
  for (const [file, entry] of Object.entries(manifest.files)) {
    const path = join(folder, file);
    const fail = (cause?: unknown): never => {
      throw new BerthError(damaged, { path: folder, file }, { cause });
    };
    if ('link' in entry) {
      const target = await readlink(path).catch(fail);
      if (target !== entry.link) {
        fail();
      }
      continue;
    }
    const stamp = await stampOf(path).catch(fail);
    if (stamp[0] !== entry.size) {
      fail();
    }
    const old = known[file];
    if (old === undefined || !stamp.every((value, index) => value === old[index])) {
      changed = true;
      const hash = await hashFile(path).catch(fail);
      if (hash !== entry.sha256) {
        fail();
      }
    }
    stamps[file] = [...stamp];
  }
  return { manifest, record: { manifest: digest, files: stamps }, changed };
}

async function stampOf(path: string): Promise<Stamp> {
  const { size, mtimeMs, ino } = await lstat(path);
  return [size, mtimeMs, ino];
}

/** Small files whole: a bundle has hundreds, and a stream each would cost more than the hashing. */
const WHOLE_BYTES = 1024 * 1024;

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const { size } = await lstat(path);
  if (size <= WHOLE_BYTES) {
    return hash.update(await readFile(path)).digest('hex');
  }
  for await (const chunk of createReadStream(path, { highWaterMark: WHOLE_BYTES })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

/** Why a program that should be there did not start. Security software removes or blocks files; the manifest knows what was there. */
export function explainSpawnError(path: string, error: unknown): BerthError {
  const reason = error instanceof Error ? error.message : String(error);
  if (hasCode(error, 'EACCES', 'EPERM', 'ENOENT', 'ENOEXEC', 'UNKNOWN')) {
    return new BerthError('vm.blockedBinary', { path, reason }, { cause: error });
  }
  return new BerthError('vm.spawnFailed', { detail: reason }, { cause: error });
}
