// One report at a time: gathered into a folder of the home, read from there, saved where the user says, thrown away. Knows what a report is made of
// by its parts only. Nothing here speaks to a network.
import { access, readFile, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, DiagnosticsReport } from '../../preload/contract';
import { asError } from '../lib/async';
import { createObservable, follow } from '../lib/observable';
import { writeArchive } from './archive';
import { gather } from './gather';
import type { Part } from './gather';

export interface DiagnosticsDeps {
  /** Of the home, private; everything in it is ours. */
  readonly folder: string;
  readonly parts: () => readonly Part[];
  readonly partMs?: number;
  readonly now?: () => number;
}

export interface Diagnostics {
  readonly handlers: Pick<BackendHandlers, 'diagnostics.collect' | 'diagnostics.read' | 'diagnostics.save' | 'diagnostics.discard'>;
  dispose(): Promise<void>;
}

/** The doctor hashes the images; what takes longer hangs. */
const PART_MS = 30_000;

export function createDiagnostics({ folder, parts, partMs = PART_MS, now = Date.now }: DiagnosticsDeps): Diagnostics {
  let report: DiagnosticsReport | undefined;
  let stop = new AbortController();

  const placeOf = (id: string): string => join(folder, id);
  const find = (id: string): DiagnosticsReport => {
    if (report?.id !== id) {
      throw new BerthError('diagnostics.gone', {});
    }
    return report;
  };
  const discard = async (): Promise<void> => {
    stop.abort();
    report = undefined;
    await rm(folder, { recursive: true, force: true });
  };

  async function* collect(signal: AbortSignal): AsyncGenerator<DiagnosticsReport> {
    await discard();
    stop = new AbortController();
    const at = now();
    const base = { id: randomUUID(), at, archive: `${rootOf(at)}.tar.gz`, folder: await folderForUser() };
    const state = createObservable<DiagnosticsReport>({ ...base, parts: [], ended: false });
    const publish = (next: DiagnosticsReport): void => {
      report = next;
      state.set(next);
    };
    const ending = AbortSignal.any([signal, stop.signal]);
    const work = gather(parts(), {
      folder: placeOf(base.id),
      partMs,
      signal: ending,
      onChange: (list) => publish({ ...base, parts: list, ended: false }),
    }).then(() => publish({ ...state.get(), ended: true }));
    work.catch(() => undefined);
    for await (const item of follow(state, ending)) {
      yield item;
      if (item.ended) {
        return;
      }
    }
  }

  return {
    handlers: {
      'diagnostics.collect': (_input, { signal }) => collect(signal),
      'diagnostics.read': async ({ id, file }) => {
        // Only what is listed exists, so there is no path to escape by.
        if (!filesOf(find(id)).includes(file)) {
          throw new BerthError('diagnostics.gone', {});
        }
        return { text: await readFile(join(placeOf(id), file), 'utf8') };
      },
      'diagnostics.save': async ({ id, folder: given, archive }) => {
        const found = find(id);
        const path = join(given, archive ?? found.archive);
        const refuse = (reason: string, cause?: unknown): never => {
          throw new BerthError('diagnostics.notSaved', { path, reason }, { cause });
        };
        if (!isAbsolute(given)) {
          refuse('not an absolute path');
        }
        const options = { folder: placeOf(id), files: filesOf(found), root: rootOf(found.at), path };
        const bytes = await writeArchive(options).catch((error: unknown) => refuse(asError(error).message, error));
        return { path, bytes };
      },
      'diagnostics.discard': async ({ id }) => {
        if (report?.id === id) {
          await discard();
        }
      },
    },
    dispose: discard,
  };
}

function filesOf({ parts }: DiagnosticsReport): readonly string[] {
  return parts.flatMap(({ files }) => files.map(({ file }) => file));
}

function rootOf(at: number): string {
  return `berth-diagnostics-${new Date(at).toISOString().slice(0, 19).replace(/[:T]/g, '-')}`;
}

async function folderForUser(): Promise<string> {
  const downloads = join(homedir(), 'Downloads');
  return access(downloads).then(
    () => downloads,
    () => homedir(),
  );
}
