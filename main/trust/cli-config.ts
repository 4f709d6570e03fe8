// One entry of the docker CLI's config.json: `proxies` of this engine's address, for builds.
import { BerthError } from '../../preload/contract';
import type { ProxyAddresses } from '../../preload/contract';
import { asError } from '../lib/async';
import { changeCliConfig, cliConfigPath, parseCliConfig, withValue } from '../lib/docker-cli-config';
import { isObject } from '../lib/json';

/** Empty addresses take the entry away. Rejects with `trust.cliConfig`. */
export async function writeCliProxies(env: NodeJS.ProcessEnv, dockerHost: string, addresses: ProxyAddresses): Promise<void> {
  try {
    await changeCliConfig(env, (text) => editCliConfig(text, dockerHost, addresses), {
      isSecret: `${addresses.http}${addresses.https}`.includes('@'),
    });
  } catch (cause) {
    throw new BerthError('trust.cliConfig', { path: cliConfigPath(env), reason: asError(cause).message }, { cause });
  }
}

/** Pure; throws where the text is not a JSON object. */
export function editCliConfig(text: string, dockerHost: string, { http, https, noProxy }: ProxyAddresses): string {
  const document = parseCliConfig(text);
  if ('proxies' in document && !isObject(document['proxies'])) {
    throw new Error('not a configuration of the docker CLI');
  }
  const value = Object.fromEntries(
    Object.entries({ httpProxy: http, httpsProxy: https, noProxy: http === '' && https === '' ? '' : noProxy }).filter(
      ([, each]) => each !== '',
    ),
  );
  const present = isObject(document['proxies']) ? document['proxies'] : {};
  const remove = Object.keys(value).length === 0;
  if (JSON.stringify(present[dockerHost]) === JSON.stringify(remove ? undefined : value)) {
    return text;
  }
  const alone = remove && Object.keys(present).every((key) => key === dockerHost);
  return withValue(text, alone ? ['proxies'] : ['proxies', dockerHost], remove ? undefined : value);
}
