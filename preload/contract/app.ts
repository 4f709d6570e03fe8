// The application itself: who answers, what this shell can do, doctor, notices.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';

/** What a desktop offers, as data: the window asks this, never which shell it is in. */
export interface HostFeatures {
  readonly hostTerminal: boolean;
  readonly tray: boolean;
}

export interface AppInfo {
  readonly version: string;
  readonly build: string;
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly shell: 'electron' | 'browser' | 'cli';
  readonly features: HostFeatures;
  /** BCP 47, from the system. */
  readonly locale: string;
  readonly home: string;
  readonly dockerHost: string;
  /** Folder of the bundled docker CLI. */
  readonly dockerCliFolder: string;
  readonly shells: readonly string[];
}

export interface DoctorCheck {
  /** Key of locale `doctor` (`<id>.title`). */
  readonly id: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped';
  /** Figures of the check, e.g. a version or a path. */
  readonly detail: string;
  readonly seconds: number;
  readonly error?: WireError;
}

export interface Notice {
  readonly id: string;
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly error: WireError;
}

export const appTable = {
  'app.info': call(z.strictObject({}), output<AppInfo>()),
  /** Each check as it ends. */
  'app.doctor': stream(z.strictObject({}), output<DoctorCheck>(), 'queue'),
  'app.notices': stream(z.strictObject({}), output<readonly Notice[]>(), 'latest'),
  'app.dismissNotice': call(z.strictObject({ id: z.string().min(1).max(64) }), output<void>()),
  /** Brings the window forward; a backend without one answers with an address that works once. */
  'app.open': call(z.strictObject({}), output<{ readonly address?: string }>()),
  /** Stops the VM in order; a headless backend then exits. The answer comes before it does. */
  'app.stop': call(z.strictObject({ shutdown: z.boolean().default(false) }), output<void>()),
};

/** Answered by the shell that holds the page, never relayed to another backend. */
export const shellTable = {
  /** Only what main/lib/external-url.ts knows: ports published on this computer, documented pages, those of the bundled presets. */
  'shell.openExternal': call(z.strictObject({ url: z.string().max(2048) }), output<void>()),
};
