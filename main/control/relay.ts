// A page of this shell, a backend of another process: frames pass through unread but for two things. The hello is said by the shell (the page's
// token is its own affair), and calls of `shell.*` are answered here, because dialogs and browsers belong to the window.
import { BerthError, contract, isBerthError, toWireError } from '../../preload/contract';
import type { BackendHandlers } from '../../preload/contract';
import { decodeFrame, encodeFrame } from '../../preload/rpc/frames';
import type { Frame, Hello } from '../../preload/rpc/frames';
import type { Transport } from '../../preload/rpc/transport';

export type ShellHandlers = Pick<BackendHandlers, Extract<keyof BackendHandlers, `shell.${string}`>>;

export interface RelayOptions {
  /** To the backend, after `accept`: whoever may not connect takes none of its connections. Rejects with the code that the page gets. */
  readonly dial: () => Promise<Transport>;
  /** Throws `rpc.unauthorized`; returns what is said to the backend. */
  readonly accept: (hello: Hello) => Promise<Omit<Hello, 't' | 'protocol' | 'token'>>;
  readonly shell: ShellHandlers;
  readonly helloDeadlineMs?: number;
}

const HELLO_DEADLINE_MS = 5000;
/** Credit holds streams back long before. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

export function relay(page: Transport, options: RelayOptions): void {
  let backend: Transport | undefined;
  let greeted = false;
  const early: Uint8Array[] = [];
  let closed = false;
  const timer = setTimeout(() => refuse(new BerthError('rpc.unauthorized', {})), options.helloDeadlineMs ?? HELLO_DEADLINE_MS);

  function shut(): void {
    if (!closed) {
      closed = true;
      clearTimeout(timer);
      page.close();
      backend?.close();
    }
  }

  function refuse(error: BerthError): void {
    page.send(encodeFrame({ t: 'error', id: 0, error: toWireError(error) }));
    shut();
  }

  async function greet(bytes: Uint8Array): Promise<void> {
    const frame = decodeFrame(bytes);
    if (frame.t !== 'hello') {
      throw new BerthError('rpc.unauthorized', {});
    }
    const hello = await options.accept(frame);
    backend = await options.dial();
    if (closed) {
      backend.close();
      return;
    }
    backend.start({ message: (answer) => pass(answer, page), fault: shut, close: shut });
    clearTimeout(timer);
    // The page's own protocol: the backend decides what it may still ask.
    backend.send(encodeFrame({ ...hello, t: 'hello', protocol: frame.protocol }));
    for (const waiting of early.splice(0)) {
      receive(waiting, backend);
    }
  }

  function receive(bytes: Uint8Array, to: Transport): void {
    const frame = decodeFrame(bytes);
    if (frame.t === 'hello') {
      throw new BerthError('rpc.badFrame', { reason: 'a second hello' });
    }
    if (frame.t === 'call' && frame.method.startsWith('shell.')) {
      void answer(frame, options.shell, page);
    } else {
      pass(bytes, to);
    }
  }

  function pass(bytes: Uint8Array, to: Transport): void {
    to.send(bytes);
    if (to.bufferedAmount > MAX_BUFFERED_BYTES) {
      shut();
    }
  }

  page.start({
    message(bytes) {
      try {
        if (!greeted) {
          greeted = true;
          greet(bytes).catch((error: unknown) => refuse(isBerthError(error) ? error : new BerthError('rpc.unauthorized', {})));
        } else if (backend !== undefined) {
          receive(bytes, backend);
        } else if (early.length < 16) {
          early.push(bytes);
        } else {
          throw new BerthError('rpc.badFrame', { reason: 'frames before the hello was answered' });
        }
      } catch (error) {
        refuse(error as BerthError);
      }
    },
    fault: refuse,
    close: shut,
  });
}

async function answer({ id, method, input }: Extract<Frame, { t: 'call' }>, shell: ShellHandlers, page: Transport): Promise<void> {
  try {
    if (!Object.hasOwn(shell, method)) {
      throw new BerthError('rpc.unknownMethod', { method: method.slice(0, 100) });
    }
    const name = method as keyof ShellHandlers;
    const parsed = contract[name].input.safeParse(input);
    if (!parsed.success) {
      throw new BerthError('rpc.badRequest', {
        method,
        field: (parsed.error.issues[0]?.path ?? []).join('.'),
        reason: parsed.error.issues[0]?.message ?? '',
      });
    }
    await shell[name](parsed.data, { signal: new AbortController().signal });
    page.send(encodeFrame({ t: 'result', id }));
  } catch (error) {
    page.send(encodeFrame({ t: 'error', id, error: toWireError(error) }));
  }
}
