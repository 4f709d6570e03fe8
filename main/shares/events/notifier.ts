// The guest's end: batches of changed paths to its program `notify`, whose answer says that watchers were told (vm/AGREEMENT.md, "Changes").
// Opens the stream when there is something to say and again when it broke. Knows no watcher of the host.
import type { Duplex } from 'node:stream';
import { deferred } from '../../lib/async';
import type { Deferred } from '../../lib/async';
import type { Logger } from '../../lib/logger';
import { END, record } from './records';
import type { Change } from './records';

/** done, failed, not on a share, on a share whose server would write: counts since the program's start. */
const COUNTS = 4;
const ANSWER = COUNTS * 4;

export interface NotifierDeps {
  /** A stream to the guest's program; rejects while the guest cannot be reached. */
  readonly dial: () => Promise<Duplex>;
  readonly log: Logger;
}

export interface Notifier {
  /** Resolves when the guest has made the events. One at a time. */
  tell(changes: readonly Change[]): Promise<void>;
  dispose(): void;
}

export function createNotifier({ dial, log }: NotifierDeps): Notifier {
  let stream: Duplex | undefined;
  let answer: Deferred<void> | undefined;
  let disposed = false;

  async function open(): Promise<Duplex> {
    const dialled = await dial();
    if (disposed) {
      dialled.destroy();
      throw new Error('disposed');
    }
    stream = dialled;
    let rest = Buffer.alloc(0);
    let refused = 0;
    dialled.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= ANSWER) {
        const refusals = rest.readUInt32BE(ANSWER - 4);
        if (refusals > 0 && refused === 0) {
          log.warn('a share whose server would write to the files: watchers are not told of changes in it');
        }
        refused = refusals;
        rest = rest.subarray(ANSWER);
        answer?.resolve(undefined);
      }
    });
    const lost = (): void => {
      if (stream === dialled) {
        stream = undefined;
      }
      dialled.destroy();
      answer?.reject(new Error('the guest ended the stream'));
    };
    dialled.once('error', lost).once('end', lost).once('close', lost);
    return dialled;
  }

  async function once(changes: readonly Change[]): Promise<void> {
    const to = stream ?? (await open());
    answer = deferred();
    to.write(Buffer.concat([...changes.map(({ kind, path }) => record(kind, path)), END]));
    await answer.promise;
  }

  return {
    async tell(changes) {
      const known = stream !== undefined;
      try {
        await once(changes);
      } catch (error) {
        // A stream that stood may have been dead for long; to be told twice does no harm.
        if (!known || disposed) {
          throw error;
        }
        await once(changes);
      }
    },
    dispose() {
      disposed = true;
      stream?.destroy();
    },
  };
}
