// `berth shares`: the folders of this computer that containers may bind. Paths count from the working directory; what may be shared the backend says.
import { resolve } from 'node:path';
import type { Client, Settings, Share, SharesStatus } from '../../preload/contract';
import { columns, errorJson, first, session, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';

export interface ShareAddFlags extends JsonFlag {
  readonly readOnly: boolean;
}
export interface ShareRemoveFlags extends JsonFlag {
  readonly force: boolean;
}

export interface SharesCommands {
  list(flags: JsonFlag): Promise<void>;
  add(path: string, flags: ShareAddFlags): Promise<void>;
  remove(path: string, flags: ShareRemoveFlags): Promise<void>;
  driver(name: string, flags: JsonFlag): Promise<void>;
}

const DRIVERS: readonly Settings['shares']['driver'][] = ['auto', 'virtiofs', 'sshfs'];
/** Nothing to do but wait, or nothing at all. */
const WELL: readonly Share['state'][] = ['mounted', 'mounting', 'waiting'];

export function createSharesCommands(kit: Kit): SharesCommands {
  const { output } = kit;
  const { texts, print, say } = output;

  const status = (client: Client): Promise<SharesStatus> => first(client, 'shares.changes', {});

  function line({ path, readOnly, state, error, usedBy, files }: Share): string[] {
    return [
      path,
      texts.text('cli', readOnly ? 'shares.readOnly' : 'shares.readWrite'),
      error === undefined || state === 'mounted' ? texts.text('cli', `shares.state.${state}`) : texts.error(error).title,
      files === undefined ? '' : texts.text('cli', 'shares.files', files),
      usedBy.join(', '),
    ];
  }

  function asJson(shown: SharesStatus): unknown {
    const { driver, available, pendingRestart, warning } = shown;
    return {
      driver,
      available,
      pendingRestart,
      warning: warning === undefined ? null : errorJson(warning, output),
      shares: shown.shares.map(shareJson),
    };
  }
  const shareJson = ({ files, error, ...share }: Share): unknown => ({
    ...share,
    files: files ?? null,
    error: error === undefined ? null : errorJson(error, output),
  });

  /** What became of a folder, after it was added. */
  function tell(shown: SharesStatus, path: string, { json }: JsonFlag): void {
    // A symlink is in the list as the folder that it leads to.
    const share = shown.shares.find((each) => each.path === path);
    if (json) {
      print(JSON.stringify(share === undefined ? asJson(shown) : shareJson(share)));
    } else if (share === undefined) {
      shown.shares.forEach((each) => print(each.path));
    } else {
      say(columns([line(share)])[0] ?? '');
    }
  }

  return {
    list: (flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const shown = await status(client);
        if (flags.json) {
          print(JSON.stringify(asJson(shown)));
        } else {
          if (shown.shares.length === 0) {
            say(texts.text('cli', 'shares.none'));
          }
          columns(shown.shares.map(line)).forEach(print);
          say(texts.text('cli', shown.pendingRestart ? 'shares.driverNext' : 'shares.driver', { driver: shown.driver }));
        }
        if (shown.warning !== undefined && !flags.json) {
          const { title, next } = texts.error(shown.warning);
          say(texts.text('cli', 'shares.warning', { title, next }));
        }
        for (const { error } of shown.shares) {
          if (error !== undefined && !flags.json) {
            output.error(error);
          }
        }
        if (shown.shares.some(({ state }) => !WELL.includes(state))) {
          throw new Exit(EXIT.failed);
        }
      }),
    add: (given, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const path = resolve(given);
        await client.call('shares.add', { path, readOnly: flags.readOnly });
        tell(await status(client), path, flags);
      }),
    remove: (given, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const path = resolve(given);
        await client.call('shares.remove', { path, force: flags.force });
        if (flags.json) {
          print(JSON.stringify(asJson(await status(client))));
        } else {
          say(texts.text('cli', 'shares.removed', { path }));
        }
      }),
    driver: (name, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const driver = DRIVERS.find((each) => each === name);
        if (driver === undefined) {
          throw wrongUsage(output, 'usage.unknownShareDriver', { given: name, known: DRIVERS.join(', ') });
        }
        await client.call('settings.set', { shares: { driver } });
        const shown = await status(client);
        if (flags.json) {
          print(JSON.stringify(asJson(shown)));
        } else {
          say(texts.text('cli', shown.pendingRestart ? 'shares.driverNext' : 'shares.driver', { driver: shown.driver }));
        }
      }),
  };
}
