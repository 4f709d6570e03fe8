// The guest's devices and, where nothing else saves it, its memory, to a file and back, as QEMU's own migration (mapped-ram: each page has its place, and
// pages of zeros none). Knows QMP and nothing of when or why.
import { asError, deferred } from '../../lib/async';
import type { Deferred } from '../../lib/async';
import type { Qmp, QmpEvent } from './qmp';

/** `apart`: the memory is a file with a name, and stays where it is. */
export type MemoryIs = 'within' | 'apart';

export interface Migration {
  /** The guest is stopped. Resolves when the file is whole; QEMU has let go of its disks then, until `cont`. */
  save(file: string, memory: MemoryIs): Promise<void>;
  /** QEMU was started with `-incoming defer`, and has its memory where that is apart. Resolves when everything is loaded; rejects with QEMU's words. */
  load(file: string, memory: MemoryIs): Promise<void>;
  onEvent(event: QmpEvent): void;
}

/** 8 GiB at 30 MB/s, the slowest disk that a laptop has. */
const LIMIT_MS = 300_000;
/** Without it QEMU takes a disk for a network of 1 Gbit/s. */
const BYTES_PER_SECOND = 2 ** 40;

export function createMigration(qmp: () => Qmp): Migration {
  let ended: Deferred<string> | undefined;

  const transfer = async (memory: MemoryIs, begin: () => Promise<unknown>): Promise<void> => {
    const capabilities = [
      { capability: 'mapped-ram', state: memory === 'within' },
      { capability: 'x-ignore-shared', state: memory === 'apart' },
      { capability: 'events', state: true },
    ];
    await qmp().execute('migrate-set-capabilities', { capabilities });
    await qmp().execute('migrate-set-parameters', { 'max-bandwidth': BYTES_PER_SECOND });
    const end = deferred<string>();
    ended = end;
    const late = setTimeout(() => end.resolve(`not done within ${LIMIT_MS / 1000} s`), LIMIT_MS);
    void qmp().closed.then(() => end.resolve('QEMU ended'));
    try {
      await begin();
      const status = await end.promise;
      if (status !== 'completed') {
        throw new Error((await wordsOf(qmp())) ?? status);
      }
    } finally {
      clearTimeout(late);
      ended = undefined;
    }
  };

  return {
    save: (file, memory) => transfer(memory, () => qmp().execute('migrate', { uri: `file:${file}` }, LIMIT_MS)),
    load: (file, memory) =>
      transfer(memory, () => qmp().execute('migrate-incoming', { uri: `file:${file}`, 'exit-on-error': false }, LIMIT_MS)),
    onEvent({ event, data }) {
      const { status } = data;
      if (event === 'MIGRATION' && (status === 'completed' || status === 'failed' || status === 'cancelled')) {
        ended?.resolve(status);
      }
    },
  };
}

async function wordsOf(qmp: Qmp): Promise<string | undefined> {
  const answer = await qmp.execute('query-migrate').catch(asError);
  return typeof answer === 'object' && answer !== null && 'error-desc' in answer ? String(answer['error-desc']) : undefined;
}
