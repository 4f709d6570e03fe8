// `berth pull`: an image pulled by the backend, so that its mirrors, their watch and prefix mirrors are used as the window uses them.
import type { Task } from '../../preload/contract';
import { errorJson, session } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';
import { followTask } from './task';

export interface PullFlags extends JsonFlag {
  /** A prefix mirror; '' = none, even where a rule says one. */
  readonly via?: string;
  readonly platform?: string;
}

export async function pull(kit: Kit, reference: string, { json, via, platform }: PullFlags): Promise<void> {
  const { output, terminal } = kit;
  const { texts, say, print } = output;
  await session(kit, { json, needs: 'engine' }, async (client) => {
    const { task: id } = await client.call('images.pull', {
      reference,
      ...(via !== undefined && { via }),
      ...(platform !== undefined && { platform }),
    });
    let told: string | undefined;
    const ended = await followTask(kit, client, id, (task) => {
      if (task.detail !== undefined && task.detail !== told) {
        told = task.detail;
        terminal.paint(undefined);
        say(told);
      }
      if (terminal.interactive) {
        terminal.paint([progressLine(kit, task)]);
      }
    });
    terminal.paint(undefined);
    const { state, detail, error } = ended;
    if (json) {
      print(JSON.stringify({ reference, state, detail: detail ?? null, error: error === undefined ? null : errorJson(error, output) }));
    } else if (state === 'done') {
      print(reference);
    }
    if (state !== 'done') {
      if (error === undefined) {
        say(texts.text('cli', 'pull.cancelled'));
      } else {
        output.error(error);
      }
      throw new Exit(EXIT.failed);
    }
  });
}

function progressLine({ output }: Kit, { subject, currentBytes, totalBytes, bytesPerSecond }: Task): string {
  const key = totalBytes === 0 ? 'pull.waiting' : 'pull.progress';
  return output.texts.text('cli', key, { reference: subject, currentBytes, totalBytes, speedBytes: bytesPerSecond });
}
