// For tests: an engine's socket in a folder of its own, over a raw engine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BerthError } from '../../preload/contract';
import { createRawEngine, type Behaviour, type RawEngine } from './raw-engine';
import type { JudgeBind } from '../../main/lib/binds';
import { connectClient, type SocketClient } from './socket-client';
import { silentLogger } from '../../main/lib/logger';
import type { PullGuard } from '../../main/lib/pull-guard';
import { openGate, type PortGate } from '../../main/lib/port-gate';
import type { Sleep } from '../../main/engine-socket/asleep';
import { createEngineSocket, type EngineSocket } from '../../main/engine-socket/engine-socket';

export interface Setup {
  readonly engine: RawEngine;
  readonly path: string;
  readonly proxy: EngineSocket;
  client(): Promise<SocketClient>;
  dispose(): Promise<void>;
}

export interface SetupOptions {
  readonly ports?: Partial<PortGate>;
  available?(): BerthError | undefined;
  readonly sleep?: Sleep;
  readonly pulls?: Pick<PullGuard, 'watch'>;
  /** Without it every path is a place of the guest. */
  readonly judge?: JudgeBind;
  readonly hostGateway?: string;
}

export async function setUp(behaviour: Behaviour, options: SetupOptions = {}): Promise<Setup> {
  const engine = await createRawEngine(behaviour);
  const home = await mkdtemp(join(tmpdir(), 'berth-socket-'));
  const path = join(home, 'run', 'docker.sock');
  const proxy = await createEngineSocket({
    path,
    dialer: engine.dialer,
    available: options.available ?? (() => undefined),
    ports: { ...openGate, ...options.ports },
    judge: options.judge ?? ((source) => Promise.resolve({ source })),
    ...(options.sleep === undefined ? {} : { sleep: options.sleep }),
    ...(options.pulls === undefined ? {} : { pulls: options.pulls }),
    hostGateway: () => options.hostGateway,
    describe: (error) => `described ${error.code} ${JSON.stringify(error.params)}`,
    log: silentLogger,
  });
  return {
    engine,
    path,
    proxy,
    client: () => connectClient(path),
    async dispose() {
      await proxy.dispose();
      await engine.dispose();
      await rm(home, { recursive: true, force: true });
    },
  };
}
