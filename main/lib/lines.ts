// Bytes to lines, whatever the chunks; a line without end is cut at a limit, so that hostile input cannot fill the memory.
import { StringDecoder } from 'node:string_decoder';

export interface LineSplitter {
  push(chunk: Buffer): string[];
}

export function createLineSplitter(limit = 1024 * 1024): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  return {
    push(chunk) {
      pending += decoder.write(chunk);
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      while (pending.length > limit) {
        lines.push(pending.slice(0, limit));
        pending = pending.slice(limit);
      }
      return lines;
    },
  };
}
