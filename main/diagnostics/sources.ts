// Where a report's parts come from: the services of a backend, or what is left of them where none runs. Part of the composition: decides nothing.
import type { BackendHandlers, DoctorCheck } from '../../preload/contract';
import { first } from '../lib/async';
import { createEngineHttp } from '../lib/engine-http';
import type { HomeFiles } from '../lib/home';
import { connectQmp } from '../vm/qemu/qmp';
import type { Resources } from '../vm/resources';
import type { Vm } from '../vm/vm';

export interface DiagnosticsSources {
  readonly files: HomeFiles;
  readonly resources: Resources;
  readonly version: string;
  readonly build: string;
  readonly vm: Pick<Vm, 'status' | 'boots' | 'agent'> | undefined;
  doctor(signal: AbortSignal): AsyncIterable<DoctorCheck>;
  /** GET of the engine's; rejects where it does not answer. Never by the host's socket: a suspended VM stays asleep. */
  engine(path: string): Promise<unknown>;
  ports(signal: AbortSignal): Promise<unknown>;
  shares(signal: AbortSignal): Promise<unknown>;
  /** Answers, or the words of the refusal, by command. */
  askQemu(commands: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
}

export interface BackendSources {
  readonly files: HomeFiles;
  readonly resources: Resources;
  readonly version: string;
  readonly build: string;
  readonly vm: Vm;
  doctor(signal: AbortSignal): AsyncIterable<DoctorCheck>;
  readonly handlers: Pick<BackendHandlers, 'ports.changes' | 'shares.changes'>;
}

export function sourcesOf({ handlers, ...rest }: BackendSources): DiagnosticsSources {
  const http = createEngineHttp(rest.vm.dialer);
  return {
    ...rest,
    engine: (path) => http.json('GET', path),
    ports: (signal) => first(handlers['ports.changes']({}, contextOf(signal))),
    shares: (signal) => first(handlers['shares.changes']({}, contextOf(signal))),
    askQemu: (commands) => answersOf(commands, (command) => rest.vm.askDriver(command)),
  };
}

/** `none`: no backend runs, or none that answers. QEMU's own door is free then. */
export function sourcesWithout(given: Omit<BackendSources, 'vm' | 'handlers'>): DiagnosticsSources {
  const away = (): Promise<never> => Promise.reject(new Error('no backend runs'));
  return {
    ...given,
    vm: undefined,
    engine: away,
    ports: () => Promise.resolve(undefined),
    shares: () => Promise.resolve(undefined),
    async askQemu(commands) {
      const qmp = await connectQmp(given.files.run.qmp, () => undefined, 2000);
      try {
        return await answersOf(commands, (command) => qmp.execute(command, {}, 3000));
      } finally {
        qmp.close();
      }
    },
  };
}

async function answersOf(
  commands: readonly string[],
  ask: (command: string) => Promise<unknown>,
): Promise<Readonly<Record<string, unknown>>> {
  const answers: Record<string, unknown> = {};
  for (const command of commands) {
    answers[command] = await ask(command).catch((error: unknown) => ({ error: String(error) }));
  }
  return answers;
}

/** Of a call without an upload. */
export function contextOf(signal: AbortSignal): Parameters<BackendHandlers['ports.changes']>[1] {
  return { signal, upload: noUpload() };
}

async function* noUpload(): AsyncGenerator<Uint8Array> {
  // Nothing comes.
}
