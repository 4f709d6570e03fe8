// Whether the other end of a connection is heard. What is written and brings nothing back raises a question; only a question that stays without
// any byte is silence. Costs nothing while nothing is written, and knows nothing of SSH but that something can be asked.
import type { Socket } from 'node:net';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';

/** About when who waits for an answer learns that the engine does not answer. A loaded guest is silent for less. */
export const SILENCE_MS = 3000;
const QUIET_MS = 1000;
const ANSWER_MS = 1500;

export interface Silence {
  readonly silent: Observable<boolean>;
  /** Whether anything comes in time, now that it is asked. */
  readonly answers: (milliseconds: number) => Promise<boolean>;
}

/** `ask` makes the other end say something; it may throw where nothing can be written any more. */
export function watchSilence(socket: Socket, ask: () => void): Silence {
  const silent = createObservable(false);
  let timer: NodeJS.Timeout | undefined;
  /** Something was written, a question of ours too, and nothing heard since. What was answered must not be asked after: it would go on for ever. */
  let open = false;

  const question = (): void => {
    try {
      ask();
    } catch {
      // Closed: whoever watches the connection hears of that.
    }
  };
  const look = (milliseconds: number, quiet: () => void): void => {
    const heard = socket.bytesRead;
    timer = setTimeout(() => {
      timer = undefined;
      if (socket.destroyed || !open) {
        return;
      }
      if (socket.bytesRead === heard) {
        quiet();
      } else {
        listen();
      }
    }, milliseconds);
    timer.unref();
  };
  const listen = (): void =>
    look(QUIET_MS, () => {
      look(ANSWER_MS, () => silent.set(true));
      question();
    });
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const watched = (...args: unknown[]): boolean => {
    open = true;
    if (timer === undefined && !silent.get()) {
      listen();
    }
    return write(...args);
  };
  socket.write = watched;
  socket.on('data', () => {
    open = false;
    silent.set(false);
  });
  socket.on('close', () => clearTimeout(timer));

  return {
    silent,
    answers: (milliseconds) =>
      new Promise((resolve) => {
        const done = (answered: boolean): void => {
          clearTimeout(late);
          socket.off('data', onData).off('close', onClose);
          resolve(answered);
        };
        const onData = (): void => done(true);
        const onClose = (): void => done(false);
        const late = setTimeout(() => done(false), milliseconds);
        socket.on('data', onData).on('close', onClose);
        if (socket.destroyed) {
          done(false);
        } else {
          question();
        }
      }),
  };
}
