// Answers that the engine's socket gives in the engine's place, in the engine's own form.
import { STATUS_CODES } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { BerthError } from '../../preload/contract';
import { flushed, type ByteStream } from '../lib/byte-source';

const statuses: Partial<Record<BerthError['code'], number>> = {
  'engine.badMessage': 400,
  'engine.messageTooLarge': 413,
  'engine.portTaken': 500,
  'ports.noSuchAddress': 500,
  'ports.notAllowed': 500,
  'shares.notFound': 400,
  'shares.notMounted': 400,
  'shares.notShared': 400,
  'shares.own': 400,
  'shares.reserved': 400,
  'shares.socket': 400,
  'shares.windowsPath': 400,
};

export function statusOf(error: BerthError): number {
  return statuses[error.code] ?? 503;
}

export function errorReply(status: number, message: string, method: string): Buffer {
  const body = `${JSON.stringify({ message })}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ].join('\r\n');
  return Buffer.from(`${head}\r\n\r\n${method === 'HEAD' ? '' : body}`);
}

/** How long a client may go on sending what nobody reads, once its answer has left: an earlier close could take the answer away from it. */
const LINGER_MS = 2000;

export async function closeGently({ stream, source }: ByteStream): Promise<void> {
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  stream.end();
  void flushed(stream)
    .then(() => setTimeout(LINGER_MS, undefined, { signal: gone.signal, ref: false }))
    .then(
      () => stream.destroy(),
      () => undefined,
    );
  try {
    while ((await source.next()) !== undefined) {
      // Thrown away.
    }
    await flushed(stream);
  } catch {
    // Gone by itself.
  } finally {
    stream.destroy();
  }
}
