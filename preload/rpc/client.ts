// The caller's end of one connection: a page, the command line or another shell. Implements the contract's Client over any transport.
import { BerthError, contract, fromWireError, isBerthError } from '../contract';
import type { Client, StreamOptions, UploadOptions } from '../contract';
import { createCredit, WINDOW_BYTES } from './credit';
import type { Credit } from './credit';
import { decodeFrame, encodeFrame, PROTOCOL } from './frames';
import type { Frame, Hello } from './frames';
import { createInbox } from './inbox';
import type { Inbox } from './inbox';
import { STABLE_METHODS } from './stable';
import type { Transport } from './transport';
import { sendUpload } from './upload';

export interface RpcClient extends Client {
  /** The backend's hello; rejects as `closed` says when there is none. */
  readonly ready: Promise<Hello>;
}

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface OpenStream {
  readonly inbox: Inbox<unknown>;
  /** Forgets the caller's signal. */
  readonly release: () => void;
  readonly upload?: { readonly credit: Credit; readonly stop: AbortController };
}

export function createClient(transport: Transport, hello: Omit<Hello, 't' | 'protocol'>): RpcClient {
  const calls = new Map<number, PendingCall>();
  const streams = new Map<number, OpenStream>();
  let lastId = 0;
  let gone: Error | undefined;
  let server: Hello | undefined;
  /** Frames wait for the backend's hello: what a peer of another version may be asked is known only then. */
  let early: Frame[] = [];

  let settleReady: { resolve: (hello: Hello) => void; reject: (error: Error) => void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };
  const ready = new Promise<Hello>((resolve, reject) => {
    settleReady = { resolve, reject };
  });
  ready.catch(() => undefined);
  let settleClosed: (error: Error) => void = () => undefined;
  const closed = new Promise<Error>((resolve) => {
    settleClosed = resolve;
  });

  function send(frame: Frame): void {
    if (gone !== undefined) {
      return;
    }
    if (server === undefined) {
      early.push(frame);
      return;
    }
    transport.send(encodeFrame(frame));
  }

  function shut(error: Error): void {
    if (gone !== undefined) {
      return;
    }
    gone = error;
    early = [];
    settleReady.reject(error);
    for (const { reject } of calls.values()) {
      reject(error);
    }
    for (const id of [...streams.keys()]) {
      endStream(id, error);
    }
    calls.clear();
    settleClosed(error);
  }

  function closeWith(error: Error): void {
    shut(error);
    transport.close();
  }

  function check(method: string): void {
    if (gone !== undefined) {
      throw gone;
    }
    if (server !== undefined && server.protocol !== PROTOCOL && !STABLE_METHODS.includes(method)) {
      throw new BerthError('rpc.versionMismatch', { ours: `${PROTOCOL} (${hello.build})`, theirs: `${server.protocol} (${server.build})` });
    }
  }

  function receive(frame: Frame, bytes: number): void {
    switch (frame.t) {
      case 'hello': {
        server = frame;
        settleReady.resolve(frame);
        const waiting = early;
        early = [];
        waiting.forEach(send);
        return;
      }
      case 'result':
        take(calls, frame.id)?.resolve(frame.value);
        return;
      case 'error':
        if (frame.id === 0) {
          closeWith(fromWireError(frame.error));
          return;
        }
        take(calls, frame.id)?.reject(fromWireError(frame.error));
        endStream(frame.id, fromWireError(frame.error));
        return;
      case 'item':
        streams.get(frame.id)?.inbox.push(frame.payload ?? frame.value, bytes);
        return;
      case 'end':
        endStream(frame.id);
        return;
      case 'credit':
        streams.get(frame.id)?.upload?.credit.add(frame.bytes);
        return;
      default:
        closeWith(new BerthError('rpc.badFrame', { reason: `${frame.t} from a backend` }));
    }
  }

  function endStream(id: number, error?: Error): void {
    const entry = take(streams, id);
    entry?.release();
    entry?.upload?.stop.abort();
    entry?.inbox.finish(error);
  }

  transport.start({
    message(bytes) {
      try {
        receive(decodeFrame(bytes), bytes.length);
      } catch (error) {
        closeWith(error as Error);
      }
    },
    fault: closeWith,
    close: (reason) => shut(isBerthError(reason) ? reason : new BerthError('rpc.disconnected', {}, { cause: reason })),
  });
  transport.send(encodeFrame({ ...hello, t: 'hello', protocol: PROTOCOL }));

  const call = (method: string, input: unknown, options: StreamOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted === true) {
        throw new BerthError('rpc.cancelled', {});
      }
      check(method);
      const id = ++lastId;
      const onAbort = (): void => {
        send({ t: 'cancel', id });
        take(calls, id)?.reject(new BerthError('rpc.cancelled', {}));
      };
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', onAbort);
          done(value);
        };
      calls.set(id, { resolve: settle(resolve), reject: settle(reject) });
      signal?.addEventListener('abort', onAbort);
      try {
        send({ t: 'call', id, method, input });
      } catch (error) {
        take(calls, id)?.reject(error as Error);
      }
    });

  const stream = (method: string, input: unknown, options: StreamOptions | UploadOptions = {}): AsyncIterable<unknown> => ({
    [Symbol.asyncIterator]: () => openStream(method, input, options),
  });

  function openStream(method: string, input: unknown, options: StreamOptions | UploadOptions): AsyncIterator<unknown> {
    const { signal } = options;
    check(method);
    const id = ++lastId;
    const def = Object.hasOwn(contract, method) ? contract[method as keyof typeof contract] : undefined;
    const release = (): void => signal?.removeEventListener('abort', onAbort);
    const cancel = (): void => {
      release();
      const entry = take(streams, id);
      if (entry !== undefined) {
        entry.upload?.stop.abort();
        send({ t: 'cancel', id });
      }
    };
    const inbox = createInbox<unknown>({
      eager: def?.kind === 'stream' && def.policy === 'latest',
      refill: (bytes) => streams.has(id) && send({ t: 'credit', id, bytes }),
      onReturn: cancel,
    });
    function onAbort(): void {
      cancel();
      inbox.drop(new BerthError('rpc.cancelled', {}));
    }
    if (signal?.aborted === true) {
      throw new BerthError('rpc.cancelled', {});
    }
    signal?.addEventListener('abort', onAbort);
    const upload = 'upload' in options ? { credit: createCredit(0), stop: new AbortController() } : undefined;
    streams.set(id, { inbox, release, ...(upload === undefined ? {} : { upload }) });
    send({ t: 'open', id, method, input, credit: WINDOW_BYTES });
    if (upload !== undefined && 'upload' in options) {
      void sendUpload({ id, source: options.upload, credit: upload.credit, signal: upload.stop.signal, send });
    }
    return inbox;
  }

  return {
    call: call as Client['call'],
    stream: stream as Client['stream'],
    ready,
    closed,
    close: () => closeWith(new BerthError('rpc.disconnected', {})),
  };
}

function take<T>(map: Map<number, T>, id: number): T | undefined {
  const value = map.get(id);
  map.delete(id);
  return value;
}
