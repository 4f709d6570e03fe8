// A report of a real machine: QEMU, the guest's agent and the engine answer, and a container's secrets are in none of its files.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDiagnostics } from '../../main/diagnostics/create-diagnostics';
import { createParts } from '../../main/diagnostics/parts';
import { sourcesOf } from '../../main/diagnostics/sources';
import { useVm } from './harness';

const box = useVm();
const SECRET = 'Kn4ryOfARealContainer';

test('every part of a report comes from the machine that runs, and none holds a secret', async () => {
  const { vm, files, resources, docker } = box();
  await docker('volume', 'create', '--label', `pin=${SECRET}`, 'berth-diagnostics');
  const none = async function* (): AsyncGenerator<never> {
    // These need a whole backend.
  };
  const diagnostics = createDiagnostics({
    folder: files.diagnostics,
    parts: () =>
      createParts(
        sourcesOf({
          files,
          resources,
          version: '0',
          build: 'test',
          vm,
          doctor: none,
          handlers: { 'ports.changes': none, 'shares.changes': none },
        }),
      ),
  });
  try {
    const context = { signal: new AbortController().signal, upload: none() };
    let last;
    for await (const report of diagnostics.handlers['diagnostics.collect']({}, context)) {
      last = report;
    }
    const { id = '', parts = [] } = last ?? {};
    expect(parts.filter(({ state }) => state !== 'done')).toEqual([]);
    const read = (file: string): Promise<string> => readFile(join(files.diagnostics, id, file), 'utf8');
    expect(JSON.parse(await read('qemu/qmp.json'))).toMatchObject({ 'query-status': { status: 'running' } });
    expect(JSON.parse(await read('guest/agent.json'))).toMatchObject({ health: { dockerdPing: true } });
    expect(await read('guest/dockerd.log')).toContain('level=info');
    expect(JSON.parse(await read('engine/version.json'))).toMatchObject({ Os: 'linux' });
    expect(await read('containers/volumes.json')).toContain('berth-diagnostics');
    expect(await read('processes/processes.json')).toContain('qemu-system');
    for (const { file } of parts.flatMap((part) => part.files)) {
      expect(await read(file)).not.toMatch(new RegExp(`${SECRET}|PRIVATE KEY`));
    }
  } finally {
    await diagnostics.dispose();
    await docker('volume', 'rm', 'berth-diagnostics');
  }
});
