// The command line without a process: argv in, what it printed and its exit code out, over handlers that a test writes as functions.
import type { BerthError } from '../../preload/contract';
import type { BackendHandlers, Task } from '../../preload/contract';
import { createClient } from '../../preload/rpc/client';
import { serve } from '../../preload/rpc/server';
import type { Commands } from '../../main/cli/commands';
import { createConfigCommands } from '../../main/cli/config';
import { createConnectCommands } from '../../main/cli/connect';
import { createMirrorsCommands } from '../../main/cli/mirrors';
import { Exit, reportFailure } from '../../main/cli/output';
import type { Output } from '../../main/cli/output';
import { boots } from '../../main/cli/boots';
import { cost } from '../../main/cli/cost';
import { ports } from '../../main/cli/ports';
import { prefixes } from '../../main/cli/prefixes';
import { runProgram } from '../../main/cli/program';
import { pull } from '../../main/cli/pull';
import { createHostCommands } from '../../main/cli/host';
import { createDiskCommands } from '../../main/cli/disk';
import { createRepairCommands } from '../../main/cli/repair';
import { createSharesCommands } from '../../main/cli/shares';
import type { Terminal } from '../../main/cli/terminal';
import { createTrustCommands } from '../../main/cli/trust';
import type { Connect } from '../../main/connect/create-connect';
import { createTexts } from '../../main/lib/texts';
import { createTransportPair } from './transport-pair';

export interface FakeRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FakeCliOptions {
  /** What the backend answers; anything else fails as an unknown method. */
  readonly handlers: Partial<BackendHandlers>;
  readonly terminal?: Partial<Terminal>;
  readonly language?: 'en' | 'zh-CN';
  /** undefined = no backend runs. */
  readonly running?: boolean;
  readonly interrupted?: AbortSignal;
  readonly connect?: Connect;
}

export async function runCli(argv: readonly string[], options: FakeCliOptions): Promise<FakeRun> {
  const { handlers, terminal, language = 'en', running = true } = options;
  const texts = createTexts(language);
  const stdout: string[] = [];
  const stderr: string[] = [];
  const output: Output = {
    texts,
    print: (line) => void stdout.push(line),
    say: (line) => void stderr.push(line),
    error(error) {
      const { title, kept, next } = texts.error(error);
      stderr.push(title, kept, next);
    },
  };
  const connect = async (): Promise<ReturnType<typeof createClient>> => {
    const pair = createTransportPair();
    serve(pair.server, { build: 'test', accept: () => handlers as BackendHandlers });
    const client = createClient(pair.client, { build: 'test', client: 'cli' });
    await client.ready;
    return client;
  };
  const kit = {
    output,
    interrupted: options.interrupted ?? new AbortController().signal,
    terminal: {
      interactive: false,
      rows: 40,
      columns: 200,
      ask: () => Promise.reject(new Error('nobody is there to be asked')),
      paint: () => undefined,
      input: () => Promise.resolve(''),
      edit: () => Promise.resolve(1),
      ...terminal,
    },
    need: () => (running ? connect() : Promise.reject(new Exit(3))),
    needOrSpawn: connect,
  };
  const none = {} as Commands;
  const commands = {
    ...none,
    config: createConfigCommands(kit),
    connect: createConnectCommands({
      output,
      connect: () => (options.connect === undefined ? Promise.reject(new Error('no connect')) : Promise.resolve(options.connect)),
    }),
    mirrors: createMirrorsCommands(kit),
    host: createHostCommands(kit),
    disk: createDiskCommands(kit),
    repair: createRepairCommands(kit),
    shares: createSharesCommands(kit),
    trust: createTrustCommands(kit),
    diagnostics: () => Promise.reject(new Error('has a home of its own; see main/diagnostics')),
    prefixes: prefixes.bind(undefined, kit),
    ports: ports.bind(undefined, kit),
    cost: cost.bind(undefined, kit),
    boots: boots.bind(undefined, kit),
    pull: pull.bind(undefined, kit),
  };
  const code = await runProgram(argv, { output, commands: () => commands }).catch((error: unknown) => reportFailure(error, output));
  return { code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

/** A handler's stream of these items, which then stays open until it is cancelled. */
export function streamOf<T>(...items: readonly T[]): (input: unknown, context: { readonly signal: AbortSignal }) => AsyncGenerator<T> {
  return async function* (_input, { signal }) {
    yield* items;
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
  };
}

export function taskOf(patch: Partial<Task>): Task {
  return {
    id: 't1',
    kind: 'config',
    subject: '',
    state: 'running',
    startedAt: 0,
    currentBytes: 0,
    totalBytes: 0,
    bytesPerSecond: 0,
    ...patch,
  };
}

export const refuse = (error: BerthError) => (): never => {
  throw error;
};
