// `berth trust` and `berth proxy`: authorities that the engine trusts, and through what it goes out. Credentials come masked and go back as they came.
import { readFile } from 'node:fs/promises';
import { proxyModes, proxyUsers } from '../../preload/contract';
import type { CertificateInfo, Client, ProxySetting, TrustState } from '../../preload/contract';
import { followChange } from './config-apply';
import { columns, first, session, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';

export interface ProxyFlags extends JsonFlag {
  readonly http?: string;
  readonly https?: string;
  /** Addresses that are reached directly; named as curl names it, because --no-… would be a negation. */
  readonly noproxy?: string;
}

export interface TrustCommands {
  list(flags: JsonFlag): Promise<void>;
  add(given: string, flags: JsonFlag): Promise<void>;
  remove(fingerprint: string, flags: JsonFlag): Promise<void>;
  proxy(user: string | undefined, mode: string | undefined, flags: ProxyFlags): Promise<void>;
}

/** Enough of a fingerprint to mean one certificate. */
const SHORTEST = 8;

export function createTrustCommands(kit: Kit): TrustCommands {
  const { output } = kit;
  const { print, say, texts } = output;

  function withState(json: boolean, work: (client: Client, state: TrustState) => Promise<void>): Promise<void> {
    return session(kit, { json, needs: 'backend' }, async (client) => work(client, await first(client, 'trust.changes', {})));
  }

  async function follow(client: Client, task: string | undefined, json: boolean): Promise<void> {
    if (task !== undefined) {
      await followChange(kit, client, task, json);
      return;
    }
    say(texts.text('cli', 'config.ended.kept'));
    if (json) {
      print(JSON.stringify({ result: 'kept', steps: [], error: null }));
    }
  }

  async function choose(
    client: Client,
    state: TrustState,
    change: (chosen: ReadonlySet<string>) => Iterable<string>,
    json: boolean,
  ): Promise<void> {
    const chosen = new Set(state.host.filter((each) => each.chosen).map(({ fingerprint }) => fingerprint));
    const { task } = await client.call('trust.chooseHost', { fingerprints: [...change(chosen)], followHost: state.followHost });
    await follow(client, task, json);
  }

  return {
    list: ({ json }) =>
      withState(json, async (_client, state) => {
        if (json) {
          const { host, added, registries, followHost } = state;
          print(JSON.stringify({ host, followHost, added, registries }));
          return;
        }
        const row = (kind: string, { fingerprint, subject, notAfter }: CertificateInfo): string[] => [
          fingerprint.slice(0, 16),
          texts.text('cli', `trust.kind.${kind}`),
          new Date(notAfter).toISOString().slice(0, 10),
          subject,
        ];
        columns([
          ...state.added.map((each) => row('added', each)),
          ...state.host.map((each) => row(each.chosen ? 'chosen' : each.inGuest ? 'inGuest' : 'notChosen', each)),
          ...state.registries.flatMap(({ registry, authorities, client }) =>
            [...authorities, ...(client === undefined ? [] : [client])].map((each) => {
              const [fingerprint = '', kind = '', until = '', subject = ''] = row('registry', each);
              return [fingerprint, kind, until, `${registry}: ${subject}`];
            }),
          ),
        ]).forEach(print);
      }),

    add: (given, { json }) =>
      withState(json, async (client, state) => {
        const ofHost = byFingerprint(state.host, given);
        if (ofHost !== undefined) {
          await choose(client, state, (chosen) => [...chosen, ofHost.fingerprint], json);
          return;
        }
        const bytes = given === '-' ? Buffer.from(await kit.terminal.input()) : await readFile(given).catch(() => undefined);
        if (bytes === undefined) {
          throw wrongUsage(output, 'usage.certificate', { given });
        }
        // A file of one certificate in binary is as usual as one in PEM.
        const data = bytes.includes('-----BEGIN') ? bytes.toString('utf8') : bytes.toString('base64');
        const { task } = await client.call('trust.addAuthority', { data });
        await follow(client, task, json);
      }),

    remove: (given, { json }) =>
      withState(json, async (client, state) => {
        const added = byFingerprint(state.added, given);
        const ofHost = byFingerprint(
          state.host.filter(({ chosen }) => chosen),
          given,
        );
        if (added !== undefined) {
          await follow(client, (await client.call('trust.removeAuthority', { fingerprint: added.fingerprint })).task, json);
        } else if (ofHost !== undefined) {
          await choose(client, state, (chosen) => [...chosen].filter((fingerprint) => fingerprint !== ofHost.fingerprint), json);
        } else {
          throw wrongUsage(output, 'usage.fingerprint', { given });
        }
      }),

    async proxy(given, mode, { json, http, https, noproxy }) {
      const user = proxyUsers.find((each) => each === given);
      const chosen = proxyModes.find((each) => each === mode);
      if ((given !== undefined && user === undefined) || (mode !== undefined && chosen === undefined)) {
        throw wrongUsage(output, 'usage.proxy', { users: proxyUsers.join(', '), modes: proxyModes.join(', ') });
      }
      await withState(json, async (client, { proxies }) => {
        if (user === undefined || chosen === undefined) {
          const shown = user === undefined ? proxyUsers : [user];
          if (json) {
            print(JSON.stringify(Object.fromEntries(shown.map((each) => [each, proxies[each]]))));
          } else {
            columns(shown.map((each) => proxyRow(each, proxies[each]))).forEach(print);
          }
          return;
        }
        const { manual } = proxies[user];
        const wanted = { http: http ?? manual.http, https: https ?? manual.https, noProxy: noproxy ?? manual.noProxy };
        const { task } = await client.call('trust.setProxies', { [user]: { mode: chosen, manual: wanted } });
        await follow(client, task, json);
      });
    },
  };

  function proxyRow(user: string, { mode, resolved }: ProxySetting): string[] {
    const { http, https, noProxy } = resolved;
    return [user, texts.text('cli', `proxy.${mode}`), `http=${http}`, `https=${https}`, `no-proxy=${noProxy}`];
  }
}

function byFingerprint<C extends CertificateInfo>(certificates: readonly C[], given: string): C | undefined {
  const wanted = given.toLowerCase().replaceAll(':', '');
  const found =
    /^[0-9a-f]+$/.test(wanted) && wanted.length >= SHORTEST ? certificates.filter((each) => each.fingerprint.startsWith(wanted)) : [];
  return found.length === 1 ? found[0] : undefined;
}
