// A guest without a VM: the agent's `config` and `tail`, the file, `dockerd --validate` and dockerd's life, over the fake engine's configuration.
import { setTimeout } from 'node:timers/promises';
import { BerthError } from '../../preload/contract';
import type { Vm } from '../../main/vm/vm';
import type { FakeConfiguration } from './dockerd/configuration';

export type FakeGuest = Pick<Vm, 'agent' | 'engine' | 'exec'>;

const GIB = 2 ** 30;

/** `others`: commands that the fake has no answer of its own for. */
export function createFakeGuest(configuration: FakeConfiguration, delayMs = 0, others?: Vm['exec']): FakeGuest {
  async function configure(daemonJson: string, action: 'write' | 'reload' | 'restart'): Promise<void> {
    configuration.file = daemonJson;
    await setTimeout(delayMs);
    if (action === 'reload' && !configuration.reload()) {
      throw new Error('it does not run');
    }
    if (action === 'restart') {
      configuration.restart();
    }
  }

  let memory = { totalBytes: 4 * GIB, freeBytes: 2 * GIB, fileBytes: 1.2 * GIB, refaultBytes: 0, writtenBytes: 0 };
  return {
    agent: {
      call: async (op: string, request: Record<string, unknown>) => {
        if (op === 'config') {
          await configure(String(request['daemonJson']), request['action'] as 'write');
          return {};
        }
        if (op === 'tail') {
          return { lines: configuration.log().slice(-Number(request['lines'])) };
        }
        if (op === 'restart') {
          await configure(configuration.file, 'restart');
          return {};
        }
        if (op === 'status') {
          return { phases: [], services: [], uptime: 0, kernel: '', clockMs: Date.now() };
        }
        if (op === 'usage') {
          // Busier than who is asked for its cache.
          return { ...memory, availableBytes: memory.freeBytes + memory.fileBytes, cpuSeconds: performance.now() / 1600 };
        }
        if (op === 'reclaim') {
          const bytes = Number(request['bytes']);
          memory = { ...memory, freeBytes: memory.freeBytes + bytes, fileBytes: memory.fileBytes - bytes };
          return { bytes };
        }
        throw new Error(`the fake guest has no ${op}`);
      },
    },
    engine: {
      configure,
      async answers(signal) {
        await setTimeout(delayMs, undefined, { signal });
        if (!configuration.up) {
          throw new BerthError('engine.exited', { service: 'dockerd', status: 'exit 1', detail: 'exit 1' });
        }
      },
      expectExits: () => () => undefined,
    },
    async exec(command, options = {}) {
      const { stdin = '', signal } = options;
      signal?.throwIfAborted();
      const line = typeof command === 'string' ? command : command.join(' ');
      if (line === 'cat /run/berth/daemon.json') {
        return { stdout: configuration.file, stderr: '', code: 0 };
      }
      if (line.includes('dockerd --validate')) {
        await setTimeout(delayMs, undefined, { signal });
        const { code, words } = configuration.validate(String(stdin));
        return { stdout: '', stderr: words, code };
      }
      return others === undefined ? { stdout: '', stderr: '', code: 0 } : others(command, options);
    },
  };
}
