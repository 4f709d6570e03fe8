// The digest that a registry itself has under a reference, asked from inside the guest as the engine would ask: HEAD, with the anonymous token flow.
import type { DaemonDocument } from '../daemon-config/daemon-config';
import type { ExecOptions, ExecResult } from '../ssh/connection';
import { splitRegistry } from './prefix';
import { createCurl } from './probe-curl';
import type { CurlAnswer, CurlRequest } from './probe-curl';
import { ACCEPT, parseImage } from './probe-image';
import { readRoutes } from './probe-network';
import { tokenOf, tokenPlace } from './probe-token';

const SECONDS = 5;
const MAX_ANSWER_BYTES = 64 * 1024;

type Exec = (command: string | readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/** undefined where the registry did not say within 5 s; rejects only when the signal aborts. */
export async function digestAtRegistry(
  exec: Exec,
  document: DaemonDocument,
  reference: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { registry, rest } = splitRegistry(reference);
  const { repository, name } = parseImage(rest);
  const origin = `https://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}`;
  const within = AbortSignal.any([signal, AbortSignal.timeout(SECONDS * 1000)]);
  const curl = createCurl(exec);
  try {
    const route = (await readRoutes(document, exec, within))(origin);
    const settings = { ...route, connectSeconds: SECONDS, idleSeconds: SECONDS, requestSeconds: SECONDS };
    const ask = async (request: Omit<CurlRequest, 'maxBytes'>): Promise<CurlAnswer | undefined> =>
      (await curl.run([{ ...request, maxBytes: MAX_ANSWER_BYTES, insecure: route.insecure }], settings, within))[0];
    const url = `${origin}/v2/${repository}/manifests/${name}`;
    let head = await ask({ url, method: 'HEAD', headers: [ACCEPT] });
    if (head?.status === 401) {
      const place = tokenPlace(head.header('www-authenticate'), repository);
      const token = place === undefined ? undefined : tokenOf((await ask({ url: place, keepBody: true }))?.body ?? '');
      head = token === undefined ? undefined : await ask({ url, method: 'HEAD', headers: [ACCEPT, `Authorization: Bearer ${token}`] });
    }
    return head?.status === 200 ? head.header('docker-content-digest') : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
