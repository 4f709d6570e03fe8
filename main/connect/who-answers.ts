// Who serves a unix socket: asked as any client of Docker would ask (`GET /version`), and the process that listens. Reads only.
import { readFile, realpath } from 'node:fs/promises';
import { request } from 'node:http';
import { basename, dirname, join } from 'node:path';
import type { SocketOwner } from '../../preload/contract';
import { asError } from '../lib/async';
import { hasCode } from '../lib/atomic-file';
import { processOfSocket } from '../lib/process-of-socket';

export type Answer =
  | { readonly kind: 'served'; readonly owner: SocketOwner }
  /** Nobody listens. */
  | { readonly kind: 'refused' }
  /** What the system says to this user. */
  | { readonly kind: 'closed'; readonly reason: string };

const TIMEOUT_MS = 3000;
const MAX_BYTES = 64 * 1024;
/** Longer ones are cut: they come from whoever listens there. */
const MAX_WORD = 80;

export async function whoAnswers(path: string): Promise<Answer> {
  const said = await askVersion(path).catch(asError);
  if (hasCode(said, 'ECONNREFUSED', 'ENOENT')) {
    return { kind: 'refused' };
  }
  if (said instanceof Error && hasCode(said, 'EACCES', 'EPERM')) {
    return { kind: 'closed', reason: said.message };
  }
  // Whatever else happened, somebody took the connection.
  const engine = said instanceof Error ? { engine: '', version: '' } : said;
  return { kind: 'served', owner: { ...engine, process: (await listenerOf(path)) ?? '' } };
}

function askVersion(socketPath: string): Promise<Omit<SocketOwner, 'process'>> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const outgoing = request(
      { socketPath, path: '/version', agent: false, signal, headers: { Host: 'docker', Connection: 'close' } },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part: string) => {
          text += part;
          if (text.length > MAX_BYTES) {
            incoming.destroy(new Error('too long an answer'));
          }
        });
        incoming.on('end', () => resolve(readVersion(text)));
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

interface Said {
  readonly Version?: unknown;
  readonly Platform?: { readonly Name?: unknown } | null;
  readonly Components?: unknown;
}

/** Podman names itself in its components, products in `Platform`. */
export function readVersion(text: string): Omit<SocketOwner, 'process'> {
  let said: Said | null = null;
  try {
    said = JSON.parse(text) as Said | null;
  } catch {
    // No engine of Docker's kind, or one that cannot answer now.
  }
  const components: readonly unknown[] = Array.isArray(said?.Components) ? said.Components : [];
  const first = components[0] as { Name?: unknown } | null | undefined;
  const name = [first?.Name].find((each) => typeof each === 'string' && each.startsWith('Podman')) ?? said?.Platform?.Name;
  const version = word(said?.Version);
  return { engine: word(name) || (version === '' ? '' : 'Docker'), version };
}

/** It is shown in terminals. */
function word(value: unknown): string {
  return typeof value === 'string' ? value.replace(/[\x00-\x1f\x7f-\x9f]/g, '').slice(0, MAX_WORD) : '';
}

/** The kernel keeps the path as it was bound, which may have led through a link (/var/run). */
async function listenerOf(path: string): Promise<string | undefined> {
  const table = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  const lines = table.split('\n').flatMap((line) => {
    const [, inode = '', bound = ''] = /^\S+ \S+ \S+ 00010000 \S+ \S+ +([0-9]+) (\/.*)$/.exec(line) ?? [];
    return basename(bound) === '' || inode === '' ? [] : [{ inode, bound }];
  });
  const wanted = await realpath(path).catch(() => path);
  const named = lines.filter(({ bound }) => basename(bound) === basename(wanted));
  const same = await Promise.all(named.map(async ({ inode, bound }) => ((await real(bound)) === wanted ? [inode] : [])));
  return processOfSocket(new Set(same.flat()));
}

async function real(path: string): Promise<string> {
  return join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
}
