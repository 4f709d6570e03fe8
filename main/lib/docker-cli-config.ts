// The docker CLI's config.json: single values of it. The file is the user's: nothing else in it changes, its layout stays, what cannot be parsed
// is left alone, and the file as it was before Berth's first edit is kept beside it.
import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { hasCode, readText } from './atomic-file';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty DOCKER_CONFIG is none, as for the CLI. */
export function cliFolder(env: Environment): string {
  return orElse(env['DOCKER_CONFIG'], join(orElse(env['HOME'], homedir()), '.docker'));
}

export function cliConfigPath(env: Environment): string {
  return join(cliFolder(env), 'config.json');
}

/** Rejects where the text after `edit` is no JSON, or the file cannot be written; then it is as it was. */
export async function changeCliConfig(
  env: Environment,
  edit: (text: string) => string,
  options: { readonly isSecret?: boolean } = {},
): Promise<void> {
  const given = cliConfigPath(env);
  // Kept in a repository of dotfiles and linked here, by some.
  const path = await realpath(given).catch(() => given);
  const before = await readText(path);
  const after = edit(before ?? '');
  if (after === (before ?? '')) {
    return;
  }
  const mode = before === undefined ? 0o600 : (await stat(path)).mode & 0o777;
  if (before !== undefined) {
    await keep(path);
  }
  await replace(path, after, options.isSecret === true ? mode & 0o600 : mode);
}

/** Pure: sets the value at a path, undefined takes it away. Throws where the text is not a JSON object. */
export function withValue(text: string, path: readonly string[], value: unknown): string {
  const bom = text.startsWith('\ufeff') ? '\ufeff' : '';
  const body = text.slice(bom.length).trim() === '' ? '{}\n' : text.slice(bom.length);
  parseCliConfig(body);
  const [, indent = '\t'] = /^\{\s*?\n([ \t]+)/.exec(body) ?? [];
  const edits = modify(body, [...path], value, {
    formattingOptions: { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length, eol: body.includes('\r\n') ? '\r\n' : '\n' },
  });
  return bom + applyEdits(body, edits);
}

/** Without the parser's own words: they quote the text, and logins are in it. */
export function parseCliConfig(text: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = text.trim() === '' ? {} : JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw new Error('no JSON');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Error('not a configuration of the docker CLI');
  }
  return document as Record<string, unknown>;
}

async function keep(path: string): Promise<void> {
  await copyFile(path, `${path}.before-berth`, constants.COPYFILE_EXCL).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) {
      throw error;
    }
  });
}

/** Read back before it takes the place: an edit that is not JSON would take the user's logins away. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.berth-${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(temporary, text, { mode, flush: true });
    parseCliConfig(await readFile(temporary, 'utf8'));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function orElse(value: string | undefined, otherwise: string): string {
  return value === undefined || value === '' ? otherwise : value;
}
