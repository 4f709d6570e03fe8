// `berth mirrors prefix`: mirrors of registries other than Docker Hub, by which Berth pulls and gives the original name. One a registry.
import type { PrefixMirror } from '../../preload/contract';
import { columns, first, session, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';

export interface PrefixFlags extends JsonFlag {
  /** By rule, not on demand only. */
  readonly always: boolean;
  readonly remove: boolean;
}

/** Shows them all, sets the registry's, or removes it. */
export async function prefixes(
  kit: Kit,
  registry: string | undefined,
  prefix: string | undefined,
  { json, always, remove }: PrefixFlags,
): Promise<void> {
  const { output } = kit;
  if (registry === undefined ? remove : (prefix !== undefined) === remove) {
    throw wrongUsage(output, 'usage.prefix');
  }
  await session(kit, { json, needs: 'backend' }, async (client) => {
    const { prefixes: present } = await first(client, 'mirrors.changes', {});
    let shown: readonly PrefixMirror[] = present;
    if (registry !== undefined) {
      const others = present.filter((each) => each.registry !== registry);
      if (remove && others.length === present.length) {
        throw wrongUsage(output, 'usage.noSuchPrefix', { given: registry });
      }
      await client.call('mirrors.setPrefixes', { prefixes: prefix === undefined ? others : [...others, { registry, prefix, always }] });
      shown = (await first(client, 'mirrors.changes', {})).prefixes;
    }
    if (json) {
      output.print(JSON.stringify(shown));
    } else {
      const word = (each: PrefixMirror): string => output.texts.text('cli', each.always ? 'mirrors.always' : 'mirrors.onDemand');
      columns(shown.map((each) => [each.registry, each.prefix, word(each)])).forEach(output.print);
    }
  });
}
