// The table: every call and every stream between a page, a command line or another shell and the backend. Types of both sides come from here.
import type { CallName, Handlers, InputOf, ItemOf, OutputOf, StreamName } from './define';
import { appTable, shellTable } from './app';
import { configTable } from './config';
import { connectTable } from './connect';
import { containersTable } from './containers';
import { costTable } from './cost';
import { diagnosticsTable } from './diagnostics';
import { diskTable } from './disk';
import { engineTable } from './engine';
import { hostAccessTable } from './host-access';
import { imagesTable } from './images';
import { mirrorsTable } from './mirrors';
import { portsTable } from './ports';
import { repairTable } from './repair';
import { settingsTable } from './settings';
import { sharesTable } from './shares';
import { tasksTable } from './tasks';
import { terminalTable } from './terminal';
import { trustTable } from './trust';
import { vmTable } from './vm';

export const contract = {
  ...appTable,
  ...shellTable,
  ...vmTable,
  ...settingsTable,
  ...engineTable,
  ...hostAccessTable,
  ...containersTable,
  ...imagesTable,
  ...tasksTable,
  ...terminalTable,
  ...configTable,
  ...diagnosticsTable,
  ...diskTable,
  ...connectTable,
  ...costTable,
  ...mirrorsTable,
  ...portsTable,
  ...repairTable,
  ...sharesTable,
  ...trustTable,
} as const;

export type Contract = typeof contract;
export type BackendHandlers = Handlers<Contract>;
export type CallNames = CallName<Contract>;
export type StreamNames = StreamName<Contract>;

export interface StreamOptions {
  readonly signal?: AbortSignal;
}

export interface UploadOptions extends StreamOptions {
  readonly upload: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;
}

/** What a page or the command line holds. `break` out of a stream's loop cancels it all the way down. */
export interface Client {
  call<K extends CallNames>(name: K, input: InputOf<Contract[K]>, options?: StreamOptions): Promise<OutputOf<Contract[K]>>;
  stream<K extends StreamNames>(
    name: K,
    input: InputOf<Contract[K]>,
    options?: StreamOptions | UploadOptions,
  ): AsyncIterable<ItemOf<Contract[K]>>;
  /** Resolves when the transport is gone, with the reason. */
  readonly closed: Promise<Error>;
  close(): void;
}

export * from './app';
export * from './config';
export * from './connect';
export * from './containers';
export * from './cost';
export * from './daemon-classes';
export * from './daemon-keys';
export * from './daemon-log-options';
export * from './define';
export * from './diagnostics';
export * from './disk';
export * from './engine';
export * from './errors';
export * from './host-access';
export * from './images';
export * from './mirrors';
export * from './ports';
export * from './repair';
export * from './settings';
export * from './shares';
export * from './tasks';
export * from './terminal';
export * from './trust';
export * from './vm';
