// The client of QEMU's machine protocol: JSON lines over a unix socket, one request at a time in flight per id, events as they come.
// Knows no command's meaning.
import { createConnection } from 'node:net';
import { asError, retryUntil } from '../../lib/async';
import { isObject } from '../../lib/json';
import { createLineSplitter } from '../../lib/lines';

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Qmp {
  execute(command: string, args?: Readonly<Record<string, unknown>>, timeoutMs?: number): Promise<unknown>;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Dials until it answers or the signal aborts: QEMU makes its socket a moment after its start and says so nowhere. */
export function dialQmp(path: string, onEvent: (event: QmpEvent) => void, signal: AbortSignal): Promise<Qmp> {
  return retryUntil(() => connectQmp(path, onEvent, 5000), 20, signal);
}

export function connectQmp(path: string, onEvent: (event: QmpEvent) => void, timeoutMs: number): Promise<Qmp> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const lines = createLineSplitter();
    const pending = new Map<number, Pending>();
    let nextId = 1;
    let greeted = false;

    const execute: Qmp['execute'] = (command, args = {}, limitMs = 10_000) =>
      new Promise((answer, refuse) => {
        const id = nextId++;
        const timer = setTimeout(() => {
          pending.delete(id);
          refuse(new Error(`QEMU did not answer ${command} within ${limitMs} ms`));
        }, limitMs);
        pending.set(id, {
          resolve(value) {
            clearTimeout(timer);
            answer(value);
          },
          reject(error) {
            clearTimeout(timer);
            refuse(error);
          },
        });
        if (!socket.writable) {
          pending.get(id)?.reject(new Error('the QMP socket is closed'));
          pending.delete(id);
          return;
        }
        socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
      });

    const closed = new Promise<void>((tell) => socket.on('close', () => tell()));
    const opening = setTimeout(() => socket.destroy(new Error(`QEMU did not greet within ${timeoutMs} ms`)), timeoutMs);
    const give = (): void => {
      clearTimeout(opening);
      resolve({ execute, closed, close: () => socket.destroy() });
    };

    socket.on('error', (error) => reject(error));
    socket.on('close', () => {
      clearTimeout(opening);
      reject(new Error('the QMP socket was closed'));
      pending.forEach((waiter) => waiter.reject(new Error('the QMP socket was closed')));
      pending.clear();
    });
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        const message = parseMessage(line);
        if (message === undefined) {
          continue;
        }
        if (!greeted && 'QMP' in message) {
          greeted = true;
          execute('qmp_capabilities').then(give, (error: unknown) => socket.destroy(asError(error)));
        } else if (typeof message['event'] === 'string') {
          onEvent({ event: message['event'], data: isObject(message['data']) ? message['data'] : {} });
        } else if (typeof message['id'] === 'number') {
          const waiter = pending.get(message['id']);
          pending.delete(message['id']);
          if ('error' in message) {
            const error = isObject(message['error']) ? message['error']['desc'] : undefined;
            waiter?.reject(new Error(typeof error === 'string' ? error : 'QEMU refused'));
          } else {
            waiter?.resolve(message['return']);
          }
        }
      }
    });
  });
}

function parseMessage(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
