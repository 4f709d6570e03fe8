// What Berth takes of this computer, and what the guest says of itself beside it. main/cost answers. A figure that is missing is one that this
// system does not tell; it is never 0 for that reason.
import { z } from 'zod';
import { call, output, stream } from './define';

/** Whose cost it is; locale `cost` (`part.<name>`). `tools`: programs that the backend starts and that end again. */
export const costParts = ['vm', 'backend', 'window', 'shares', 'network', 'tools'] as const;
export type CostPart = (typeof costParts)[number];

export interface CostFigures {
  /** 1 = one core all the time. */
  readonly cpu?: number;
  /** In memory now, or on average; what two of Berth's processes share counts once. */
  readonly memoryBytes?: number;
  /** To the disk, over the time. */
  readonly writtenBytes?: number;
  /** A second. */
  readonly wakeups?: number;
}

export interface CostOfPart extends CostFigures {
  readonly part: CostPart;
  readonly processes: number;
}

/** The guest's own account. */
export interface GuestFigures {
  readonly cpu?: number;
  /** Without what is free and the cache of files. */
  readonly usedBytes?: number;
  readonly writtenBytes?: number;
}

export interface CostPoint extends CostFigures {
  /** Milliseconds since the epoch, of its beginning. */
  readonly at: number;
  /** Of its time, what Berth ran for and looked. */
  readonly seconds: number;
  readonly guest: GuestFigures;
}

/** Points without a look are left out. */
export interface CostSpan extends CostFigures {
  readonly seconds: number;
  readonly parts: readonly CostOfPart[];
  readonly guest: GuestFigures;
  readonly points: readonly CostPoint[];
}

/** What can be done now, and how: a call of this table, or a page of the window. Locale `cost` (`remedy.<key>`). */
export type CostRemedy =
  | { readonly key: 'giveBack'; readonly bytes: number; readonly call: 'cost.giveBack' }
  | { readonly key: 'suspend'; readonly bytes: number; readonly call: 'vm.stop' }
  | { readonly key: 'idle'; readonly page: 'settings' };

export interface CostStatus {
  /** Since the look before; missing until there were two. */
  readonly now?: CostFigures & { readonly at: number; readonly parts: readonly CostOfPart[] };
  readonly guest?: GuestFigures & { readonly totalBytes: number; readonly cacheBytes: number };
  /** Points of a minute. */
  readonly hour: CostSpan;
  /** Points of ten minutes. */
  readonly day: CostSpan;
  readonly remedies: readonly CostRemedy[];
}

export const costTable = {
  /** Looks every five seconds while somebody reads, else four times a minute at most. */
  'cost.changes': stream(z.strictObject({}), output<CostStatus>(), 'latest'),
  /** The guest's cache of files to the host, as far as it can be spared; `bytes`: what the host has more. `vm.notRunning`. */
  'cost.giveBack': call(z.strictObject({}), output<{ readonly bytes: number }>()),
};
