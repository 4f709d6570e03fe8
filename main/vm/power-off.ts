// Ending a VM: in order where the guest can be asked, and at last in any case. Never rejects; when it returns, the process is gone.
import { settledWithin } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { Agent } from './agent';
import type { RunningVm } from './driver';

/** dockerd alone may take 60 s for its containers. */
export const GUEST_STOP_MS = 90_000;

export interface PowerOffSpec {
  readonly running: RunningVm;
  /** Undefined where there is no guest to ask. */
  readonly agent: Agent | undefined;
  readonly log: Logger;
  readonly deadlineMs: number;
}

/** False where the guest did not end by itself in time. */
export async function powerOff({ running, agent, log, deadlineMs }: PowerOffSpec): Promise<boolean> {
  let orderly = agent === undefined;
  if (agent !== undefined) {
    const space = running.holdSpace();
    try {
      if (running.space.get()?.state === 'paused') {
        // It waits for space on the host; what a shutdown writes usually still fits, and where it does not, QEMU is told to quit as ever.
        await running.run();
      }
      await agent.call('trim', {}, { timeoutMs: 5000 }).catch((error: unknown) => log.debug('no trim before the stop', { error }));
      await agent.call('shutdown', {}, { timeoutMs: 5000 });
      orderly = await settledWithin(running.exited, deadlineMs);
    } catch (error) {
      log.warn('the guest cannot be asked to shut down', { error });
    } finally {
      space();
    }
    if (!orderly) {
      log.warn('the guest did not end in time; QEMU is told to', { deadlineMs });
    }
  }
  try {
    await running.quit();
  } catch (error) {
    log.error('the VM’s process could not be ended', { pid: running.pid, error });
  }
  await running.exited;
  return orderly;
}
