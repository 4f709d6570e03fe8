// Things that go wrong on the way to an answer, chosen by a test: refusals, cut connections, slowness, answers that never end.
import type { ServerResponse } from 'node:http';
import { Refusal, sleep } from './http';

export interface Fault {
  /** Against "METHOD /path". */
  readonly match: RegExp;
  /** How many requests; endless where missing. */
  readonly times?: number;
  readonly effect:
    | { readonly kind: 'status'; readonly status: number; readonly message: string }
    /** The connection is cut before an answer. */
    | { readonly kind: 'cut' }
    /** The connection is cut after so many bytes of the answer. */
    | { readonly kind: 'cutAfter'; readonly bytes: number }
    | { readonly kind: 'delay'; readonly ms: number }
    /** Never answers. */
    | { readonly kind: 'hang' }
    /** Answers with these bytes instead of its own, as the body of a 200. */
    | { readonly kind: 'body'; readonly contentType: string; readonly body: string }
    /** 302 to somewhere else: a hostile engine. */
    | { readonly kind: 'redirect'; readonly location: string }
    /** At most so many bytes of the answer each 20 ms. */
    | { readonly kind: 'drip'; readonly bytesPerTick: number };
}

interface Live {
  readonly fault: Fault;
  left: number;
}

type Write = (chunk: Uint8Array | string, ...rest: unknown[]) => boolean;

function cutAfter(response: ServerResponse, limit: number): void {
  let left = limit;
  const write = response.write.bind(response) as Write;
  response.write = ((chunk: Uint8Array | string) => {
    const bytes = Buffer.from(chunk as string);
    write(bytes.subarray(0, left));
    left -= bytes.length;
    if (left <= 0) {
      setImmediate(() => response.destroy());
    }
    return true;
  }) as typeof response.write;
  const end = response.end.bind(response) as () => void;
  response.end = ((chunk?: Uint8Array | string) => {
    if (chunk !== undefined) {
      response.write(chunk);
    }
    if (left > 0) {
      end();
    }
    return response;
  }) as typeof response.end;
}

function drip(response: ServerResponse, bytesPerTick: number): void {
  const write = response.write.bind(response) as Write;
  const end = response.end.bind(response) as () => void;
  let waiting = Buffer.alloc(0);
  let ended = false;
  const timer = setInterval(() => {
    if (waiting.length > 0) {
      write(waiting.subarray(0, bytesPerTick));
      waiting = waiting.subarray(bytesPerTick);
    } else if (ended) {
      clearInterval(timer);
      end();
    }
  }, 20);
  response.on('close', () => clearInterval(timer));
  response.removeHeader('Content-Length');
  response.write = ((chunk: Uint8Array | string) => {
    waiting = Buffer.concat([waiting, Buffer.from(chunk as string)]);
    return true;
  }) as typeof response.write;
  response.end = ((chunk?: Uint8Array | string) => {
    if (chunk !== undefined) {
      response.write(chunk);
    }
    ended = true;
    return response;
  }) as typeof response.end;
}

export function createFaults() {
  const live = new Set<Live>();

  async function apply(call: string, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const hit = [...live].find((each) => each.left > 0 && each.fault.match.test(call));
    if (hit === undefined) {
      return;
    }
    hit.left -= 1;
    const { effect } = hit.fault;
    switch (effect.kind) {
      case 'status':
        throw new Refusal(effect.status, effect.message);
      case 'cut':
        response.destroy();
        throw new Error('cut');
      case 'hang':
        await sleep(2 ** 30, gone);
        return;
      case 'delay':
        await sleep(effect.ms, gone);
        return;
      case 'body':
        response.writeHead(200, { 'Content-Type': effect.contentType }).end(effect.body);
        throw new Error('answered');
      case 'redirect':
        response.writeHead(302, { Location: effect.location }).end();
        throw new Error('answered');
      case 'cutAfter':
        cutAfter(response, effect.bytes);
        return;
      case 'drip':
        drip(response, effect.bytesPerTick);
    }
  }

  return {
    apply,
    add(fault: Fault): () => void {
      const each: Live = { fault, left: fault.times ?? Infinity };
      live.add(each);
      return () => live.delete(each);
    },
  };
}
