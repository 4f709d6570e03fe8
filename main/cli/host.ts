// `berth host`: who of the containers reaches services of this computer, and its DNS. What is enforced the backend says.
import { hostAccessModes, hostNames, parseHostPorts } from '../../preload/contract';
import type { Client, DnsHealth, HostAccessStatus } from '../../preload/contract';
import { errorJson, first, session, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';

export interface HostAccessFlags extends JsonFlag {
  readonly ports?: string;
}

export interface HostCommands {
  show(flags: JsonFlag): Promise<void>;
  access(mode: string, flags: HostAccessFlags): Promise<void>;
  dns(flags: JsonFlag): Promise<void>;
}

export function createHostCommands(kit: Kit): HostCommands {
  const { output } = kit;
  const { texts } = output;
  const say = (key: string, params: Readonly<Record<string, string | number>> = {}): void =>
    output.print(texts.text('cli', `host.${key}`, params));

  /** Ends with 1 where what is set is not kept to. */
  async function tell(client: Client, { json }: JsonFlag): Promise<void> {
    const status = await first(client, 'host.changes', {});
    const { access, ports, address, error, pendingRestart, enforced } = status;
    if (json) {
      output.print(JSON.stringify(asJson(status)));
    } else {
      say(`access.${access}`, { ports: ports.map(({ port }) => port).join(', ') || '–' });
      output.print(`${hostNames.join(', ')}: ${address}`);
      for (const { port } of ports.filter(({ state }) => state === 'own')) {
        say('own', { port });
      }
      if (pendingRestart) {
        say('pending');
      } else if (error !== undefined) {
        const { title, next } = texts.error(error);
        output.print(`${title}. ${next}`);
      }
    }
    if (!enforced && !pendingRestart) {
      throw new Exit(EXIT.failed);
    }
  }

  function asJson({ error, network, ...status }: HostAccessStatus): unknown {
    return { ...status, network: network?.backend ?? null, error: error === undefined ? null : errorJson(error, output) };
  }

  function tellDns({ state, servers, guestMilliseconds }: DnsHealth): void {
    for (const { address, milliseconds } of servers) {
      output.print(`${address}  ${milliseconds === undefined ? texts.text('cli', 'host.dns.none') : `${milliseconds} ms`}`);
    }
    if (guestMilliseconds !== undefined) {
      say('dns.guestAnswer', { milliseconds: guestMilliseconds });
    }
    say(`dns.${state}`);
  }

  return {
    show: (flags) => session(kit, { ...flags, needs: 'engine' }, (client) => tell(client, flags)),
    async access(name, flags) {
      const mode = hostAccessModes.find((each) => each === name);
      if (mode === undefined) {
        throw wrongUsage(output, 'host.badMode', { mode: name });
      }
      const ports = flags.ports === undefined ? undefined : parseHostPorts(flags.ports);
      if (flags.ports !== undefined && ports === undefined) {
        throw wrongUsage(output, 'host.badPorts', { ports: flags.ports });
      }
      await session(kit, { ...flags, needs: 'backend' }, async (client) => {
        await client.call('settings.set', { host: { access: mode, ...(ports === undefined ? {} : { ports: [...ports] }) } });
        await tell(client, flags);
      });
    },
    dns: (flags) =>
      session(kit, { ...flags, needs: 'engine' }, async (client) => {
        const health = await client.call('host.dns', {});
        if (flags.json) {
          output.print(JSON.stringify(health));
        } else {
          tellDns(health);
        }
        if (health.state !== 'ok') {
          throw new Exit(EXIT.failed);
        }
      }),
  };
}
