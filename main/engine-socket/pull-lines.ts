// Reads along while a pull's progress passes to a client. Never holds bytes back and never changes one; what cannot be read is passed over.
import { createLineSplitter } from '../lib/lines';
import type { PullWatch } from '../lib/pull-guard';

/** dockerd's lines of progress are hundreds of bytes. */
const MAX_LINE = 64 * 1024;

export function readPullLines(watch: PullWatch): (bytes: Buffer) => void {
  const splitter = createLineSplitter(MAX_LINE);
  return (bytes) => {
    for (const line of splitter.push(bytes)) {
      const value = parse(line);
      if (value !== undefined) {
        watch.line(value);
      }
    }
  };
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
