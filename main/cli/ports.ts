// `berth ports`: published ports as they stand on the host; `--probe` walks each one's hops.
import { addressText } from '../../preload/contract';
import type { Client, Forward, PortHop } from '../../preload/contract';
import { columns, errorJson, first, session } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';

export interface PortsFlags extends JsonFlag {
  readonly probe: boolean;
}

interface Shown {
  readonly forward: Forward;
  readonly hops?: readonly PortHop[];
}

/** Ends with 1 where a port is not served or its probe stops. */
export async function ports(kit: Kit, { json, probe }: PortsFlags): Promise<void> {
  const { output } = kit;
  await session(kit, { json, needs: 'engine' }, async (client) => {
    const forwards = await first(client, 'ports.changes', {});
    const shown = probe ? await Promise.all(forwards.map((forward) => probed(client, forward))) : forwards.map((forward) => ({ forward }));
    if (json) {
      output.print(JSON.stringify(shown.map((each) => asJson(each, kit))));
    } else if (shown.length === 0) {
      output.say(output.texts.text('cli', 'ports.none'));
    } else {
      columns(shown.map((each) => line(each, kit))).forEach((text) => output.print(text));
    }
    if (shown.some(isBroken)) {
      throw new Exit(EXIT.failed);
    }
  });
}

async function probed(client: Client, forward: Forward): Promise<Shown> {
  const { protocol, address, port, error } = forward;
  return error === undefined ? { forward, hops: await client.call('ports.probe', { protocol, address, port }) } : { forward };
}

function isBroken({ forward, hops = [] }: Shown): boolean {
  return forward.error !== undefined || hops.some(({ state }) => state === 'failed');
}

function line(shown: Shown, { output: { texts } }: Kit): string[] {
  const { forward, hops } = shown;
  const { protocol, containerPort, name, reach, connections, bytesIn, bytesOut, error } = forward;
  const broken = hops?.find(({ state }) => state === 'failed');
  const state =
    error !== undefined
      ? texts.error(error).title
      : broken !== undefined
        ? texts.text('cli', `ports.broken.${broken.name}`, { detail: broken.detail })
        : texts.text('cli', hops === undefined ? `ports.reach.${reach}` : 'ports.works');
  const figures = texts.text('cli', 'ports.figures', { connections, in: texts.bytes(bytesIn), out: texts.bytes(bytesOut) });
  return [`${addressText(forward)}/${protocol}`, `${name}:${containerPort}`, figures, state];
}

function asJson({ forward, hops }: Shown, { output }: Kit): unknown {
  const { error, ...rest } = forward;
  return { ...rest, error: error === undefined ? null : errorJson(error, output), hops: hops ?? null };
}
