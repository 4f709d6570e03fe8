// What a shell must set so that docker and its friends find the engine, quoted for the shell that reads it; and whether it finds a docker at all.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { shellNames } from '../../preload/contract';
import type { ShellName } from '../../preload/contract';
import type { Environment } from '../lib/docker-cli-config';

/** Shells that read the same lines. */
const alike: Readonly<Record<string, ShellName>> = { bash: 'sh', zsh: 'sh', dash: 'sh', ksh: 'sh', pwsh: 'powershell', '.env': 'dotenv' };

/** As `--shell` names it. */
export function shellNamed(value: string): ShellName | undefined {
  return shellNames.find((name) => name === value) ?? (Object.hasOwn(alike, value) ? alike[value] : undefined);
}

export function defaultShell(environment: Environment, platform: NodeJS.Platform = process.platform): ShellName {
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

export function envLines({ dockerHost, dockerCliFolder: path }: EnvFacts, shell: ShellName): string[] {
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
    case 'dotenv':
      // A file has no PATH to add to.
      return [`DOCKER_HOST=${quoteDotenv(dockerHost)}`];
  }
}

export function envOfAllShells(facts: EnvFacts): Readonly<Record<ShellName, readonly string[]>> {
  return {
    sh: envLines(facts, 'sh'),
    fish: envLines(facts, 'fish'),
    powershell: envLines(facts, 'powershell'),
    cmd: envLines(facts, 'cmd'),
    dotenv: envLines(facts, 'dotenv'),
  };
}

/** The program's path, as a shell finds it in PATH. */
export function findInPath(name: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, process.platform === 'win32' ? `${name}.exe` : name))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export function quoteSh(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function quotePowershell(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Single quotes keep everything; where one is inside, double quotes with what they would read escaped. */
function quoteDotenv(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) {
    return text;
  }
  return text.includes("'") ? `"${text.replace(/[\\"$`]/g, '\\$&')}"` : `'${text}'`;
}
