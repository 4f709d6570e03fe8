// How much memory this computer can still give.
import { freemem, totalmem } from 'node:os';

/** What the system can give without swapping; macOS counts its caches as used, so there a check against it would refuse wrongly. */
export function availableMemory(): number {
  if (process.platform === 'darwin') {
    return totalmem();
  }
  // Older runtimes have only the figure that knows no container's limit.
  return 'availableMemory' in process ? process.availableMemory() : freemem();
}
