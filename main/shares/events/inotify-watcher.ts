// Linux: drives the bundle's share-watch (vm/bundle/share-watch.c), which runs only while something is bound. Reads its records; decides nothing.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Logger } from '../../lib/logger';
import { bytePath } from './byte-path';
import type { HostWatcher, WatchListener } from './host-watcher';
import { record, recordReader } from './records';

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;

export interface InotifyWatcherDeps {
  readonly program: string;
  /** Never looked into: Berth's own home, whose disk changes all the time. */
  readonly excluded: readonly string[];
  readonly listener: WatchListener;
  readonly log: Logger;
}

export function createInotifyWatcher({ program, excluded, listener, log }: InotifyWatcherDeps): HostWatcher {
  let wanted: readonly string[] = [];
  let asked = new Set<string>();
  let child: ChildProcess | undefined;
  let retry: NodeJS.Timeout | undefined;
  let backoff = FIRST_BACKOFF_MS;

  const order = (letter: string, path: string): void => {
    child?.stdin?.write(record(letter, bytePath(path)));
  };

  function take(letter: string, path: string): void {
    switch (letter) {
      case 'c':
      case 'n':
      case 'd':
        listener.change(letter, path);
        break;
      case 'o':
        listener.lost();
        break;
      case 'l':
        listener.limit(path);
        break;
      case 'r':
        backoff = FIRST_BACKOFF_MS;
        listener.ready(Number(path));
        break;
    }
  }

  function start(again: boolean): void {
    const started = spawn(program, [], { stdio: ['pipe', 'pipe', 'ignore'] });
    child = started;
    const takeBytes = recordReader(take);
    started.stdout.on('data', (bytes: Buffer) => {
      if (child === started && !takeBytes(bytes)) {
        started.kill();
      }
    });
    started.stdin.on('error', () => undefined);
    const over = (reason: unknown): void => {
      if (child !== started) {
        return;
      }
      child = undefined;
      log.warn('the watcher of shared folders ended', { reason, againInMs: backoff });
      retry = setTimeout(() => start(true), backoff);
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
    };
    started.once('error', over).once('exit', (code, signal) => over(signal ?? code));
    asked = new Set();
    excluded.forEach((path) => order('x', path));
    apply();
    if (again) {
      listener.lost();
      order('!', '/');
    }
  }

  function stop(): void {
    clearTimeout(retry);
    retry = undefined;
    const old = child;
    child = undefined;
    // It ends with its input; nothing of it is needed any more.
    old?.stdin?.end();
    old?.stdout?.destroy();
  }

  /** New ones first: what lies in both is watched throughout. */
  function apply(): void {
    const next = new Set(wanted);
    wanted.filter((folder) => !asked.has(folder)).forEach((folder) => order('+', folder));
    [...asked].filter((folder) => !next.has(folder)).forEach((folder) => order('-', folder));
    asked = next;
  }

  return {
    watch(folders) {
      wanted = folders;
      if (folders.length === 0) {
        stop();
      } else if (child !== undefined) {
        apply();
      } else if (retry === undefined) {
        start(false);
      }
    },
    again: () => order('!', '/'),
    dispose: stop,
  };
}
