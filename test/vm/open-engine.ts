// What app.ts puts behind the engine's socket, over a VM that runs already: state, published ports and the socket, in a folder of the test's own.
import { mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromWireError } from '../../preload/contract';
import type { BerthError, PortWay } from '../../preload/contract';
import { createEngineSocket } from '../../main/engine-socket/engine-socket';
import { createEngine, type Engine } from '../../main/engine/engine';
import type { Dialer } from '../../main/lib/dialer';
import { createEngineHttp } from '../../main/lib/engine-http';
import { silentLogger } from '../../main/lib/logger';
import { createObservable, type MutableObservable } from '../../main/lib/observable';
import { createTexts } from '../../main/lib/texts';
import { createPorts, type Ports } from '../../main/ports/ports';
import { createJudge } from '../../main/shares/judge';
import { createTasks } from '../../main/tasks';
import type { Vm } from '../../main/vm/vm';

export interface OpenEngine {
  readonly socket: string;
  readonly dockerHost: string;
  readonly engine: Engine;
  readonly ports: Ports;
  /** The setting `ports.tcp`. */
  readonly way: MutableObservable<PortWay>;
  readonly notices: BerthError[];
  /** Answer 503 from now on; undefined = serve again. */
  away(error: BerthError | undefined): void;
  close(): Promise<void>;
}

/** `forward`: the VM's own listeners on the host; `serve`: the guest's that lead here. */
export async function openEngine(dialer: Dialer, options: Partial<Pick<Vm, 'forward' | 'serve'>> = {}): Promise<OpenEngine> {
  const way = createObservable<PortWay>('relay');
  const folder = await mkdtemp(join(tmpdir(), 'berth-engine-'));
  const socket = join(folder, 'run', 'docker.sock');
  const notices: BerthError[] = [];
  const texts = createTexts('en');
  let away: BerthError | undefined;
  const engine = createEngine({
    dialer,
    log: silentLogger,
    available: createObservable(true),
    tasks: createTasks(),
    notify: (error) => notices.push(fromWireError(error)),
    gate: {
      prepare: (id) => ports.gate.prepare(id),
      confirm: (id) => ports.gate.confirm(id),
      release: (id) => ports.gate.release(id),
      changed: (id) => ports.gate.changed(id),
    },
  });
  const ports = createPorts({
    dialer,
    inspect: (id) => createEngineHttp(dialer).inspectContainer(id),
    containers: engine.containers,
    services: engine.services,
    moves: engine.moves,
    publish: createObservable<'loopback' | 'lan'>('loopback'),
    way,
    forward: (spec) => options.forward?.(spec) ?? Promise.reject(new Error('no listener of its own here')),
    serve: (place, onStream) =>
      options.serve?.(place, onStream) ?? { ready: Promise.reject(new Error('no guest here')), stop: () => undefined },
    notify: (error) => notices.push(error),
    log: silentLogger,
  });
  const server = await createEngineSocket({
    path: socket,
    dialer,
    available: () => away,
    ports: ports.gate,
    judge: createJudge({ shares: () => [], own: [], socket, realpath, stat }),
    describe(error) {
      const { title, next } = texts.error(error);
      return `${title}. ${next}`;
    },
    log: silentLogger,
  });
  await engine.settle();
  await ports.settle();
  return {
    socket,
    dockerHost: `unix://${socket}`,
    engine,
    ports,
    way,
    notices,
    away: (error) => (away = error),
    async close() {
      engine.dispose();
      await server.dispose();
      await ports.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
