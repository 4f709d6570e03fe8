// The lines that make a shell use this engine. Pure; what is shown is what works when pasted, whatever the path holds.
import type { AppInfo } from '../../../preload/contract';

export const shells = ['sh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

export function quote(shell: Shell, text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) {
    return text;
  }
  switch (shell) {
    case 'sh':
      return `'${text.replaceAll("'", `'\\''`)}'`;
    case 'fish':
      return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    case 'powershell':
      return `'${text.replaceAll("'", "''")}'`;
  }
}

export function contextCommands({ context, contextName }: Pick<AppInfo, 'context' | 'contextName'>): readonly string[] {
  switch (context) {
    case 'selected':
      return ['docker ps'];
    case 'present':
      return [`docker --context ${contextName} ps`, `docker context use ${contextName}`];
    case 'none':
      return [];
  }
}

export function shellCommands(shell: Shell, dockerHost: string): readonly string[] {
  switch (shell) {
    case 'sh':
      return ['eval "$(berth env)"', `export DOCKER_HOST=${quote(shell, dockerHost)}`];
    case 'fish':
      return ['berth env --shell fish | source', `set -gx DOCKER_HOST ${quote(shell, dockerHost)}`];
    case 'powershell':
      return ['berth env --shell powershell | Invoke-Expression', `$env:DOCKER_HOST = '${dockerHost.replaceAll("'", "''")}'`];
  }
}
