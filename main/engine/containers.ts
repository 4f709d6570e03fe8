// The handlers of containers.*: a row's verbs, create, inspect. Ports are held by the gate before a start goes through.
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, WireError } from '../../preload/contract';
import { leadBinds } from '../lib/binds';
import type { JudgeBind } from '../lib/binds';
import type { PortGate } from '../lib/port-gate';
import type { Connection } from './connection';
import { createEarlyExit } from './early-exit';
import { list, record, text, texts } from '../lib/json';
import { createLogHandlers } from './logs';
import { containerDetail } from './normalise';
import { createBody } from './run-body';

export type ContainerHandlers = Pick<BackendHandlers, Extract<keyof BackendHandlers, `containers.${string}`>>;

export interface Containers {
  readonly handlers: ContainerHandlers;
  readonly dispose: () => void;
}

export function createContainers(
  connection: Connection,
  gate: PortGate,
  notify: (error: WireError) => void,
  env: () => readonly string[] = () => [],
  judge: JudgeBind = (source) => Promise.resolve({ source }),
): Containers {
  const earlyExit = createEarlyExit(connection, notify);

  /** Verbs may take as long as the container does. */
  async function act(
    method: 'POST' | 'DELETE',
    id: string,
    verb: string,
    query: Record<string, string | number | boolean | undefined> = {},
  ): Promise<void> {
    await connection.json({ method, path: `/containers/${id}${verb}`, query, deadlineSeconds: 0, about: { container: id } });
  }

  async function gated(id: string, verb: '/start' | '/restart'): Promise<void> {
    await gate.prepare(id);
    try {
      await act('POST', id, verb);
    } catch (error) {
      await gate.release(id);
      throw error;
    }
    await gate.confirm(id);
    await earlyExit.check(id);
  }

  async function create({
    spec,
    start,
  }: Parameters<ContainerHandlers['containers.create']>[0]): Promise<{ id: string; warnings: readonly string[] }> {
    const body = createBody(spec, env());
    await leadBinds(body, judge);
    const about = { image: spec.image, ...(spec.name === undefined ? {} : { name: spec.name }) };
    const answer = record(
      await connection.json({
        method: 'POST',
        path: '/containers/create',
        query: { name: spec.name },
        body,
        deadlineSeconds: 0,
        about,
      }),
    );
    const id = text(answer['Id']);
    if (start) {
      await gated(id, '/start').catch(async (error: unknown) => {
        throw await naming(error, id);
      });
    }
    return { id, warnings: texts(list(answer['Warnings'])) };
  }

  /** The container stays though its start failed: its name goes before dockerd's words, so that the user finds it. */
  async function naming(error: unknown, id: string): Promise<unknown> {
    if (!(error instanceof BerthError) || error.code === 'engine.exitedAtOnce' || typeof error.params['detail'] !== 'string') {
      return error;
    }
    const name = await inspect(id).then(
      (raw) => text(record(raw)['Name']).replace(/^\//, ''),
      () => '',
    );
    return new BerthError(
      error.code,
      { ...error.params, detail: `${name || id.slice(0, 12)}: ${error.params['detail']}` },
      { cause: error },
    );
  }

  function inspect(id: string): Promise<unknown> {
    return connection.json({ method: 'GET', path: `/containers/${id}/json`, about: { container: id } });
  }

  async function stopping(id: string, work: () => Promise<void>): Promise<void> {
    earlyExit.forget(id);
    await work();
    await gate.changed(id);
  }

  return {
    dispose: earlyExit.dispose,
    handlers: {
      'containers.start': ({ id }) => gated(id, '/start'),
      'containers.stop': ({ id, timeoutSeconds }) => stopping(id, () => act('POST', id, '/stop', { t: timeoutSeconds })),
      'containers.restart': ({ id }) => gated(id, '/restart'),
      'containers.pause': ({ id }) => act('POST', id, '/pause'),
      'containers.unpause': ({ id }) => act('POST', id, '/unpause'),
      'containers.remove': ({ id, force, volumes }) => stopping(id, () => act('DELETE', id, '', { force, v: volumes })),
      'containers.create': create,
      'containers.inspect': async ({ id }) => containerDetail(await inspect(id)),
      ...createLogHandlers(connection),
    },
  };
}
