// The messages of the protocol and their bytes: four bytes of header length, a JSON header, then at most one binary payload.
// Every transport carries these bytes unchanged. Knows nothing of calls' names or of who is allowed what.
import { BerthError, isErrorCode } from '../contract';
import type { HostFeatures, WireError } from '../contract';

/** Raised when an older peer could misread a newer one; `hello` itself and the calls in `STABLE_METHODS` stay readable for ever. */
export const PROTOCOL = 1;
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

export type ClientKind = 'electron' | 'browser' | 'cli';

export interface Hello {
  readonly t: 'hello';
  readonly protocol: number;
  readonly build: string;
  /** Who speaks: a kind of shell, or `backend` in the answer. */
  readonly client: ClientKind | 'backend';
  /** Only where the transport does not prove the user by itself (WebSocket). */
  readonly token?: string;
  /** What the shell of a relayed page can do. */
  readonly features?: HostFeatures;
}

export type Frame =
  | Hello
  | { readonly t: 'call'; readonly id: number; readonly method: string; readonly input: unknown }
  | { readonly t: 'open'; readonly id: number; readonly method: string; readonly input: unknown; readonly credit: number }
  | { readonly t: 'cancel'; readonly id: number }
  /** More bytes may come: of items from client to server, of an upload from server to client. */
  | { readonly t: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly t: 'up'; readonly id: number; readonly payload: Uint8Array }
  | { readonly t: 'upEnd'; readonly id: number; readonly error?: string }
  | { readonly t: 'result'; readonly id: number; readonly value?: unknown }
  | { readonly t: 'item'; readonly id: number; readonly value?: unknown; readonly payload?: Uint8Array }
  | { readonly t: 'end'; readonly id: number }
  /** id 0: the connection itself; it is closed after this. */
  | { readonly t: 'error'; readonly id: number; readonly error: WireError };

const encoder = new TextEncoder();

export function encodeFrame(frame: Frame): Uint8Array {
  const payload = 'payload' in frame ? frame.payload : undefined;
  const header = encoder.encode(JSON.stringify(payload === undefined ? frame : { ...frame, payload: undefined, bin: true }));
  const size = 4 + header.length + (payload?.length ?? 0);
  if (size > MAX_FRAME_BYTES) {
    throw new BerthError('rpc.tooLarge', { bytes: size, limit: MAX_FRAME_BYTES });
  }
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, 4);
  if (payload !== undefined) {
    bytes.set(payload, 4 + header.length);
  }
  return bytes;
}

/** Throws `rpc.badFrame` or `rpc.tooLarge`, never anything else, whatever the bytes are. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > MAX_FRAME_BYTES) {
    throw new BerthError('rpc.tooLarge', { bytes: bytes.length, limit: MAX_FRAME_BYTES });
  }
  if (bytes.length < 4) {
    throw bad('shorter than its header');
  }
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  if (headerLength > bytes.length - 4) {
    throw bad('header longer than the frame');
  }
  const header = parseHeader(bytes.subarray(4, 4 + headerLength));
  const rest = bytes.subarray(4 + headerLength);
  if (header['bin'] !== true) {
    if (rest.length > 0) {
      throw bad('unannounced payload');
    }
    return readFrame(header, undefined);
  }
  return readFrame(header, rest);
}

type Header = Readonly<Record<string, unknown>>;

function parseHeader(bytes: Uint8Array): Header {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw bad('header is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bad('header is not an object');
  }
  return value as Header;
}

function readFrame(h: Header, payload: Uint8Array | undefined): Frame {
  const t = h['t'];
  if (payload !== undefined && t !== 'item' && t !== 'up') {
    throw bad('payload not allowed here');
  }
  switch (t) {
    case 'hello':
      return readHello(h);
    case 'call':
      return { t, id: id(h, 1), method: text(h, 'method'), input: h['input'] };
    case 'open':
      return { t, id: id(h, 1), method: text(h, 'method'), input: h['input'], credit: count(h, 'credit') };
    case 'cancel':
    case 'end':
      return { t, id: id(h, 1) };
    case 'credit':
      return { t, id: id(h, 1), bytes: count(h, 'bytes') };
    case 'up':
      if (payload === undefined) {
        throw bad('upload without bytes');
      }
      return { t, id: id(h, 1), payload };
    case 'upEnd':
      return h['error'] === undefined ? { t, id: id(h, 1) } : { t, id: id(h, 1), error: text(h, 'error') };
    case 'result':
      return { t, id: id(h, 1), value: h['value'] };
    case 'item':
      return payload === undefined ? { t, id: id(h, 1), value: h['value'] } : { t, id: id(h, 1), payload };
    case 'error':
      return { t, id: id(h, 0), error: readError(h['error']) };
    default:
      throw bad('unknown kind of frame');
  }
}

function readHello(h: Header): Hello {
  const client = h['client'];
  if (client !== 'electron' && client !== 'browser' && client !== 'cli' && client !== 'backend') {
    throw bad('unknown client');
  }
  const features = h['features'];
  return {
    t: 'hello',
    protocol: count(h, 'protocol'),
    build: text(h, 'build'),
    client,
    ...(h['token'] === undefined ? {} : { token: text(h, 'token') }),
    ...(isFeatures(features) ? { features: { hostTerminal: features.hostTerminal, tray: features.tray } } : {}),
  };
}

function isFeatures(value: unknown): value is HostFeatures {
  const v = value as Partial<Record<keyof HostFeatures, unknown>> | null | undefined;
  return typeof v === 'object' && v !== null && typeof v.hostTerminal === 'boolean' && typeof v.tray === 'boolean';
}

function readError(value: unknown): WireError {
  const v = value as { code?: unknown; params?: unknown } | null;
  if (typeof v !== 'object' || v === null || typeof v.code !== 'string' || typeof v.params !== 'object' || v.params === null) {
    throw bad('error without a code');
  }
  // A newer peer may know codes that we do not.
  return isErrorCode(v.code)
    ? { code: v.code, params: v.params as WireError['params'] }
    : { code: 'internal.unexpected', params: { detail: v.code } };
}

function id(h: Header, least: 0 | 1): number {
  const value = h['id'];
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw bad('id');
  }
  return value as number;
}

function count(h: Header, field: string): number {
  const value = h[field];
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw bad(field);
  }
  return value as number;
}

function text(h: Header, field: string): string {
  const value = h[field];
  if (typeof value !== 'string') {
    throw bad(field);
  }
  return value;
}

function bad(reason: string): BerthError {
  return new BerthError('rpc.badFrame', { reason });
}
