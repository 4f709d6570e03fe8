// The backend's own log: pino's JSON lines in logs/berth.log, redacted, at most two files of 5 MB. Knows nothing of who writes.
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';
import type { Logger as Pino } from 'pino';
import type { LogFields, Logger } from './logger';
import { redact } from './redact';

const LIMIT_BYTES = 5 * 1024 * 1024;

export interface FileLog extends Logger {
  dispose(): void;
}

export function createLog(path: string, options: { readonly level?: string; readonly limitBytes?: number } = {}): FileLog {
  const file = createCappedFile(path, options.limitBytes ?? LIMIT_BYTES);
  const root = pino(
    { level: options.level ?? 'info', base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => file.write(redact(line)) },
  );
  return { ...wrap(root), dispose: () => file.close() };
}

function wrap(log: Pino): Logger {
  return {
    debug: (message, fields) => log.debug(plain(fields), message),
    info: (message, fields) => log.info(plain(fields), message),
    warn: (message, fields) => log.warn(plain(fields), message),
    error: (message, fields) => log.error(plain(fields), message),
    child: (module) => wrap(log.child({ module })),
  };
}

/** Errors under any name are written with message and stack, which JSON would drop. */
function plain(fields: LogFields = {}): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? pino.stdSerializers.err(value) : value]),
  );
}

interface CappedFile {
  write(line: string): void;
  close(): void;
}

/** Synchronous, because the last lines before a crash are the ones that count; the log is a few lines a second at most. */
function createCappedFile(path: string, limit: number): CappedFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let handle: number | undefined = openSync(path, 'a', 0o600);
  let size = fstatSync(handle).size;
  return {
    write(line) {
      if (handle === undefined) {
        return;
      }
      try {
        size += writeSync(handle, line);
        if (size > limit) {
          closeSync(handle);
          renameSync(path, `${path}.1`);
          handle = openSync(path, 'a', 0o600);
          size = 0;
        }
      } catch {
        // A full disk must not take the backend down with its log.
      }
    },
    close() {
      if (handle !== undefined) {
        closeSync(handle);
        handle = undefined;
      }
    },
  };
}
