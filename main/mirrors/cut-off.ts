// A silent mirror cut off in the guest: what waits on it goes on with the next one by itself, be it a client's pull or a build.
// dockerd waits for ever on a connection that stands and says nothing, and BuildKit goes on asking the mirrors that it asked before for an image,
// whatever a reload says, for 5 to 10 minutes. A connection that breaks, or is refused, makes both fall back. Knows nothing of lists and pulls.
import type { Logger } from '../lib/logger';
import type { ExecOptions, ExecResult } from '../ssh/connection';

/** Local ports of our own tests: those are to see how a mirror that is cut off is by now. Above what the kernel gives out by itself. */
export const TEST_PORTS = { first: 61_000, last: 64_999 } as const;
const CHAIN = 'BERTH-SILENT';
const DOCKER_HUB = 'https://registry-1.docker.io';

export interface CutOffDeps {
  readonly exec: (command: string | readonly string[], options?: ExecOptions) => Promise<ExecResult>;
  readonly log: Logger;
}

export interface CutOff {
  /** From now on these, and no others, are cut off; never what shares an address with one of `kept`. Resolves when the guest has done it; never rejects. */
  set(urls: readonly string[], kept: readonly string[]): Promise<void>;
}

export function createCutOff({ exec, log }: CutOffDeps): CutOff {
  let last: Promise<unknown> = Promise.resolve();
  let empty = true;

  /** `address port` */
  async function placesOf(url: string): Promise<readonly string[]> {
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const { stdout } = await exec(['getent', 'ahosts', host]);
    const addresses = stdout.split('\n').flatMap((line) => /^[0-9a-f.:]+(?=\s)/i.exec(line)?.[0] ?? []);
    return [...new Set(addresses)].map((address) => `${address} ${port || (protocol === 'http:' ? '80' : '443')}`);
  }

  async function apply(urls: readonly string[], kept: readonly string[]): Promise<void> {
    if (urls.length === 0 && empty) {
      return;
    }
    const places = async (of: readonly string[]): Promise<string[]> => (await Promise.all(of.map(placesOf))).flat();
    const [silent, used] = await Promise.all([places(urls), places([...kept, DOCKER_HUB])]);
    const rules = silent.filter((place) => !used.includes(place)).map((place) => place.split(' ') as [string, string]);
    const { code, stderr } = await exec(script(rules));
    empty = rules.length === 0;
    if (code !== 0) {
      log.warn('a silent mirror could not be cut off', { urls, stderr });
    }
  }

  return {
    set(urls, kept) {
      const done = last
        .then(() => apply(urls, kept))
        .catch((error: unknown) => log.warn('a silent mirror could not be cut off', { urls, error }));
      last = done;
      return done;
    },
  };
}

function script(places: readonly (readonly [address: string, port: string])[]): string {
  const table = (tool: string, own: typeof places): string[] => [
    `${tool} -N ${CHAIN} 2>/dev/null`,
    `${tool} -C OUTPUT -j ${CHAIN} 2>/dev/null || ${tool} -I OUTPUT -j ${CHAIN}`,
    `${tool} -F ${CHAIN}`,
    ...own.flatMap(([address, port]) => {
      // By the address that was asked for, whatever a translation made of it.
      const asked = `-m conntrack --ctproto tcp --ctorigdst ${address} --ctorigdstport ${port}`;
      const rule = (match: string, how: string): string =>
        `${tool} -A ${CHAIN} -p tcp ${match} -m tcp ! --sport ${TEST_PORTS.first}:${TEST_PORTS.last} -j REJECT --reject-with ${how}`;
      // Of a translated one (a container's published port) the reset gets lost on the way back, and who dials waits for its own 30 s.
      const unreachable = tool === 'iptables' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
      return [rule(`${asked} --ctstate DNAT`, unreachable), rule(asked, 'tcp-reset')];
    }),
  ];
  const [six, four] = [places.filter(([address]) => address.includes(':')), places.filter(([address]) => !address.includes(':'))];
  return [
    ...table('iptables', four),
    ...(six.length === 0 ? [] : table('ip6tables', six)),
    // The connections that stand: a rule alone would be met only by their keep-alive, seconds later.
    ...places.map(
      ([address, port]) =>
        `ss -K dst '${address.includes(':') ? `[${address}]` : address}' dport = :${port} sport lt :${TEST_PORTS.first} >/dev/null`,
    ),
  ].join('\n');
}
