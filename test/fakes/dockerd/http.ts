// The bits of HTTP and of Docker's framing that the fake's routes share.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

/** Thrown by a route: becomes dockerd's error form. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** The groups of the route's pattern, decoded. */
  readonly match: readonly string[];
  /** Aborted when the client's connection is gone. */
  readonly gone: AbortSignal;
}

export type Route = readonly [method: string, pattern: RegExp, handle: (exchange: Exchange) => Promise<void> | void];

export function reply(response: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** Docker's filters: {"name":["v"]} or the older {"name":{"v":true}}. */
export function filtersOf(query: URLSearchParams): Record<string, readonly string[]> {
  const raw = JSON.parse(query.get('filters') ?? '{}') as Record<string, readonly string[] | Record<string, boolean>>;
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, Array.isArray(value) ? (value as readonly string[]) : Object.keys(value)]),
  );
}

/** One frame of a multiplexed stream: type, three zeros, length. */
export function frame(stream: 'stdout' | 'stderr', payload: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream === 'stdout' ? 1 : 2;
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** Waits until the far end has taken enough; rejects when it is gone. */
export async function send(to: Writable, bytes: Uint8Array | string, gone: AbortSignal): Promise<void> {
  gone.throwIfAborted();
  if (!to.write(bytes)) {
    await once(to, 'drain', { signal: gone });
  }
}

export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal });
}
