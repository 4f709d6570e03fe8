// `berth mirrors`: the list shown and changed. Every change makes a whole new list of the present one and hands it to the backend, which checks it,
// keeps it and puts it in force. Tests are in mirrors-test.ts.
import type { Client, InputOf, Contract, Mirror, MirrorsState } from '../../preload/contract';
import { followChange } from './config-apply';
import { columns, errorJson, first, session, shownTime, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';
import { checkedAddresses } from './mirror-address';
import { testMirrors } from './mirrors-test';
import type { TestFlags } from './mirrors-test';
import { Exit, EXIT } from './output';

type Entry = InputOf<Contract['mirrors.apply']>['mirrors'][number];

export interface AddFlags extends JsonFlag {
  readonly name?: string;
  readonly note?: string;
  readonly disabled: boolean;
  readonly first: boolean;
}

export interface MirrorsCommands {
  list(flags: JsonFlag & { readonly presets: boolean }): Promise<void>;
  add(urls: readonly string[], flags: AddFlags): Promise<void>;
  remove(names: readonly string[], flags: JsonFlag): Promise<void>;
  move(name: string, position: string, flags: JsonFlag): Promise<void>;
  enable(names: readonly string[], flags: JsonFlag): Promise<void>;
  disable(names: readonly string[], flags: JsonFlag): Promise<void>;
  use(urls: readonly string[], flags: JsonFlag & { readonly none: boolean }): Promise<void>;
  test(urls: readonly string[], flags: TestFlags): Promise<void>;
}

export function createMirrorsCommands(kit: Kit): MirrorsCommands {
  const { output } = kit;
  const { print, say, texts } = output;
  const cli = (key: string, params?: Readonly<Record<string, string | number>>): string => texts.text('cli', key, params);

  /** Makes the new list of the old one, and follows it until it is in force. */
  function change(json: boolean, make: (state: MirrorsState, client: Client) => Promise<readonly Entry[]>): Promise<void> {
    return session(kit, { json, needs: 'backend' }, async (client) => {
      const state = await first(client, 'mirrors.changes', {});
      await applyMirrors(kit, client, state, await make(state, client), json);
    });
  }

  /** By address, as it would be kept, or by a host or a name that only one has. */
  async function find(client: Client, mirrors: readonly Mirror[], given: string): Promise<Mirror> {
    const named = mirrors.filter(({ name, url }) => name === given || new URL(url).host === given.toLowerCase());
    const only = named.length === 1 ? named[0] : undefined;
    const { url } = await client.call('mirrors.check', { url: given });
    const found = mirrors.find((mirror) => mirror.url === url) ?? only;
    if (found === undefined) {
      throw wrongUsage(output, 'usage.noSuchMirror', { given });
    }
    return found;
  }

  async function findAll(client: Client, mirrors: readonly Mirror[], names: readonly string[]): Promise<ReadonlySet<Mirror>> {
    const found = new Set<Mirror>();
    for (const name of names) {
      found.add(await find(client, mirrors, name));
    }
    return found;
  }

  function setEnabled(names: readonly string[], enabled: boolean, json: boolean): Promise<void> {
    return change(json, async ({ mirrors }, client) => {
      const found = await findAll(client, mirrors, names);
      return mirrors.map((mirror) => ({ ...entryOf(mirror), enabled: found.has(mirror) ? enabled : mirror.enabled }));
    });
  }

  /** Addresses of a paste that are not in the list yet; what is none is said with its place, and nothing is added then. */
  async function pasted(client: Client): Promise<readonly string[]> {
    const { mirrors, problems } = await client.call('mirrors.parse', { text: await kit.terminal.input() });
    for (const { error, place } of problems) {
      const { title, next } = texts.error(error);
      say(`stdin:${place.line}:${place.column}: ${title}. ${next}`);
    }
    if (problems.length > 0) {
      throw new Exit(EXIT.failed);
    }
    mirrors.filter(({ duplicate }) => duplicate).forEach(({ url }) => say(cli('mirrors.alreadyThere', { url })));
    return mirrors.filter(({ duplicate }) => !duplicate).map(({ url }) => url);
  }

  return {
    list: ({ json, presets }) =>
      session(kit, { json, needs: 'backend' }, async (client) => {
        const state = await first(client, 'mirrors.changes', {});
        if (json) {
          print(JSON.stringify(stateJson(state, kit)));
        } else if (presets) {
          presetLines(state, kit).forEach(print);
        } else {
          mirrorLines(state, kit).forEach(print);
          if (state.differs) {
            say(cli('mirrors.differs', { urls: state.inForce?.urls.join(', ') ?? '' }));
          }
        }
      }),

    add: (urls, { json, name, note, disabled, first: atTop }) =>
      change(json, async ({ mirrors }, client) => {
        const wanted = urls.length === 1 && urls[0] === '-' ? await pasted(client) : await checkedAddresses(kit, client, urls);
        if (wanted.length > 1 && (name !== undefined || note !== undefined)) {
          throw wrongUsage(output, 'usage.oneMirror');
        }
        const added = wanted.map((url) => ({ url, name: name ?? '', note: note ?? '', enabled: !disabled }));
        const present = mirrors.map(entryOf);
        return atTop ? [...added, ...present] : [...present, ...added];
      }),

    remove: (names, { json }) =>
      change(json, async ({ mirrors }, client) => {
        const found = await findAll(client, mirrors, names);
        return mirrors.filter((mirror) => !found.has(mirror)).map(entryOf);
      }),

    async move(name, position, { json }) {
      const place = Number(position);
      if (!Number.isInteger(place) || place < 1) {
        throw wrongUsage(output, 'usage.badNumber', { option: 'POSITION', given: position });
      }
      await change(json, async ({ mirrors }, client) => {
        const moved = await find(client, mirrors, name);
        const others = mirrors.filter((mirror) => mirror !== moved);
        return [...others.slice(0, place - 1), moved, ...others.slice(place - 1)].map(entryOf);
      });
    },

    enable: (names, { json }) => setEnabled(names, true, json),
    disable: (names, { json }) => setEnabled(names, false, json),

    async use(urls, { json, none }) {
      if ((urls.length === 0) !== none) {
        throw wrongUsage(output, 'usage.useNone');
      }
      await change(json, async ({ mirrors }, client) => ordered(mirrors, await checkedAddresses(kit, client, urls)));
    },

    test: (urls, flags) =>
      session(kit, { json: flags.json, needs: 'engine' }, (client) =>
        testMirrors(kit, client, urls, flags, (state, order) =>
          applyMirrors(kit, client, state, ordered(state.mirrors, order), flags.json),
        ),
      ),
  };
}

async function applyMirrors(kit: Kit, client: Client, state: MirrorsState, list: readonly Entry[], json: boolean): Promise<void> {
  const { task } = await client.call('mirrors.apply', { mirrors: [...list], revision: state.revision, origin: 'cli' });
  await followChange(kit, client, task, json);
}

/** These, in this order, are on; the others stay in the list, off. An address that is new is added. */
function ordered(mirrors: readonly Mirror[], urls: readonly string[]): Entry[] {
  const chosen = urls.map((url) => {
    const known = mirrors.find((mirror) => mirror.url === url);
    return { ...(known === undefined ? { url } : entryOf(known)), enabled: true };
  });
  return [...chosen, ...mirrors.filter(({ url }) => !urls.includes(url)).map((mirror) => ({ ...entryOf(mirror), enabled: false }))];
}

function entryOf({ url, name, note, enabled }: Mirror): Entry {
  return { url, name, note, enabled };
}

/** How each mirror stands: in force, out of it for the time being, on without being in force yet, or off. */
function standing({ url, enabled }: Mirror, { inForce, suspended }: MirrorsState): 'inForce' | 'suspended' | 'on' | 'off' {
  return suspended.includes(url) ? 'suspended' : inForce?.urls.includes(url) === true ? 'inForce' : enabled ? 'on' : 'off';
}

function mirrorLines(state: MirrorsState, { output }: Kit): string[] {
  const { texts } = output;
  const rows = state.mirrors.map((mirror, index) => [
    String(index + 1),
    mirror.url,
    texts.text('cli', `mirrors.standing.${standing(mirror, state)}`),
    mirror.lastTest === undefined
      ? ''
      : `${texts.text('mirrors', `verdict.${mirror.lastTest.verdict}`)} (${shownTime(mirror.lastTest.at, output)})`,
    [mirror.name, mirror.note].filter((text) => text !== '').join(': '),
  ]);
  return rows.length === 0 ? [texts.text('cli', 'mirrors.none')] : columns(rows);
}

function presetLines({ presets }: MirrorsState, { output }: Kit): string[] {
  const { texts } = output;
  return columns(
    presets.map(({ url, name, state, audience, checked }) => [
      url,
      name[texts.language],
      texts.text('cli', `mirrors.preset.${state}`),
      checked,
      audience[texts.language],
    ]),
  );
}

function stateJson(state: MirrorsState, { output }: Kit): Record<string, unknown> {
  return {
    mirrors: state.mirrors.map((mirror) => ({ ...mirror, lastTest: mirror.lastTest ?? null, state: standing(mirror, state) })),
    inForce: state.inForce?.urls ?? null,
    differs: state.differs,
    suspended: state.suspended,
    prefixes: state.prefixes,
    testImage: state.testImage,
    presets: state.presets,
    presetSource: state.presetSource,
    presetError: state.presetError === undefined ? null : errorJson(state.presetError, output),
  };
}
