// Where a message's body ends (RFC 9112, 6.3), read strictly, and its bytes as they are on the wire, so that chunks and trailers pass unaltered.
import { BerthError } from '../../preload/contract';
import type { ByteSource } from '../lib/byte-source';
import { badMessage, hasToken, MAX_HEAD_BYTES, valuesOf, type Field, type RequestHead, type ResponseHead } from './head';

export type Framing = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' } | { readonly kind: 'untilEnd' };

export const noBody: Framing = { kind: 'length', bytes: 0 };

export function requestFraming(head: RequestHead): Framing {
  return declared(head.fields, head.minor) ?? noBody;
}

export function responseFraming(head: ResponseHead, method: string): Framing {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) {
    return noBody;
  }
  return declared(head.fields, head.minor) ?? { kind: 'untilEnd' };
}

export function keepsAlive(head: RequestHead | ResponseHead): boolean {
  return head.minor === 1 && !hasToken(head.fields, 'connection', 'close');
}

function declared(fields: readonly Field[], minor: 0 | 1): Framing | undefined {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length > 0) {
    if (lengths.length > 0) {
      throw badMessage('content-length with transfer-encoding');
    }
    if (minor === 0 || codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw badMessage('transfer-encoding');
    }
    return { kind: 'chunked' };
  }
  if (lengths.length === 0) {
    return undefined;
  }
  if (lengths.length > 1 || !/^[0-9]{1,15}$/.test(lengths[0] ?? '')) {
    throw badMessage('content-length');
  }
  return { kind: 'length', bytes: Number(lengths[0]) };
}

/** The body's bytes on the wire. Rejects when the peer ends within it. */
export async function* wireBytes(source: ByteSource, framing: Framing, payload?: (bytes: Buffer) => void): AsyncGenerator<Buffer> {
  const findEnd =
    framing.kind === 'chunked' ? createChunkScanner(payload) : createCounter(framing.kind === 'length' ? framing.bytes : Infinity, payload);
  for (;;) {
    if (framing.kind === 'length' && framing.bytes === 0) {
      return;
    }
    const bytes = await source.next();
    if (bytes === undefined) {
      if (framing.kind === 'untilEnd') {
        return;
      }
      throw badMessage('ended within a body');
    }
    const end = findEnd(bytes);
    if (end >= 0) {
      source.unread(bytes.subarray(end));
      yield bytes.subarray(0, end);
      return;
    }
    yield bytes;
  }
}

/** The whole body without its framing, for the few small ones that must be understood. */
export async function collectBody(source: ByteSource, framing: Framing, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  if (framing.kind === 'length' && framing.bytes > limit) {
    throw new BerthError('engine.messageTooLarge', { limit });
  }
  const keep = (bytes: Buffer): void => {
    total += bytes.length;
    if (total > limit) {
      throw new BerthError('engine.messageTooLarge', { limit });
    }
    parts.push(bytes);
  };
  for await (const _ of wireBytes(source, framing, keep)) {
    // `keep` sees the payload; the framing is not needed.
  }
  return Buffer.concat(parts);
}

/** Looks through consecutive bytes; the index just behind the body, or -1 while it goes on. */
type FindEnd = (bytes: Buffer) => number;

function createCounter(length: number, payload?: (bytes: Buffer) => void): FindEnd {
  let left = length;
  return (bytes) => {
    const taken = Math.min(left, bytes.length);
    left -= taken;
    payload?.(bytes.subarray(0, taken));
    return left === 0 ? taken : -1;
  };
}

const LF = 10;
/** 12 hexadecimal digits: far above any body, far below what a double holds exactly. */
const CHUNK_SIZE = /^[0-9A-Fa-f]{1,12}\r$/;

/** Chunk extensions are refused: no client of Docker sends them, and readers disagree on where they end. */
function createChunkScanner(payload?: (bytes: Buffer) => void): FindEnd {
  let state: 'size' | 'data' | 'dataEnd' | 'trailer' = 'size';
  let left = 0;
  let line = '';
  let trailerBytes = 0;

  const endLine = (): 'more' | 'done' => {
    const found = line;
    line = '';
    if (!found.endsWith('\r')) {
      throw badMessage('line feed without carriage return');
    }
    if (state === 'trailer') {
      return found === '\r' ? 'done' : 'more';
    }
    if (state === 'dataEnd') {
      if (found !== '\r') {
        throw badMessage('chunk');
      }
      state = 'size';
      return 'more';
    }
    if (!CHUNK_SIZE.test(found)) {
      throw badMessage('chunk size');
    }
    left = Number.parseInt(found, 16);
    state = left === 0 ? 'trailer' : 'data';
    return 'more';
  };

  return (bytes) => {
    let at = 0;
    while (at < bytes.length) {
      if (state === 'data') {
        const taken = Math.min(left, bytes.length - at);
        payload?.(bytes.subarray(at, at + taken));
        left -= taken;
        at += taken;
        state = left === 0 ? 'dataEnd' : 'data';
        continue;
      }
      const lf = bytes.indexOf(LF, at);
      const part = bytes.toString('latin1', at, lf < 0 ? bytes.length : lf);
      line += part;
      trailerBytes += state === 'trailer' ? part.length : 0;
      if (line.length > (state === 'trailer' ? MAX_HEAD_BYTES : 16) || trailerBytes > MAX_HEAD_BYTES) {
        throw badMessage(state === 'trailer' ? 'trailer' : 'chunk size');
      }
      at = lf < 0 ? bytes.length : lf + 1;
      if (lf >= 0 && endLine() === 'done') {
        return at;
      }
    }
    return -1;
  };
}
