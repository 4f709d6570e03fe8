// The engine's address as clients of Docker write it.
import type { HomeFiles } from './home';

export function dockerHostOf(files: HomeFiles): string {
  return process.platform === 'win32' ? `npipe://${files.run.docker.replaceAll('\\', '/')}` : `unix://${files.run.docker}`;
}
