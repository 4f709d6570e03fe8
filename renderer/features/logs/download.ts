// A container's whole log into a file, as bytes, never through the view: to a file the user picks where the browser can, else as a download.
import type { Client } from '../../../preload/contract';

interface FilePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<{ createWritable(): Promise<WritableStream<Uint8Array>> }>;
}

interface DownloadOptions {
  readonly client: Client;
  readonly id: string;
  readonly fileName: string;
  readonly timestamps: boolean;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Parts are handed to the browser's own store as they come; it may keep them on disk. */
const partBytes = 8_000_000;

export async function downloadLog(options: DownloadOptions): Promise<void> {
  const { client, id, timestamps, signal } = options;
  const target = await pick(options.fileName);
  if (target === 'cancelled') {
    return;
  }
  const bytes = counted(client.stream('containers.logBytes', { id, timestamps }, { signal }), options.onBytes);
  if (target !== undefined) {
    const writer = target.getWriter();
    try {
      for await (const chunk of bytes) {
        await writer.write(chunk);
      }
      await writer.close();
    } catch (error) {
      await writer.abort(error).catch(() => undefined);
      throw error;
    }
    return;
  }
  let blob = new Blob([]);
  let parts: BlobPart[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    parts.push(chunk as Uint8Array<ArrayBuffer>);
    size += chunk.byteLength;
    if (size > partBytes) {
      blob = new Blob([blob, ...parts]);
      parts = [];
      size = 0;
    }
  }
  save(new Blob([blob, ...parts], { type: 'text/plain' }), options.fileName);
}

async function pick(suggestedName: string): Promise<WritableStream<Uint8Array> | 'cancelled' | undefined> {
  const { showSaveFilePicker } = window as FilePicker;
  if (showSaveFilePicker === undefined) {
    return undefined;
  }
  try {
    const file = await showSaveFilePicker({ suggestedName });
    return await file.createWritable();
  } catch (error) {
    // Refused by the shell's permissions: the plain download still works.
    return error instanceof DOMException && error.name === 'AbortError' ? 'cancelled' : undefined;
  }
}

async function* counted(bytes: AsyncIterable<Uint8Array>, onBytes: (total: number) => void): AsyncIterable<Uint8Array> {
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.byteLength;
    onBytes(total);
    yield chunk;
  }
}

function save(blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The download has begun by then, and the browser holds the bytes itself.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
}
