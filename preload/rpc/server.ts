// The backend's end of one connection: hello, parse with the table, run, credit, abort, errors to codes.
// Knows the table and frames; never what a call does, nor who may connect (`accept` decides).
import { BerthError, contract, isBerthError, toWireError } from '../contract';
import type { BackendHandlers, CallContext, CallDef, StreamContext, StreamDef } from '../contract';
import { createCredit, OVERDRAW_BYTES, WINDOW_BYTES } from './credit';
import { decodeFrame, encodeFrame, PROTOCOL } from './frames';
import type { Frame, Hello } from './frames';
import { createInbox } from './inbox';
import type { Inbox } from './inbox';
import { pump } from './outbox';
import { STABLE_METHODS } from './stable';
import type { Transport } from './transport';

const MAX_CALLS = 1024;
const MAX_STREAMS = 256;
const HELLO_DEADLINE_MS = 5000;
/** What a client that does not read may make us hold; streams are held back by credit long before. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

export interface ServeOptions {
  readonly build: string;
  /** Decides by the hello and returns this connection's handlers; throws `rpc.unauthorized`. */
  readonly accept: (hello: Hello) => BackendHandlers | Promise<BackendHandlers>;
  /** Errors that are not ours, with their stack, for the log. */
  readonly onError?: (method: string, error: unknown) => void;
  readonly onClose?: () => void;
  readonly helloDeadlineMs?: number;
}

export interface Connection {
  /** Aborts everything under way and closes the transport. */
  close(): void;
}

interface Open {
  readonly abort: AbortController;
  readonly stream?: { readonly addCredit: (bytes: number) => void; readonly upload?: Inbox<Uint8Array> };
}

type Run = (input: unknown, context: StreamContext) => unknown;

export function serve(transport: Transport, options: ServeOptions): Connection {
  const open = new Map<number, Open>();
  let streams = 0;
  let handlers: Readonly<Record<string, Run>> | undefined;
  let peer: Hello | undefined;
  let early: Frame[] = [];
  let closed = false;

  const helloTimer = setTimeout(() => fail(new BerthError('rpc.unauthorized', {})), options.helloDeadlineMs ?? HELLO_DEADLINE_MS);

  function shut(): void {
    if (closed) {
      return;
    }
    closed = true;
    clearTimeout(helloTimer);
    for (const { abort, stream } of open.values()) {
      abort.abort();
      stream?.upload?.finish(new BerthError('rpc.disconnected', {}));
    }
    open.clear();
    options.onClose?.();
  }

  function send(frame: Frame): number {
    const bytes = encodeFrame(frame);
    if (!closed) {
      transport.send(bytes);
      if (transport.bufferedAmount > MAX_BUFFERED_BYTES) {
        shut();
        transport.close();
      }
    }
    return bytes.length;
  }

  /** Of the whole connection: said once, then closed. */
  function fail(error: BerthError): void {
    if (!closed) {
      send({ t: 'error', id: 0, error: toWireError(error) });
      shut();
      transport.close();
    }
  }

  async function greet(hello: Hello): Promise<void> {
    peer = hello;
    try {
      handlers = (await options.accept(hello)) as unknown as Readonly<Record<string, Run>>;
    } catch (error) {
      fail(isBerthError(error) ? error : new BerthError('rpc.unauthorized', {}));
      return;
    }
    clearTimeout(helloTimer);
    send({ t: 'hello', protocol: PROTOCOL, build: options.build, client: 'backend' });
    const waiting = early;
    early = [];
    waiting.forEach(receive);
  }

  function receive(frame: Frame): void {
    if (closed) {
      return;
    }
    if (peer === undefined) {
      if (frame.t === 'hello') {
        void greet(frame);
      } else {
        fail(new BerthError('rpc.unauthorized', {}));
      }
      return;
    }
    if (handlers === undefined) {
      // The verdict on the hello is under way; a client that keeps to the protocol waits for it.
      if (early.length >= 16) {
        fail(new BerthError('rpc.badFrame', { reason: 'frames before the hello was answered' }));
      } else {
        early.push(frame);
      }
      return;
    }
    switch (frame.t) {
      case 'call':
      case 'open':
        begin(frame, handlers);
        return;
      case 'cancel':
        cancel(frame.id);
        return;
      case 'credit':
        open.get(frame.id)?.stream?.addCredit(frame.bytes);
        return;
      case 'up':
        takeUpload(frame.id, frame.payload);
        return;
      case 'upEnd':
        open.get(frame.id)?.stream?.upload?.finish(frame.error === undefined ? undefined : new BerthError('rpc.cancelled', {}));
        return;
      default:
        fail(new BerthError('rpc.badFrame', { reason: `${frame.t} from a client` }));
    }
  }

  function begin(frame: Extract<Frame, { t: 'call' | 'open' }>, run: Readonly<Record<string, Run>>): void {
    const { id, method } = frame;
    if (open.has(id)) {
      fail(new BerthError('rpc.badFrame', { reason: 'id in use' }));
      return;
    }
    try {
      const def = definition(method, frame.t === 'call' ? 'call' : 'stream');
      if (peer?.protocol !== PROTOCOL && !STABLE_METHODS.includes(method)) {
        throw new BerthError('rpc.versionMismatch', {
          ours: `${PROTOCOL} (${options.build})`,
          theirs: `${peer?.protocol ?? 0} (${peer?.build ?? ''})`,
        });
      }
      if (frame.t === 'call' ? open.size - streams >= MAX_CALLS : streams >= MAX_STREAMS) {
        throw new BerthError('rpc.tooMany', { limit: frame.t === 'call' ? MAX_CALLS : MAX_STREAMS });
      }
      const input = parseInput(def, method, frame.input);
      const handler = run[method];
      if (handler === undefined) {
        throw new BerthError('rpc.unknownMethod', { method });
      }
      if (def.kind === 'call') {
        void runCall(id, method, handler, input);
      } else {
        void runStream(id, method, def, handler, input, frame.t === 'open' ? frame.credit : 0);
      }
    } catch (error) {
      answerError(id, method, error);
    }
  }

  async function runCall(id: number, method: string, handler: Run, input: unknown): Promise<void> {
    const abort = new AbortController();
    open.set(id, { abort });
    try {
      const context: CallContext = { signal: abort.signal };
      const value = await handler(input, context as StreamContext);
      if (open.delete(id)) {
        send(value === undefined ? { t: 'result', id } : { t: 'result', id, value });
      }
    } catch (error) {
      if (open.delete(id) || !abort.signal.aborted) {
        answerError(id, method, error);
      }
    }
  }

  async function runStream(id: number, method: string, def: StreamDef, handler: Run, input: unknown, window: number): Promise<void> {
    const abort = new AbortController();
    const credit = createCredit(Math.min(window, WINDOW_BYTES));
    const upload = def.upload
      ? createInbox<Uint8Array>({ eager: false, refill: (bytes) => send({ t: 'credit', id, bytes }), onReturn: () => undefined })
      : undefined;
    open.set(id, { abort, stream: { addCredit: (bytes) => credit.add(bytes), ...(upload === undefined ? {} : { upload }) } });
    streams += 1;
    try {
      if (upload !== undefined) {
        send({ t: 'credit', id, bytes: WINDOW_BYTES });
      }
      const source = handler(input, { signal: abort.signal, upload: { [Symbol.asyncIterator]: () => upload ?? nothing() } });
      await pump({
        source: source as AsyncIterable<unknown>,
        policy: def.policy,
        credit,
        signal: abort.signal,
        send: (value) => send(itemFrame(id, value)),
      });
      if (open.delete(id)) {
        send({ t: 'end', id });
      }
    } catch (error) {
      if (open.delete(id)) {
        answerError(id, method, error);
      }
    } finally {
      streams -= 1;
      // Whatever the producer left running behind it (a response, an upload's reader) ends with the stream.
      abort.abort();
      upload?.drop();
    }
  }

  function takeUpload(id: number, payload: Uint8Array): void {
    const upload = open.get(id)?.stream?.upload;
    if (upload === undefined) {
      return;
    }
    upload.push(payload, payload.length);
    if (upload.heldBytes > WINDOW_BYTES + OVERDRAW_BYTES) {
      fail(new BerthError('rpc.badFrame', { reason: 'upload beyond its credit' }));
    }
  }

  function cancel(id: number): void {
    const entry = open.get(id);
    if (entry !== undefined) {
      open.delete(id);
      entry.abort.abort();
      entry.stream?.upload?.finish(new BerthError('rpc.cancelled', {}));
    }
  }

  function answerError(id: number, method: string, error: unknown): void {
    if (!(error instanceof BerthError)) {
      options.onError?.(method, error);
    }
    try {
      send({ t: 'error', id, error: toWireError(error) });
    } catch {
      send({ t: 'error', id, error: { code: 'internal.unexpected', params: { detail: method } } });
    }
  }

  transport.start({
    message(bytes) {
      try {
        receive(decodeFrame(bytes));
      } catch (error) {
        fail(isBerthError(error) ? error : new BerthError('rpc.badFrame', { reason: 'unreadable' }));
      }
    },
    fault: fail,
    close: shut,
  });

  return {
    close() {
      shut();
      transport.close();
    },
  };
}

function definition(method: string, kind: 'call' | 'stream'): CallDef | StreamDef {
  const def: CallDef | StreamDef | undefined = Object.hasOwn(contract, method) ? contract[method as keyof typeof contract] : undefined;
  if (def?.kind !== kind) {
    throw new BerthError('rpc.unknownMethod', { method: method.slice(0, 100) });
  }
  return def;
}

function parseInput(def: CallDef | StreamDef, method: string, input: unknown): unknown {
  const parsed = def.input.safeParse(input);
  if (parsed.success) {
    return parsed.data;
  }
  const issue = parsed.error.issues[0];
  const unknownKeys = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const field = [...(issue?.path ?? []), ...unknownKeys.slice(0, 1)].map(String).join('.');
  throw new BerthError('rpc.badRequest', { method, field: field.slice(0, 200), reason: (issue?.message ?? '').slice(0, 500) });
}

function itemFrame(id: number, value: unknown): Frame {
  return value instanceof Uint8Array ? { t: 'item', id, payload: value } : { t: 'item', id, value };
}

async function* nothing(): AsyncGenerator<Uint8Array, undefined> {}
