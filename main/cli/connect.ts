// `berth context` and `berth socket`: how tools of this computer find the engine. In this process and without a backend, because DOCKER_HOST,
// DOCKER_CONTEXT and DOCKER_CONFIG are the terminal's own, and what root may do is this process's question.
import type { ContextState, SystemSocketState } from '../../preload/contract';
import type { Connect } from '../connect/create-connect';
import { refusable } from './kit';
import type { JsonFlag } from './kit';
import { Exit, EXIT } from './output';
import type { Output } from './output';

export interface UseFlags extends JsonFlag {
  readonly undo: boolean;
}

export interface ConnectCommands {
  context(flags: JsonFlag): Promise<void>;
  createContext(flags: JsonFlag): Promise<void>;
  useContext(flags: UseFlags): Promise<void>;
  removeContext(flags: JsonFlag): Promise<void>;
  socket(flags: JsonFlag): Promise<void>;
  takeSocket(flags: JsonFlag): Promise<void>;
  releaseSocket(flags: JsonFlag): Promise<void>;
}

export interface ConnectCommandDeps {
  readonly output: Output;
  readonly connect: () => Promise<Connect>;
}

export function createConnectCommands({ output, connect }: ConnectCommandDeps): ConnectCommands {
  const { print, texts } = output;
  const cli = (key: string, params?: Readonly<Record<string, string | number>>): string => texts.text('cli', key, params);

  function tellContext(state: ContextState, json: boolean): void {
    if (json) {
      print(JSON.stringify({ ...state, override: state.override ?? null, cli: state.cli ?? null, error: null }));
      return;
    }
    const { name, folder, host, current, previous, override, selected, cli: docker } = state;
    print(cli(`context.state.${state.state}`, { name, host, folder }));
    print(cli(selected ? 'context.selected' : 'context.notSelected', { name, current }));
    if (override !== undefined) {
      print(cli('context.override', override));
    }
    if (current === name) {
      print(cli('context.previous', { previous }));
    }
    if (docker === undefined) {
      print(cli('context.noCli'));
    }
  }

  function tellSocket(state: SystemSocketState, json: boolean): void {
    if (json) {
      print(JSON.stringify({ ...state, owner: state.owner ?? null, keptAs: state.keptAs ?? null, error: null }));
      return;
    }
    const { path, target, owner, keptAs = '', wanted, writable, command } = state;
    if (path === '') {
      print(cli('socket.none'));
      return;
    }
    print(cli(`socket.state.${state.state}`, { path, target, engine: owner?.engine || 'unknown', version: owner?.version ?? '' }));
    if (owner !== undefined && owner.process !== '') {
      print(cli('socket.process', { process: owner.process }));
    }
    if (keptAs !== '') {
      print(cli('socket.keptAs', { keptAs }));
    }
    if (wanted && state.state !== 'ours') {
      print(cli(state.state === 'missing' ? 'socket.gone' : 'socket.lost', { path }));
    }
    if (!writable && command !== '') {
      print(cli(state.state === 'ours' ? 'socket.releaseBy' : 'socket.takeBy'));
      print(`  ${command}`);
    }
  }

  const contextCommand =
    (work: (own: Connect) => Promise<void>) =>
    ({ json }: JsonFlag): Promise<void> =>
      refusable(output, json, async () => {
        const own = await connect();
        await work(own);
        tellContext(await own.context.get(), json);
      });
  const socketCommand =
    (work: (own: Connect) => Promise<void>) =>
    ({ json }: JsonFlag): Promise<void> =>
      refusable(output, json, async () => {
        const own = await connect();
        await work(own);
        tellSocket(await own.socket.get(), json);
      });
  const nothing = (): Promise<void> => Promise.resolve();

  return {
    context: contextCommand(nothing),
    createContext: contextCommand((own) => own.context.create()),
    removeContext: contextCommand((own) => own.context.remove()),
    useContext: ({ undo, json }) =>
      contextCommand(async (own) => {
        if (!undo && (await own.context.get()).state !== 'ours') {
          await own.context.create();
        }
        await own.context.select(!undo);
        // Selected and overridden is not what was asked for.
        if (!undo && !(await own.context.get()).selected) {
          tellContext(await own.context.get(), json);
          throw new Exit(EXIT.failed);
        }
      })({ json }),
    socket: socketCommand(nothing),
    takeSocket: socketCommand((own) => own.socket.take()),
    releaseSocket: socketCommand((own) => own.socket.release()),
  };
}
