// `berth diagnostics`: a report of everything that helps to find a fault, listed before it is written to a file. With a backend by its services;
// without one, or with one that hangs, from what lies in the home.
import { basename, dirname, resolve } from 'node:path';
import { toWireError } from '../../preload/contract';
import type { DiagnosticsReport } from '../../preload/contract';
import { createDiagnostics } from '../diagnostics/create-diagnostics';
import { createParts } from '../diagnostics/parts';
import { contextOf, sourcesWithout } from '../diagnostics/sources';
import type { Surroundings } from './commands';
import { checkWithoutBackend } from './doctor';
import { columns } from './kit';
import { Exit, EXIT } from './output';
import type { Output } from './output';
import { findBackend } from './session';

export interface DiagnosticsFlags {
  readonly output: string | undefined;
  /** Only says what would be in it. */
  readonly list: boolean;
}

interface Door {
  collect(): AsyncIterable<DiagnosticsReport>;
  save(id: string, path: string): Promise<{ readonly path: string; readonly bytes: number }>;
  close(id: string | undefined): Promise<void>;
}

export async function diagnostics(deps: Surroundings, { output: asked, list }: DiagnosticsFlags): Promise<void> {
  const { texts, say, print } = deps.output;
  const door = await open(deps);
  let report: DiagnosticsReport | undefined;
  try {
    say(texts.text('cli', 'diagnostics.gathering'));
    for await (const next of door.collect()) {
      report = next;
    }
    if (report?.ended !== true) {
      throw new Exit(EXIT.failed); // Ctrl-C.
    }
    const tell = list ? print : say;
    columns(rows(report, deps.output)).forEach(tell);
    if (!list) {
      const saved = await door.save(report.id, resolve(asked ?? report.archive));
      say(texts.text('cli', 'diagnostics.saved', { size: texts.bytes(saved.bytes) }));
      print(saved.path);
    }
  } finally {
    await door.close(report?.id);
  }
}

function rows({ parts }: DiagnosticsReport, { texts }: Output): string[][] {
  return parts.flatMap(({ state, detail, files, name }) => [
    ...files.map(({ file, bytes }) => [file, texts.bytes(bytes)]),
    ...(state === 'failed' || state === 'late' ? [[name, texts.text('cli', `diagnostics.${state}`, { detail: detail ?? '' })]] : []),
  ]);
}

async function open(deps: Surroundings): Promise<Door> {
  const { build, interrupted, output } = deps;
  const files = await deps.prepareHome();
  const client = await findBackend({ files, build }).catch((error: unknown) => {
    output.error(toWireError(error));
    return undefined;
  });
  if (client !== undefined) {
    return {
      collect: () => client.stream('diagnostics.collect', {}, { signal: interrupted }),
      save: (id, path) => client.call('diagnostics.save', { id, folder: dirname(path), archive: basename(path) }),
      async close(id) {
        await (id === undefined ? undefined : client.call('diagnostics.discard', { id }).catch(() => undefined));
        client.close();
      },
    };
  }
  output.say(output.texts.text('cli', 'diagnostics.alone'));
  const { resources } = deps.app;
  const own = createDiagnostics({
    folder: files.diagnostics,
    parts: () =>
      createParts(
        sourcesWithout({
          files,
          resources,
          version: deps.version,
          build,
          doctor: (signal) => checkWithoutBackend(files, resources, signal),
        }),
      ),
  });
  const { handlers } = own;
  const context = contextOf(interrupted);
  return {
    collect: () => handlers['diagnostics.collect']({}, context),
    save: async (id, path) => handlers['diagnostics.save']({ id, folder: dirname(path), archive: basename(path) }, context),
    close: () => own.dispose(),
  };
}
