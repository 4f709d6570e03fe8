// What goes on while a fault strikes: a container that writes records with fsync and says which are written, or a pull that takes its time.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { TEST_IMAGE } from '../../vm/images';
import { startRegistry } from '../../vm/registry';
import { taskEnd } from '../../fakes/streams';
import type { Stage } from './stage';

export interface Load {
  /** Once the engine answers again: words on what was lost, and what it left is taken away. */
  finish(): Promise<string[]>;
}

const WRITER = 'fault-writer';
const VOLUME = 'fault-load';
const RECORD = 9;

/** Records of a known form at known places: after the fault each one that was acknowledged must be there. */
export async function startWrites(stage: Stage): Promise<Load> {
  const loop = `i=0; while :; do printf '%08d\\n' $i | dd of=/v/log bs=${RECORD} seek=$i conv=notrunc,fsync 2>/dev/null && echo $i; i=$((i+1)); done`;
  const args = ['run', '--name', WRITER, '--volume', `${VOLUME}:/v`, TEST_IMAGE, 'sh', '-c', loop];
  const child = spawn(join(stage.resources.bundle, 'bin', 'docker'), args, {
    env: { ...process.env, DOCKER_HOST: stage.dockerHost },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let acknowledged = -1;
  let rest = '';
  const some = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      acknowledged = Number(lines.at(-1) ?? acknowledged);
      if (acknowledged >= 20) {
        resolve();
      }
    });
    child.on('exit', () => reject(new Error('the writer ended before the fault')));
  });
  some.catch(() => undefined);
  await some;
  return {
    async finish() {
      child.kill('SIGKILL');
      await stage.docker('rm', '--force', WRITER);
      const { stdout } = await stage.guest(`cat /var/lib/docker/volumes/${VOLUME}/_data/log`);
      await stage.docker('volume', 'rm', VOLUME);
      for (let record = 0; record <= acknowledged; record += 1) {
        const found = stdout.slice(record * RECORD, (record + 1) * RECORD);
        if (Number(found) !== record || found.length !== RECORD) {
          return [`record ${record} of ${acknowledged} that were acknowledged is ${JSON.stringify(found)}`];
        }
      }
      return [];
    },
  };
}

const LAYER_BYTES = 24 * 2 ** 20;

/** The window's pull of an image that comes slowly; it must end, one way or the other, and leave no half image. */
export async function startPull(stage: Stage): Promise<Load> {
  const registry = await startRegistry(stage);
  const reference = `${registry.host}/fault-pull:1`;
  await stage.docker('run', '--name', 'fault-image', TEST_IMAGE, 'sh', '-c', `head -c ${LAYER_BYTES} /dev/urandom > /large`);
  await stage.docker('commit', 'fault-image', reference);
  await stage.docker('rm', 'fault-image');
  await stage.docker('push', '--quiet', reference);
  await stage.docker('rmi', reference);
  registry.slow(2 ** 20);
  const { task } = await stage.handlers['images.pull']({ reference }, { signal: new AbortController().signal });
  const { handlers } = stage;
  while (registry.busy() === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    async finish() {
      const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 90_000).unref());
      const ended = await Promise.race([taskEnd(handlers, task), late]);
      const images = await stage.docker('images', '--quiet', reference);
      await registry.close();
      const words = ended === undefined ? ['the pull has no end'] : [];
      if (ended !== undefined && ended.state !== 'done' && images.trim() !== '') {
        words.push('a pull that failed left an image');
      }
      if (images.trim() !== '') {
        await stage.docker('rmi', reference);
      }
      return words;
    },
  };
}
