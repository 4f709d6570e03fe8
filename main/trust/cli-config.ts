// One entry of the docker CLI's config.json: `proxies` of this engine's address. The file is the user's: nothing else in it changes, its layout stays,
// what cannot be parsed is left alone, and the file as it was before Berth's first edit is kept beside it.
import { copyFile, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { BerthError } from '../../preload/contract';
import type { ProxyAddresses } from '../../preload/contract';
import { asError } from '../lib/async';
import { hasCode, readText } from '../lib/atomic-file';

export function cliConfigPath(env: NodeJS.ProcessEnv): string {
  return join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'), 'config.json');
}

/** Empty addresses take the entry away. Rejects with `trust.cliConfig`. */
export async function writeCliProxies(env: NodeJS.ProcessEnv, dockerHost: string, addresses: ProxyAddresses): Promise<void> {
  const given = cliConfigPath(env);
  try {
    // Kept in a repository of dotfiles and linked here, by some.
    const path = await realpath(given).catch(() => given);
    const before = await readText(path);
    const after = editCliConfig(before ?? '', dockerHost, addresses);
    if (after === before || (before === undefined && addresses.http === '' && addresses.https === '')) {
      return;
    }
    const mode = before === undefined ? 0o600 : (await stat(path)).mode & 0o777;
    if (before !== undefined) {
      await keep(path);
    }
    const secret = `${addresses.http}${addresses.https}`.includes('@');
    await replace(path, after, secret ? mode & 0o600 : mode);
  } catch (cause) {
    throw new BerthError('trust.cliConfig', { path: given, reason: asError(cause).message }, { cause });
  }
}

/** Pure; throws where the text is not a JSON object. */
export function editCliConfig(text: string, dockerHost: string, { http, https, noProxy }: ProxyAddresses): string {
  const bom = text.startsWith('\ufeff') ? '\ufeff' : '';
  const body = text.slice(bom.length).trim() === '' ? '{}\n' : text.slice(bom.length);
  const document = parse(body);
  if (!isObject(document) || ('proxies' in document && !isObject(document['proxies']))) {
    throw new Error('not a configuration of the docker CLI');
  }
  const value = Object.fromEntries(
    Object.entries({ httpProxy: http, httpsProxy: https, noProxy: http === '' && https === '' ? '' : noProxy }).filter(
      ([, each]) => each !== '',
    ),
  );
  const present = isObject(document['proxies']) ? document['proxies'] : {};
  if (JSON.stringify(present[dockerHost]) === JSON.stringify(Object.keys(value).length === 0 ? undefined : value)) {
    return text;
  }
  const remove = Object.keys(value).length === 0;
  const alone = remove && Object.keys(present).every((key) => key === dockerHost);
  const [, indent = '\t'] = /^\{\s*?\n([ \t]+)/.exec(body) ?? [];
  const edits = modify(body, alone ? ['proxies'] : ['proxies', dockerHost], remove ? undefined : value, {
    formattingOptions: { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length, eol: body.includes('\r\n') ? '\r\n' : '\n' },
  });
  return bom + applyEdits(body, edits);
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
    parse((await readFile(temporary, 'utf8')).replace(/^\ufeff/, ''));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Without the parser's own words: they quote the text, and logins are in it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('no JSON');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
