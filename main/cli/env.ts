// `berth env`: what a shell must set so that docker and its friends find the engine, quoted for the shell that reads it.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export const shellNames = ['sh', 'fish', 'powershell', 'cmd'] as const;
export type ShellName = (typeof shellNames)[number];

export function isShellName(value: string): value is ShellName {
  return (shellNames as readonly string[]).includes(value);
}

export function defaultShell(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): ShellName {
  if (platform === 'win32') {
    return environment['PSModulePath'] === undefined ? 'cmd' : 'powershell';
  }
  return environment['SHELL']?.endsWith('/fish') === true ? 'fish' : 'sh';
}

export interface EnvFacts {
  readonly dockerHost: string;
  /** Added to PATH; undefined where the system has a docker of its own. */
  readonly dockerCliFolder: string | undefined;
}

export function envLines({ dockerHost, dockerCliFolder }: EnvFacts, shell: ShellName): string[] {
  // The context would win over nothing, but DOCKER_CONTEXT would win over DOCKER_HOST's silence; only what is needed is set.
  const path = dockerCliFolder;
  switch (shell) {
    case 'sh':
      return [`export DOCKER_HOST=${quoteSh(dockerHost)}`, ...(path === undefined ? [] : [`export PATH="$PATH":${quoteSh(path)}`])];
    case 'fish':
      return [`set -gx DOCKER_HOST ${quoteFish(dockerHost)}`, ...(path === undefined ? [] : [`set -gx PATH $PATH ${quoteFish(path)}`])];
    case 'powershell':
      return [
        `$Env:DOCKER_HOST = ${quotePowershell(dockerHost)}`,
        ...(path === undefined ? [] : [`$Env:PATH += ${quotePowershell(`${delimiter}${path}`)}`]),
      ];
    case 'cmd':
      return [`SET DOCKER_HOST=${dockerHost}`, ...(path === undefined ? [] : [`SET PATH=%PATH%${delimiter}${path}`])];
  }
}

/** Whether a program is in PATH. */
export function inPath(name: string, path: string | undefined): boolean {
  return (path ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, process.platform === 'win32' ? `${name}.exe` : name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function quoteSh(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function quotePowershell(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
