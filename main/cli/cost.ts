// `berth cost`: what Berth takes of this computer over the last hour and day, beside the guest's own figures.
import type { Client, CostRemedy, CostStatus } from '../../preload/contract';
import { columns, first, session } from './kit';
import type { JsonFlag, Kit } from './kit';

export interface CostCliFlags extends JsonFlag {
  readonly giveBack: boolean;
}

export async function cost(kit: Kit, { json, giveBack }: CostCliFlags): Promise<void> {
  const { output } = kit;
  const { texts } = output;
  await session(kit, { json, needs: 'engine' }, async (client) => {
    if (giveBack) {
      const { bytes } = await client.call('cost.giveBack', {});
      const said = bytes > 0 ? texts.text('cost', 'gaveBack', { size: texts.bytes(bytes) }) : texts.text('cost', 'gaveNothing');
      output.print(json ? JSON.stringify({ bytes }) : said);
      return;
    }
    const status = await known(client);
    if (json) {
      output.print(JSON.stringify({ ...status, now: status.now ?? null, guest: status.guest ?? null }));
    } else {
      lines(status, kit).forEach((line) => output.print(line));
    }
  });
}

/** A backend that has just begun has looked once at most, and a figure takes two looks. */
async function known(client: Client): Promise<CostStatus> {
  for await (const status of client.stream('cost.changes', {})) {
    if (status.now !== undefined) {
      return status;
    }
  }
  return first(client, 'cost.changes', {});
}

function lines(status: CostStatus, { output: { texts } }: Kit): string[] {
  const text = (key: string, params: Readonly<Record<string, string | number>> = {}): string => texts.text('cost', key, params);
  const show = (value: number | undefined, words: (value: number) => string): string =>
    value === undefined ? text('unknown') : words(value);
  const cpu = (ratio: number): string => text('percent', { ratio });
  const wakeups = (count: number): string => text('perSecond', { count });
  const bytes = (count: number): string => texts.bytes(count);
  const spans = (['hour', 'day'] as const).flatMap((name) => {
    const over = status[name];
    const span = text(`cli.spans.${name}`);
    return [
      [text('cli.cpu', { span }), show(over.cpu, cpu), show(over.guest.cpu, cpu)],
      [text('cli.written', { span }), show(over.writtenBytes, bytes), show(over.guest.writtenBytes, bytes)],
      [text('cli.wakeups', { span }), show(over.wakeups, wakeups), ''],
    ];
  });
  const parts = (status.now?.parts ?? []).map(({ part, memoryBytes, cpu: ratio }) => [
    `  ${text(`part.${part}`)}`,
    show(memoryBytes, bytes),
    show(ratio, cpu),
  ]);
  return [
    ...columns([
      ['', text('cli.real'), text('cli.guest')],
      [text('cli.memory'), show(status.now?.memoryBytes, bytes), show(status.guest?.usedBytes, bytes)],
      ...spans,
    ]),
    ...columns(parts),
    ...status.remedies.map((remedy) => text(`cli.remedy.${remedy.key}`, sizeOf(remedy, bytes))),
  ];
}

function sizeOf(remedy: CostRemedy, bytes: (count: number) => string): Readonly<Record<string, string>> {
  return 'bytes' in remedy ? { size: bytes(remedy.bytes) } : {};
}
