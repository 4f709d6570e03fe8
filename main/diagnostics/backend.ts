// The reports of a backend that runs, put together for main/app.ts. Decides nothing.
import { createDiagnostics } from './create-diagnostics';
import type { Diagnostics } from './create-diagnostics';
import { createParts } from './parts';
import { sourcesOf } from './sources';
import type { BackendSources } from './sources';

export function backendDiagnostics(sources: BackendSources): Diagnostics {
  return createDiagnostics({ folder: sources.files.diagnostics, parts: () => createParts(sourcesOf(sources)) });
}
