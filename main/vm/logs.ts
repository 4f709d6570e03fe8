// The VM's logs as lines: tails, following, and their size. Serial and guest log are text that the guest controls: without escape sequences
// before anyone sees them, and at most 5 MB each with one older file beside it.
import { watch } from 'node:fs';
import { copyFile, open, stat, truncate } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { logSources } from '../../preload/contract';
import { hasCode } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import { createLineSplitter } from '../lib/lines';

export type LogSource = (typeof logSources)[number];

export const LOG_LIMIT_BYTES = 5 * 1024 * 1024;
/** Read backwards for a tail; lines of other services are in between. */
const TAIL_BYTES = 1024 * 1024;

interface Place {
  readonly path: string;
  /** Of guest.log only the lines of this service, without its name. */
  readonly service?: string;
}

export function placeOf(files: HomeFiles, source: LogSource): Place {
  switch (source) {
    case 'serial':
      return { path: files.logs.serial };
    case 'qemu':
      return { path: files.logs.qemu };
    case 'berth':
      return { path: files.logs.berth };
    case 'guest':
      return { path: files.logs.guest };
    default:
      return { path: files.logs.guest, service: source };
  }
}

export async function tailLog(files: HomeFiles, source: LogSource, lines: number): Promise<readonly string[]> {
  const place = placeOf(files, source);
  const { text } = await readFrom(place.path, Math.max(0, (await sizeOf(place.path)) - TAIL_BYTES));
  return clean(text.split('\n'), place).slice(-lines);
}

/** The tail, then what is added, in batches; begins anew where the file was cut. Ends when the signal aborts. */
export async function* followLog(
  files: HomeFiles,
  source: LogSource,
  tail: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly lines: readonly string[] }> {
  const place = placeOf(files, source);
  await (await open(place.path, 'a', 0o600)).close(); // There is something to watch, before the first start too.
  let offset = await sizeOf(place.path);
  let splitter = createLineSplitter();
  const from = Math.max(0, offset - TAIL_BYTES);
  const { bytes: before } = await readFrom(place.path, from, offset - from);
  // Through the splitter, so that a line that is half written stays one line.
  const old = clean(splitter.push(before), place);
  yield { lines: tail === 0 ? [] : old.slice(-tail) };

  const isAborted = (): boolean => signal.aborted;
  let wake: () => void = () => undefined;
  let changed = true;
  const notice = (): void => {
    changed = true;
    wake();
  };
  // The folder: a log that is renamed away would take its own watcher with it.
  const watcher = watch(dirname(place.path), (_, name) => {
    if (name === null || name === basename(place.path)) {
      notice();
    }
  });
  watcher.on('error', notice);
  signal.addEventListener('abort', notice);
  try {
    while (!isAborted()) {
      if (!changed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      changed = false;
      const size = await sizeOf(place.path);
      if (size < offset) {
        offset = 0;
        splitter = createLineSplitter();
      }
      while (offset < size) {
        const { bytes } = await readFrom(place.path, offset, TAIL_BYTES);
        offset += bytes.length;
        const lines = clean(splitter.push(bytes), place);
        if (lines.length > 0) {
          yield { lines };
        }
        if (bytes.length === 0 || isAborted()) {
          break;
        }
      }
    }
  } finally {
    watcher.close();
    signal.removeEventListener('abort', notice);
  }
}

/** QEMU and the shares' servers append to these files and hold them open: so they are copied and cut, not renamed. */
export async function capLogs(files: HomeFiles, limit: number = LOG_LIMIT_BYTES): Promise<void> {
  for (const path of [files.logs.serial, files.logs.guest, files.logs.qemu, files.logs.shares]) {
    if ((await sizeOf(path)) > limit) {
      await copyFile(path, `${path}.1`);
      await truncate(path);
    }
  }
}

function clean(lines: readonly string[], { service }: Place): string[] {
  const prefix = service === undefined ? '' : `${service} `;
  return lines
    .filter((line) => line !== '' && line.startsWith(prefix))
    .map((line) => printable(line.slice(prefix.length)))
    .filter((line) => line !== '');
}

/** Escape sequences and control characters have no business in a log that is shown. */
export function printable(line: string): string {
  return stripVTControlCharacters(line).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

async function readFrom(path: string, offset: number, limit = TAIL_BYTES): Promise<{ readonly text: string; readonly bytes: Buffer }> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(limit), 0, limit, offset);
      const bytes = buffer.subarray(0, bytesRead);
      return { bytes, text: bytes.toString('utf8') };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return { bytes: Buffer.alloc(0), text: '' };
    }
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
