// Heads of HTTP/1.1 messages, read strictly: what two readers could take for two different messages is refused, never guessed.
// Knows no Docker and no sockets.
import { BerthError } from '../../preload/contract';
import type { ByteSource } from '../lib/byte-source';

/** Of start line and fields together; also of trailers. */
export const MAX_HEAD_BYTES = 64 * 1024;
const MAX_FIELDS = 256;

export interface Field {
  /** As it was written. */
  readonly name: string;
  readonly value: string;
}

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
  /** As it came, with the empty line. */
  readonly bytes: Buffer;
}

export interface ResponseHead {
  readonly status: number;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
  readonly bytes: Buffer;
}

const LF = 10;
const CR = 13;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const RESPONSE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;

export function badMessage(reason: string): BerthError {
  return new BerthError('engine.badMessage', { reason });
}

/** undefined = the peer ended where a message could have begun. */
export async function readRequestHead(source: ByteSource): Promise<RequestHead | undefined> {
  const bytes = await readHeadBytes(source);
  return bytes && parseRequestHead(bytes);
}

export async function readResponseHead(source: ByteSource): Promise<ResponseHead | undefined> {
  const bytes = await readHeadBytes(source);
  return bytes && parseResponseHead(bytes);
}

export function parseRequestHead(bytes: Buffer): RequestHead {
  const [start, fields] = split(bytes);
  const [, method, target, minor] = REQUEST.exec(start) ?? [];
  if (method === undefined || target === undefined) {
    throw badMessage('request line');
  }
  return { method, target, minor: minor === '0' ? 0 : 1, fields, bytes };
}

export function parseResponseHead(bytes: Buffer): ResponseHead {
  const [start, fields] = split(bytes);
  const [, minor, status] = RESPONSE.exec(start) ?? [];
  if (status === undefined) {
    throw badMessage('status line');
  }
  return { status: Number(status), minor: minor === '0' ? 0 : 1, fields, bytes };
}

export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => field.name.toLowerCase() === name).map((field) => field.value);
}

/** Whether a list field (Connection, Upgrade) names the token. */
export function hasToken(fields: readonly Field[], name: string, token: string): boolean {
  return valuesOf(fields, name).some((value) => value.split(',').some((part) => part.trim().toLowerCase() === token));
}

/** The head with other fields: `drop` by lower-case name, then `add`. */
export function withFields(head: RequestHead, drop: readonly string[], add: readonly Field[]): Buffer {
  const kept = head.fields.filter((field) => !drop.includes(field.name.toLowerCase()));
  const lines = [`${head.method} ${head.target} HTTP/1.${head.minor}`, ...[...kept, ...add].map(({ name, value }) => `${name}: ${value}`)];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

async function readHeadBytes(source: ByteSource): Promise<Buffer | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  let from = 0;
  let lineStart = 0;
  for (;;) {
    const more = await source.next();
    if (more === undefined) {
      if (bytes.length === 0) {
        return undefined;
      }
      throw badMessage('ended within a head');
    }
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more]);
    for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, from)) {
      if (bytes[at - 1] !== CR) {
        throw badMessage('line feed without carriage return');
      }
      from = at + 1;
      // Clients of old put an empty line between two requests (RFC 9112, 2.2).
      if (at === lineStart + 1 && lineStart === 0) {
        bytes = bytes.subarray(2);
        from = 0;
      } else if (at === lineStart + 1) {
        source.unread(bytes.subarray(from));
        return limited(bytes.subarray(0, from));
      } else {
        lineStart = from;
      }
    }
    from = bytes.length;
    limited(bytes);
  }
}

function limited(bytes: Buffer): Buffer {
  if (bytes.length > MAX_HEAD_BYTES) {
    throw new BerthError('engine.messageTooLarge', { limit: MAX_HEAD_BYTES });
  }
  return bytes;
}

function split(bytes: Buffer): [string, Field[]] {
  const [start = '', ...lines] = bytes.toString('latin1', 0, bytes.length - 4).split('\r\n');
  if (lines.length > MAX_FIELDS) {
    throw new BerthError('engine.messageTooLarge', { limit: MAX_FIELDS });
  }
  return [start, lines.map(parseField)];
}

function parseField(line: string): Field {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
  // Catches folded lines and a space before the colon too.
  if (!TOKEN.test(name) || !VALUE.test(value)) {
    throw badMessage('field');
  }
  return { name, value };
}
