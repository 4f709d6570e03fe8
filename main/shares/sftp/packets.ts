// Whole SFTP packets off a stream: each with its length in front, none longer than the limit. What is no SFTP ends the stream.
import type { Readable } from 'node:stream';

export async function* packets(stream: Readable, limit: number): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let length = 0;
  let wanted = 4;
  let head = true;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    while (length >= wanted) {
      const joined = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      const bytes = joined.subarray(0, wanted);
      chunks = wanted < length ? [joined.subarray(wanted)] : [];
      length -= wanted;
      if (head) {
        wanted = bytes.readUInt32BE();
        if (wanted < 5 || wanted > limit) {
          throw new Error(`a packet of ${wanted} bytes`);
        }
      } else {
        yield bytes;
        wanted = 4;
      }
      head = !head;
    }
  }
}
