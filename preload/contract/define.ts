// How calls and streams are declared: input schema at run time, output as a type only (the backend is ours, so it is not parsed again).
// Knows nothing of transports or handlers; the types of client and server are derived from the table in index.ts.
import type { z } from 'zod';

declare const outputType: unique symbol;

/** Carries a type and no value. */
export interface Output<T> {
  readonly [outputType]?: T;
}

/** The output type of a call or the item type of a stream. */
export function output<T>(): Output<T> {
  return {};
}

export interface CallDef<I extends z.ZodType = z.ZodType, O = unknown> {
  readonly kind: 'call';
  readonly input: I;
  readonly output: Output<O>;
}

/**
 * `queue`: every item arrives, in order; out of credit the producer waits (logs, terminals, build output).
 * `latest`: at most one item waits, a newer one replaces it (states, progress, stats).
 */
export type StreamPolicy = 'queue' | 'latest';

export interface StreamDef<I extends z.ZodType = z.ZodType, T = unknown, U extends boolean = boolean> {
  readonly kind: 'stream';
  readonly input: I;
  readonly item: Output<T>;
  readonly policy: StreamPolicy;
  /** The client sends bytes too (load, import, upload), with credit of their own. */
  readonly upload: U;
}

export function call<I extends z.ZodType, O>(input: I, out: Output<O>): CallDef<I, O> {
  return { kind: 'call', input, output: out };
}

export function stream<I extends z.ZodType, T>(input: I, item: Output<T>, policy: StreamPolicy): StreamDef<I, T, false> {
  return { kind: 'stream', input, item, policy, upload: false };
}

export function uploadStream<I extends z.ZodType, T>(input: I, item: Output<T>, policy: StreamPolicy): StreamDef<I, T, true> {
  return { kind: 'stream', input, item, policy, upload: true };
}

export type Table = Readonly<Record<string, CallDef | StreamDef>>;

export type CallName<T extends Table> = { [K in keyof T]: T[K] extends CallDef ? K : never }[keyof T] & string;
export type StreamName<T extends Table> = { [K in keyof T]: T[K] extends StreamDef ? K : never }[keyof T] & string;

/** What the caller passes (before defaults). */
export type InputOf<D> = D extends { readonly input: infer I extends z.ZodType } ? z.input<I> : never;
/** What the handler receives (after defaults and transforms). */
export type ParsedOf<D> = D extends { readonly input: infer I extends z.ZodType } ? z.output<I> : never;
export type OutputOf<D> = D extends CallDef<z.ZodType, infer O> ? O : never;
export type ItemOf<D> = D extends StreamDef<z.ZodType, infer T> ? T : never;

/** Handed to every handler. */
export interface CallContext {
  /** Aborted when the caller cancels, goes away or its transport closes. */
  readonly signal: AbortSignal;
}

export interface StreamContext extends CallContext {
  /** The client's bytes, only on streams declared with `upload`; reading gives credit back. */
  readonly upload: AsyncIterable<Uint8Array>;
}

export type Handler<D> = D extends StreamDef
  ? (input: ParsedOf<D>, context: StreamContext) => AsyncIterable<ItemOf<D>>
  : D extends CallDef
    ? (input: ParsedOf<D>, context: CallContext) => Promise<OutputOf<D>> | OutputOf<D>
    : never;

/** The server's side of a table: one function a name. Domain modules return parts of it. */
export type Handlers<T extends Table> = { readonly [K in keyof T]: Handler<T[K]> };
